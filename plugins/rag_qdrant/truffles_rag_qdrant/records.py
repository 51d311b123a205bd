"""The tenant's knowledge without what the plugin remembers beside the facts; that is asked for by name.

A record is a chunk that says nothing and is never found. So it is stored where the facts are, and every process sees it
as soon as it sees them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from truffles_gateway.plugin import Chunk, Knowledge

ORIGIN = "record"
_PREFIX = "record:"
Records = Mapping[str, Mapping[str, str]]


class Shelf:
    """A `Knowledge` of facts alone, with its records beside them."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    async def version(self) -> int:
        """Grows with every change, of records too."""
        return await self._knowledge.version()

    async def chunks(self) -> list[Chunk]:
        """The facts, ordered by id."""
        return (await self.read())[0]

    async def read(self) -> tuple[list[Chunk], Records]:
        """The facts, and the records by name."""
        stored = await self._knowledge.chunks()
        records = {each.id.removeprefix(_PREFIX): each.metadata for each in stored if _is_record(each)}
        return [each for each in stored if not _is_record(each)], records

    async def apply(self, *, put: Sequence[Chunk] = (), delete: Sequence[str] = ()) -> int:
        """Put and delete facts in one transaction."""
        return await self._knowledge.apply(put=put, delete=delete)

    async def revise(self, pairs: Sequence[tuple[Chunk, Chunk]]) -> int:
        """New vectors for facts that are still as they were read."""
        return await self._knowledge.revise(pairs)

    async def keep(self, name: str, **fields: str) -> None:
        """Remember something under `name`."""
        metadata = {**fields, "origin": ORIGIN}
        await self._knowledge.apply(put=[Chunk(id=f"{_PREFIX}{name}", source=ORIGIN, text="", metadata=metadata)])


def _is_record(chunk: Chunk) -> bool:
    return chunk.metadata.get("origin") == ORIGIN and chunk.id.startswith(_PREFIX)
