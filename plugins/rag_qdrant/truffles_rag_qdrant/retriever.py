"""One tenant's retriever: the hook, the knowledge writer, and what keeps them up to date."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from truffles_gateway.messages import Author, Inbound, Passage, Turn, told_last
from truffles_gateway.plugin import (
    Calibrated,
    Chunk,
    Entry,
    Foreseen,
    Labelled,
    Progress,
    Resources,
    SyncReport,
    hookimpl,
)
from truffles_rag_qdrant.confidence import kept, name_of
from truffles_rag_qdrant.embed import Embedder, HttpEmbedder, LocalEmbedder
from truffles_rag_qdrant.engine import TOLD_AGAIN, EmbeddedEngine, Engine, ServerEngine
from truffles_rag_qdrant.facts import digest_of, is_lesson
from truffles_rag_qdrant.following import LEAST, SURELY, shipped
from truffles_rag_qdrant.judge import GOOD, falling
from truffles_rag_qdrant.learned import held, is_known, is_learned, learned_chunk
from truffles_rag_qdrant.preview import preview
from truffles_rag_qdrant.records import Shelf
from truffles_rag_qdrant.reembedding import Reembedding
from truffles_rag_qdrant.rows import is_made_by, made
from truffles_rag_qdrant.settings import RagSettings
from truffles_rag_qdrant.sync import sync, with_vectors
from truffles_rag_qdrant.tuning import calibrated

_IDENTIFY, _PATIENCE = 15.0, 2.0
FEW, FEWER, MOST_LEFT, LINES, WITHIN = 14, 5, 2, 6, timedelta(minutes=30)
ALIKE, SURE_ALONE, MOST_BESIDE = 0.8, 0.85, 5
_ENDS = re.compile(r"[?!.;,\n]+")
_UNCALIBRATED = "{0} is not calibrated: all it finds is flagged for review. Run: truffles eval calibrate {1}"


class RagQdrant:
    """One tenant's retriever. PostgreSQL is the home of chunks and vectors; Qdrant is filled from it."""

    def __init__(self, settings: RagSettings, resources: Resources) -> None:
        self._resources = resources
        self._shelf = Shelf(resources.knowledge)
        self._embedder = _embedder(settings, resources)
        self._engine = _engine(settings, resources, self._embedder)
        self._reembedding = Reembedding(resources, self._shelf, self._embedder, self._engine.embed_asked)
        self._model = ""
        self._not_asked_before = 0.0
        self._identifying: asyncio.Task[None] | None = None
        self._version: int | None = None
        self._reload: asyncio.Task[None] | None = None
        self._learning: asyncio.Task[None] | None = None

    @hookimpl
    async def retrieve(self, turn: Turn, message: Inbound) -> list[Passage]:
        """The best passages for each question in the message, with calibrated confidence."""
        if not message.text.strip():
            return []
        await self._fresh()
        try:
            return await self._found(turn, message.text)
        except Exception:
            self._version = None  # a server that lost its collection is filled again by the next message
            raise

    async def _found(self, turn: Turn, text: str) -> list[Passage]:
        """What fits the message, and what was told shortly before it."""
        found = await self._fitting(turn, text)
        return [*found, *self._still_told(turn, text, found)]

    def _still_told(self, turn: Turn, text: str, found: Sequence[Passage]) -> list[Passage]:
        """Facts of the last replies that were hardly found again, beside that part of the message of which least is known."""
        best: dict[str, float] = {}
        for each in found:
            best[each.query] = max(each.confidence, best.get(each.query, 0.0))
        open_ = min(best, key=lambda query: best[query], default=text.strip())
        known = {each.id for each in found if each.confidence >= TOLD_AGAIN}
        return self._engine.still_told([id for id in told_lately(turn) if id not in known], open_, turn.knowledge_tag)

    async def _fitting(self, turn: Turn, text: str) -> list[Passage]:
        """What fits the message; a few words that come after a reply, as they go on from it or begin anew."""
        found = await self._engine.find(text, turn.knowledge_tag)
        told, before, words = told_last(turn.history, turn.now, WITHIN), spoken_before(turn), _plain(text)
        few, short = len(text.split()) <= FEW, len(text.split()) <= FEWER
        alone = max((each.confidence for each in found), default=0.0)
        weighs = self._engine.is_known_kind or alone < GOOD
        if told and few and weighs and len({each.query for each in found}) <= 1:
            after = await self._engine.after(told, before, words, turn.knowledge_tag)
            found = weighed(found, after, text.strip())
            return await self._engine.nearer(told, turn.knowledge_tag, found) if short else found
        if alone >= GOOD:
            near = await self._engine.nearer(told, turn.knowledge_tag, found) if short else found
            return [*near, *await self._beside(near, told, turn.knowledge_tag)]
        more = await self._engine.after((), before, words, turn.knowledge_tag) if few and before else []
        return weighed(found, more, text.strip()) if more and more[0].confidence >= LEAST else found

    async def _beside(self, found: Sequence[Passage], before: Sequence[str], tag: str) -> list[Passage]:
        """What answers a part of the message that nothing fits as it goes on from another one ("zirconia. and how many days does
        it take?"), or from what was told `before`."""
        parts: dict[str, list[Passage]] = {}
        for each in found:
            parts.setdefault(each.query, []).append(each)
        sure = [each[0] for each in parts.values() if each[0].confidence >= SURELY]
        told, said = [each.id for each in sure] + list(before), sure[0].query if sure else ""
        left = [text for text, each in parts.items() if each[0].confidence < GOOD and len(text.split()) <= FEW]
        more: list[Passage] = []
        for text in left[:MOST_LEFT] if told else ():
            after = await self._engine.after(told, _plain(said), _plain(text), tag)
            more += [replace(each, query=text) for each in after[:1] if each.confidence >= LEAST]
        return more

    async def sync(self, folder: Path, progress: Progress, *, shrink: bool = False) -> SyncReport:
        """Carry a folder of files into the knowledge, and on into Qdrant."""
        report = await sync(
            folder, tenant=self._resources.tenant, knowledge=self._shelf,
            model=self._embedder.model, embed=self._engine.embed_asked, progress=progress,
            shrink=shrink,
        )  # fmt: skip
        if self._engine.shared:  # memory is brought up to date by whoever searches it
            await self._fresh(old_will_do=False)
        return report

    async def learn(self, entry: Entry) -> None:
        """Put one entry into the knowledge, and on into Qdrant; what is there already is not written again."""
        await self.write([entry], [])

    async def forget(self, id: str) -> None:
        """Take an entry out of the knowledge, and out of Qdrant; a file's chunk is left alone."""
        await self.write([], [id])

    async def write(self, learn: Sequence[Entry], forget: Sequence[str]) -> None:
        """Many entries at once: one look at what is there, one change, one load; embedded in small batches."""
        knowledge, model = self._shelf, self._embedder.model
        stored = {chunk.id: chunk for chunk in await knowledge.chunks()}
        chunks = [learned_chunk(entry, self._resources.tenant, model) for entry in learn]
        fresh = [chunk for chunk in chunks if not is_known(chunk, stored.get(chunk.id))]
        put: list[Chunk] = []
        for by_people, embed in ((False, self._engine.embed), (True, self._engine.embed_asked)):
            some = [replace(chunk, digest=digest_of(chunk)) for chunk in fresh if is_lesson(chunk) is by_people]
            put += await with_vectors(some, model, embed)
        gone = [id for id in forget if is_learned(stored.get(id))]
        if put or gone:
            await knowledge.apply(put=put, delete=gone)
        await self._fresh(old_will_do=False)

    async def held(self) -> Mapping[str, str]:
        """The learned answers in the knowledge, and whether Qdrant has them too."""
        found = held(await self._shelf.chunks(), await self._engine.learned())
        if "" in found.values():
            self._version = None  # whatever is written next brings the whole server up to date
        return found

    async def preview(self, entry: Entry, questions: Sequence[str], *, least: float) -> Foreseen:
        """Which questions the entry would answer, and what is found for its own question now. Nothing is stored."""
        await self._fresh(old_will_do=False)
        chunk = learned_chunk(entry, self._resources.tenant, self._embedder.model)
        [row] = await made([chunk], self._engine.embed_asked)
        return await preview(self._engine, replace(chunk, vector=row), questions, least)

    async def check(self) -> str:
        """ "" when model and Qdrant answer."""
        return await self._embedder.check() or await self._engine.check()

    async def advice(self) -> list[str]:
        """That the embedding model was never calibrated, or that chunks still wait for its vectors."""
        await self._embedder.identify()
        chunks, records = await self._shelf.read()
        model, size = self._embedder.model, self._embedder.size
        waiting = sum(not is_made_by(chunk, model, size) for chunk in chunks)
        lines = (
            [f"{waiting} of {len(chunks)} chunks wait for a vector of {model}: found by words alone"] if waiting else []
        )
        return [
            *lines,
            *(
                [_UNCALIBRATED.format(model, self._resources.tenant)]
                if kept(model, records, worded=self._engine.worded).cautious
                else []
            ),
        ]

    async def calibrate(
        self, questions: Sequence[Labelled], progress: Progress, *, own: bool, keep: bool
    ) -> Calibrated:  # fmt: skip
        """Measure how sure the passages are against what is right, and fit that to it, for this model."""
        await self._embedder.identify()
        await self._fresh(old_will_do=False)
        new, result = await calibrated(self._engine, self._embedder.model, questions, progress, own=own)
        if keep and result.loss[1] < result.loss[0]:
            await self._shelf.keep(name_of(result.model, worded=self._engine.worded), **new.told())
            return replace(result, kept=True)
        return result

    async def warm_up(self) -> None:
        """Load the model and the tenant's facts: seconds on a small machine, more than a turn may wait."""
        await self._fresh()
        await self._engine.embed_asked([self._resources.tenant])
        await asyncio.to_thread(shipped)

    async def close(self) -> None:
        """Let go of memory and connections."""
        tasks = [task for task in (self._reload, self._learning, self._identifying) if task and not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._reembedding.close()
        await self._engine.close()

    async def _fresh(self, *, old_will_do: bool = True) -> None:
        """See what other processes wrote. A load that outlives the caller's time limit goes on for the next one. Customers
        are answered from what was known before, where it fails or takes long (thousands of wordings are learnt in seconds);
        whoever wrote must know that it is not there yet."""
        await self._look_who_it_is()
        version = await self._shelf.version()
        if version == self._version:
            return
        if self._reload is None or self._reload.done():
            self._reload = asyncio.create_task(self._load(version))
            self._reload.add_done_callback(self._tell_of_failure)
        answers = self._engine.knows and old_will_do and self._version is not None
        try:
            async with asyncio.timeout(_PATIENCE if answers else None):
                await asyncio.shield(self._reload)
        except Exception:
            if not (self._engine.loaded and old_will_do):
                raise
        if not old_will_do and self._learning:
            await asyncio.shield(self._learning)
        if not old_will_do and (self._version or 0) < version:  # the load had begun before this was written
            await self._fresh(old_will_do=False)

    def _tell_of_failure(self, reload: asyncio.Task[None]) -> None:
        if not reload.cancelled() and (error := reload.exception()):
            self._resources.log.warning("knowledge_reload_failed", error=str(error))

    async def _look_who_it_is(self) -> None:
        """Another model behind the same address makes other vectors: all that is known is loaded anew. Who has something
        to answer from does not wait for the server to say it."""
        now = asyncio.get_running_loop().time()
        if now >= self._not_asked_before:
            self._not_asked_before = now + _IDENTIFY
            self._identifying = asyncio.create_task(self._embedder.identify())
            if not self._engine.loaded:
                await self._identifying
        if self._embedder.model != self._model:
            self._version = None

    async def _load(self, version: int) -> None:
        model = self._embedder.model
        chunks, records = await self._shelf.read()
        wordy = await self._engine.load(chunks)
        self._engine.calibration = kept(model, records, worded=self._engine.worded)
        if wordy:
            self._resources.log.warning("chunks_not_embedded", count=wordy, model=model)
            self._reembedding.start(wanted=model != self._model)
        self._version, self._model = version, model
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._engine.learn())
            self._learning.add_done_callback(self._tell_of_failure)


