"""Chunks that another model made vectors for get new ones: in the background, in batches, once over all processes.

Meanwhile they are found by their words. What is done is stored batch by batch, so whoever goes on after a crash does the
rest. Which model is wanted stands in a record: where the tenant's settings change, some processes have the old one for
moments more, and must not turn back what the others do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from truffles_gateway.plugin import Chunk, Resources
from truffles_rag_qdrant.embed import Embedder
from truffles_rag_qdrant.facts import with_vector
from truffles_rag_qdrant.records import Records, Shelf
from truffles_rag_qdrant.rows import Embed, is_made_by, made

WANTED = "model"
BATCH = 64
_ROUNDS = 16  # each batch is loaded by every process: many chunks go in larger ones
_AT_ONCE = 16
_LEASE = 60.0
_PAUSE = 5.0
_LONGEST_PAUSE = 60.0
_ANY = 1_000_000_000


class Reembedding:
    """One tenant's, in one process."""

    def __init__(self, resources: Resources, shelf: Shelf, embedder: Embedder, embed: Embed) -> None:
        self._counters, self._log = resources.counters, resources.log
        self._shelf, self._embedder, self._embed = shelf, embedder, embed
        self._task: asyncio.Task[None] | None = None
        self._spent, self._leased = 0, ""

    def start(self, *, wanted: bool) -> None:
        """Go on with it, unless that is being done. `wanted` says that this model is the one from now on."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._all(wanted=wanted))

    async def close(self) -> None:
        """Stop; somebody else may go on at once."""
        if self._task and not self._task.done():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _all(self, *, wanted: bool) -> None:
        pause = _PAUSE
        try:
            while True:
                try:
                    wait = await self._some(wanted=wanted)
                    pause = _PAUSE
                except Exception as error:  # noqa: BLE001 - a server that is down is tried again
                    self._log.warning("reembedding_waits", error=str(error) or type(error).__name__, seconds=pause)
                    wait, pause = pause, min(2 * pause, _LONGEST_PAUSE)
                if wait is None:
                    return
                await asyncio.sleep(wait)
        finally:
            await self._release()

    async def _some(self, *, wanted: bool) -> float | None:
        """All that is left; how long to wait before looking again, None where nothing is left to do here."""
        await self._embedder.identify()
        chunks, records = await self._shelf.read()
        model = self._embedder.model
        if wanted and _wanted(records) != model:
            await self._shelf.keep(WANTED, model=model)
        ours = wanted or _wanted(records) == model
        left = [chunk for chunk in chunks if not is_made_by(chunk, model, self._embedder.size)
                and (ours or not chunk.vector)]  # fmt: skip
        if not left:
            return None
        size = max(BATCH, len(left) // _ROUNDS)
        for at in range(0, len(left), size):
            if not await self._lease(model):
                return _PAUSE
            await self._revise(left[at : at + size], model)
            self._log.info("reembedded", model=model, done=min(at + size, len(left)), of=len(left))
        return 0.0

    async def _revise(self, chunks: Sequence[Chunk], model: str) -> None:
        pairs: list[tuple[Chunk, Chunk]] = []
        for at in range(0, len(chunks), _AT_ONCE):
            batch = chunks[at : at + _AT_ONCE]
            rows = await made(batch, self._embed)
            if self._embedder.model != model:
                raise ValueError(f"the embedding server has another model by now: {self._embedder.model}")
            pairs += [(old, with_vector(old, row, model)) for old, row in zip(batch, rows, strict=True)]
        await self._shelf.revise(pairs)

    async def _lease(self, model: str) -> bool:
        """Is it this process that does it? It stays so for as long as it goes on, and some seconds more."""
        limit = _ANY if self._spent else 1
        if not await self._counters.spend(f"reembedding {model}", 1, limit=limit, seconds=_LEASE):
            return False
        self._spent, self._leased = self._spent + 1, model
        return True

    async def _release(self) -> None:
        if self._spent:
            spent, self._spent = self._spent, 0
            await self._counters.spend(f"reembedding {self._leased}", -spent, limit=_ANY, seconds=_LEASE)


def _wanted(records: Records) -> str:
    return records.get(WANTED, {}).get("model", "")