def told_lately(turn: Turn) -> list[str]:
    """The facts that the last replies rest on, the latest first."""
    lines = [line for line in turn.history[-LINES:] if line.author is Author.BOT and turn.now - line.at <= WITHIN]
    return list(dict.fromkeys(id for line in reversed(lines) for id in line.sources))


def spoken_before(turn: Turn) -> str:
    """The customer's last words before these, without the marks that would end a question."""
    lately = [line.text for line in turn.history if line.author is Author.CUSTOMER and turn.now - line.at <= WITHIN]
    return _plain(lately[-1]) if lately else ""


def _plain(text: str) -> str:
    """A text without the marks that would end a question."""
    return _ENDS.sub(" ", text).strip()


def weighed(found: Sequence[Passage], after: Sequence[Passage], query: str) -> list[Passage]:
    """What answers words `after` a reply, the surest first; with it what the words alone do not tell from it. What they find alone
    ("а ресницы?") so surely answers where nothing else does."""
    alone = found[0].confidence if found else 0.0
    if not after or (after[0].confidence < GOOD and alone >= SURE_ALONE):
        return list(found)
    best, sure = after[0], {each.id: each.confidence for each in after}
    alike = [each for each in found if each.confidence == found[0].confidence >= GOOD]
    alike = [each for each in alike if sure.get(each.id, 0.0) >= ALIKE * best.confidence]
    group = alike if any(each.id == best.id for each in alike) else [best]
    first = [replace(each, confidence=best.confidence, query=query) for each in group]
    others = [each for each in after if each.id not in {one.id for one in first}]
    shown = {each.id for each in (*others[:MOST_BESIDE], *found)}
    return falling(first, [replace(each, query=query) for each in others if each.id in shown])


def _embedder(settings: RagSettings, resources: Resources) -> Embedder:
    if settings.embedder == "local":
        return LocalEmbedder()
    return HttpEmbedder(resources.http, settings.embed_url, size=settings.dimensions, timeout=settings.timeout,
                        batch=settings.embed_batch, model=settings.embed_model)  # fmt: skip


def _engine(settings: RagSettings, resources: Resources, embedder: Embedder) -> Engine:
    if not settings.qdrant_url:
        return EmbeddedEngine(resources.tenant, embedder, settings)
    from qdrant_client import AsyncQdrantClient

    from truffles_rag_qdrant.stores import ServerStore

    key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
    client = AsyncQdrantClient(url=settings.qdrant_url, api_key=key, timeout=max(1, round(settings.timeout)),
                               check_compatibility=False)  # fmt: skip
    store = ServerStore(resources.tenant, embedder.size, client, settings.collection)
    return ServerEngine(resources.tenant, store, embedder, settings)
