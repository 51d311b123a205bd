"""Index, embedder and store together: fill them from chunks, and find passages for a message."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

import httpx
import numpy as np

from truffles_gateway.messages import Passage
from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant import following
from truffles_rag_qdrant.asking import NOTHING, Asking, fitted
from truffles_rag_qdrant.confidence import SUREST, Calibration, calibration
from truffles_rag_qdrant.embed import Embedder, Remembered, Vectors
from truffles_rag_qdrant.facts import digest_of, point_id, with_vector
from truffles_rag_qdrant.index import Asked, Entry, Index
from truffles_rag_qdrant.judge import GOOD, Judge, Plan, embeddable, passage_of, plan
from truffles_rag_qdrant.learned import ORIGIN
from truffles_rag_qdrant.rows import is_made_by, made, nothing
from truffles_rag_qdrant.search import Found, Question
from truffles_rag_qdrant.settings import RagSettings
from truffles_rag_qdrant.worker import shared_worker

if TYPE_CHECKING:
    from truffles_rag_qdrant.stores import EmbeddedStore, ServerStore

CANDIDATES = 10
TOLD, BOTH_WAYS = 3, 2
TOLD_AGAIN = 0.15
"""How sure it is that words go on about a fact that was told shortly before them, where nothing else tells: too little to be told unread,
or to ask for a branch."""
_BATCH = 16


class Engine(ABC):
    """What the embedded and the server way share. `loaded` says that an index exists, be it an old one, `shared` that
    other processes search in the same store, `calibration` how sure its passages are.

    What has no vector of the embedder's model, and every question that cannot be embedded, is searched for by words alone.
    """

    shared: ClassVar[bool] = False

    def __init__(self, tenant: str, embedder: Embedder, settings: RagSettings) -> None:
        self._tenant = tenant
        self.embedder = embedder
        self._worker = shared_worker()
        self._per_part = settings.per_part
        self._remembered = settings.remembered
        self._queries = Remembered(settings.remembered)
        self._model = embedder.model
        self._calibration: Calibration | None = None
        self._index: Index | None = None
        self._ours: dict[str, tuple[Chunk, Chunk]] = {}
        self._taking = asyncio.Lock()

    @property
    def loaded(self) -> bool:
        """Can it answer at all?"""
        return self._index is not None

    @property
    def knows(self) -> bool:
        """Is there anything that it could answer with?"""
        return self._index is not None and bool(self._index.entries)

    async def load(self, chunks: Sequence[Chunk]) -> int:
        """Take over the tenant's chunks; returns how many have no vector of the embedder's model and are found by their
        words alone. Where something was known before, `learn` follows: what was just told is found at once, in which other words it is
        asked for is learnt after that, for seconds."""
        model = self.embedder.model
        ready, wordy = await self._with_vectors(chunks, model, self.embedder.size)
        asking = self._index.asking if self.knows and self._index else await self._asking(ready)
        await self._take_over(ready, asking, model)
        return wordy

    async def learn(self) -> None:
        """Learn in which words the chunks are asked for, which were taken over; others may be taken over meanwhile."""
        while (index := self._index) is not None:
            asking = await self._asking(self.chunks())
            if self._index is not index:
                continue
            if asking is index.asking:
                return
            async with self._taking:
                await self._take(self.chunks(), asking, self._model)

    async def _take_over(self, chunks: Sequence[Chunk], asking: Asking, model: str) -> None:
        async with self._taking:
            await self._take(chunks, asking, model)

    async def _take(self, chunks: Sequence[Chunk], asking: Asking, model: str) -> None:
        index = await asyncio.to_thread(_whole, self._tenant, chunks, self._index, asking)
        await self._fill(index, self._index)
        if self._model != model:  # only now: vectors of another model fit none of those that were searched so far
            self._model, self._queries = model, Remembered(self._remembered)
        self._index = index

    async def _asking(self, chunks: Sequence[Chunk]) -> Asking:
        """The classifier of these chunks. Like an index, not made on the worker's thread: customers are answered meanwhile."""
        old = self._index.asking if self._index else NOTHING
        return await asyncio.to_thread(fitted, chunks, self.embedder.size, old)

    @property
    def worded(self) -> bool:
        """Is anything asked for in words besides its names?"""
        return self._index is not None and self._index.worded

    @property
    def is_known_kind(self) -> bool:
        """Is it of the kind that the trees were grown on: asked for in many words, with vectors of a model that was measured?"""
        return self.worded and not self.calibration.cautious

    @property
    def calibration(self) -> Calibration:
        """How sure its passages are; what ships for the embedder's model, unless something else was set."""
        return self._calibration or calibration(self.embedder.model, worded=self.worded)

    @calibration.setter
    def calibration(self, measured: Calibration) -> None:
        self._calibration = measured

    def chunks(self) -> list[Chunk]:
        """What it has loaded."""
        return [entry.chunk for entry in self._index.entries.values()] if self._index else []

    async def find(self, text: str, tag: str, most: int = 0) -> list[Passage]:
        """Passages for every question in `text`, `most` a question."""
        index = self._index
        if index is None or not index.entries:
            return []
        return await self._find(text, tag, index, most=most)

    async def after(self, told: Sequence[str], before: str, text: str, tag: str) -> list[Passage]:
        """What answers a few words that come after these facts were told, the surest first; `before` is what was asked for them, "" if
        nothing was."""
        entries, rows = await self.after_rows(told, before, text, tag)
        most = SUREST if self.calibration.cautious else 1.0
        sure = [(min(share, most), entry) for share, entry in zip(following.shares(rows), entries, strict=True)]
        ranked = sorted(sure, key=lambda each: -each[0])
        return [passage_of(text, round(share, 4), entry) for share, entry in ranked]

    async def after_rows(
        self, told: Sequence[str], before: str, text: str, tag: str
    ) -> tuple[list[Entry], list[list[float]]]:  # fmt: skip
        """The facts that may answer such words, and how they fit; for who grows the trees that weigh it, too."""
        index = self._index
        alone = await self._as_asked(index, text, tag) if index else None
        both = await self._as_asked(index, f"{before} {text}", tag) if index and before else alone
        if index is None or alone is None or both is None or both[0].part.lacks_thing:
            return [], []  # the price of what, asked twice, is not the price of anything
        there, asked = index.at(tag), (alone, both)
        found = await self._search([Question(vector, there.sparse(each.part), tag) for each, vector in asked])
        return await self._worker.run(self._held_against, there, told, asked, found)

    def _held_against(
        self, there: Index, told: Sequence[str], asked: Sequence[tuple[Asked, Vectors]], found: Sequence[Sequence[Found]]
    ) -> tuple[list[Entry], list[list[float]]]:  # fmt: skip
        spoken = [there.entries[id] for id in told[:TOLD] if id in there.entries]
        near = [there.points[one.point] for each in found for one in each if one.point in there.points]
        nearest = [there.entries[id] for each, _ in asked for id in each.nearest]
        entries = list({each.chunk.id: each for each in (*near, *nearest, *spoken)}.values())
        judge = Judge(there, self.calibration, self._per_part)
        alone, both = (judge.read(each, entries, vector) for each, vector in asked)
        return entries, following.rows(alone, both, spoken, entries, there)

    def still_told(self, told: Sequence[str], query: str, tag: str) -> list[Passage]:
        """Facts that were told before `query`, not sure enough to be told again unread: for a model, which reads them."""
        there = self._index.at(tag).entries if self._index else {}
        return [passage_of(query, TOLD_AGAIN, there[id]) for id in told if id in there][:TOLD]

    async def _as_asked(self, index: Index, text: str, tag: str) -> tuple[Asked, Vectors] | None:
        """Words as one question at a branch, and their vector; None if they say nothing."""
        there, planned = await self._worker.run(_planned, text, index, tag, True)
        if not planned.parts:
            return None
        [part] = planned.parts
        [vector] = await self._vectors([embeddable(part, knows_kazakh=self.embedder.knows_kazakh)], index)
        return await self._worker.run(there.asked, part, vector), vector

    async def nearer(self, told: Sequence[str], tag: str, found: Sequence[Passage]) -> list[Passage]:
        """What was found for a few words without what is about something else than what was told before them, where both may be
        meant ("а старые снять?" after eyelashes is about no nails)."""
        if self._index is None or not told or len(found) < BOTH_WAYS:
            return list(found)
        return await self._worker.run(_nearer, self._index.at(tag), told, found)

    async def with_one_more(self, chunk: Chunk) -> Index:
        """The index as it would be with `chunk` in it."""
        chunks = [*(each for each in self.chunks() if each.id != chunk.id), chunk]
        return await asyncio.to_thread(_whole, self._tenant, chunks, self._index, await self._asking(chunks))

    async def find_in(self, index: Index, text: str, chunk: Chunk) -> list[Passage]:
        """Passages as `find` would give them if the store held `chunk`, too: to each question's candidates it is added."""
        return await self._find(text, chunk.tag, index, more=(Found(point_id(self._tenant, chunk.id), 0.0),))

    async def embed_questions(self, texts: Sequence[str], index: Index, tag: str) -> None:
        """Embed what these messages ask at a branch, many at a time: they are searched for one by one afterwards."""
        for at in range(0, len(texts), _BATCH):
            planned = await self._worker.run(_plans, texts[at : at + _BATCH], index, tag)
            await self._vectors([text for each in planned for text in self._texts(each)], index)

    async def candidates(self, text: str, tag: str = "") -> list[tuple[Chunk, list[float]]]:
        """Every candidate for a message that is one question, with its features; for calibration."""
        if self._index is None:
            return []
        index, planned = await self._worker.run(_planned, text, self._index, tag)
        if len(planned.parts) != 1:
            return []
        [part] = planned.parts
        [vector] = await self._vectors([embeddable(part, knows_kazakh=self.embedder.knows_kazakh)], index)
        [found] = await self._search([Question(vector, index.sparse(part), tag)])
        asked = index.asked(part, vector)
        entries = [index.points[one.point] for one in found if one.point in index.points]
        entries += [index.entries[id] for id in asked.nearest if index.entries[id] not in entries]
        return [(entry.chunk, index.features(asked, entry, vector)) for entry in entries]

    async def embed_asked(self, texts: Sequence[str]) -> Vectors:
        """Vectors for what people write, wherever they come from: no trace of it is left on the disk."""
        if self.embedder.blocking:
            return await self._worker.run(self.embedder.embed_now, texts)
        return await self.embedder.embed(texts)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors for what a business tells and is asked by, wherever they come from: on the same machine only once."""
        if self.embedder.blocking:
            return await self._worker.run(self.embedder.embed_once, texts)
        return await self.embedder.embed(texts)

    async def check(self) -> str:
        """ "" when thread and store answer."""
        return self._worker.check() or await self._check_store()

    async def learned(self) -> dict[str, str] | None:
        """Id → digest of the learned answers that a store of its own has, None where memory is filled from the chunks."""
        return None

    @abstractmethod
    async def _check_store(self) -> str:
        """ "" when the store answers."""

    @abstractmethod
    async def close(self) -> None:
        """Let go."""

    @abstractmethod
    async def _fill(self, index: Index, old: Index | None) -> None:
        """Bring the store to what `index` holds."""

    @abstractmethod
    async def _search(self, questions: Sequence[Question]) -> list[list[Found]]: ...

    async def _find(
        self, text: str, tag: str, index: Index, *, more: Sequence[Found] = (), most: int = 0, whole: bool = False
    ) -> list[Passage]:  # fmt: skip
        index, planned = await self._worker.run(_planned, text, index, tag, whole)
        questions = _questions(planned, index, await self._vectors(self._texts(planned), index), tag)
        found = _beside(more, await self._search(questions))
        return await self._worker.run(self._judged, planned, index, questions, found, most)

    async def _vectors(self, texts: Sequence[str], index: Index) -> list[Vectors]:
        """One vector a question, of the length that the index has: nothing but zeros where it cannot be had."""
        known, missing = self._known(texts, index)
        if missing:
            with suppress(httpx.HTTPError, ValueError):  # `check()` says so; the words alone find most of it
                known |= self._fitting(missing, await self.embed_asked(missing), index)
        return _rows(texts, known, index)

    def _known(self, texts: Sequence[str], index: Index) -> tuple[dict[str, Vectors], list[str]]:
        """The vectors that are remembered, and the texts that must be embedded."""
        known = {text: row for text, row in self._queries.known(texts).items() if len(row) == index.size}
        missing = [text for text in dict.fromkeys(texts) if text not in known] if index.has_vectors else []
        return known, missing

    def _fitting(self, texts: Sequence[str], rows: Vectors, index: Index) -> dict[str, Vectors]:
        """The vectors, unless they are another model's than those of the index."""
        if rows.shape[1] != index.size or self._model != self.embedder.model:
            return {}
        self._queries.put(texts, rows)
        return dict(zip(texts, rows, strict=True))

    def _texts(self, planned: Plan) -> list[str]:
        return [embeddable(part, knows_kazakh=self.embedder.knows_kazakh) for part in planned.readings]

    def _judged(
        self, planned: Plan, index: Index, questions: Sequence[Question], found: Sequence[Sequence[Found]], most: int
    ) -> list[Passage]:
        judge = Judge(index, self.calibration, most or self._per_part)
        return judge.passages(planned, list(zip(questions, found, strict=True)))

    async def _with_vectors(self, chunks: Sequence[Chunk], model: str, size: int) -> tuple[list[Chunk], int]:
        """Chunks as they are where our model made the vector. A few others are embedded here, once, in memory; many are
        left without, and counted."""
        foreign = [chunk for chunk in chunks if not is_made_by(chunk, model, size)]
        known = {chunk.id: self._ours[chunk.id] for chunk in foreign if chunk.id in self._ours}
        self._ours = {
            key: pair for key, pair in known.items() if pair[0] in foreign and is_made_by(pair[1], model, size)
        }
        await self._embed_foreign([chunk for chunk in foreign if chunk.id not in self._ours], model, size)
        ready = {key: pair[1] for key, pair in self._ours.items()}
        without = {chunk.id: _without_vector(chunk, size) for chunk in foreign if chunk.id not in ready}
        return [ready.get(chunk.id) or without.get(chunk.id) or chunk for chunk in chunks], len(without)

    async def _embed_foreign(self, chunks: Sequence[Chunk], model: str, size: int) -> None:
        if not 0 < len(chunks) <= _BATCH:
            return
        try:
            vectors = await made(chunks, self.embed_asked)
        except (httpx.HTTPError, ValueError):
            return
        ours = {chunk.id: with_vector(chunk, vector, model) for chunk, vector in zip(chunks, vectors, strict=True)}
        if model == self.embedder.model and all(is_made_by(each, model, size) for each in ours.values()):
            self._ours |= {chunk.id: (chunk, ours[chunk.id]) for chunk in chunks}


def _whole(tenant: str, chunks: Sequence[Chunk], old: Index | None, asking: Asking) -> Index:
    """The index of these chunks, those of their branches included: no customer waits for one."""
    index = Index(tenant, chunks, old, asking)
    for tag in {"", *(chunk.tag for chunk in chunks)}:
        index.at(tag)
    return index


def _without_vector(chunk: Chunk, size: int) -> Chunk:
    return with_vector(chunk, nothing(chunk, size), "")


def _rows(texts: Sequence[str], known: Mapping[str, Vectors], index: Index) -> list[Vectors]:
    none = np.zeros(index.size, np.float32)
    return [known.get(text, none) for text in texts]


def _beside(more: Sequence[Found], found: Sequence[Sequence[Found]]) -> list[list[Found]]:
    """What the store found and `more`, each point once."""
    return [[*each, *(one for one in more if all(one.point != known.point for known in each))] for each in found]


def _planned(text: str, index: Index, tag: str, whole: bool = False) -> tuple[Index, Plan]:
    """What is told at a branch, and the message read against it; as one question, if it is a `whole`."""
    there = index.at(tag)
    return there, plan(text, there, whole=whole)


def _nearer(index: Index, told: Sequence[str], found: Sequence[Passage]) -> list[Passage]:
    spoken = [index.entries[id] for id in told if id in index.entries]
    good = [each for each in found if each.confidence >= GOOD and each.id in index.entries]
    kin = {(each.query, each.id) for each in good if any(index.is_kin(index.entries[each.id], one) for one in spoken)}
    asked = {query for query, _ in kin}
    far = {(each.query, each.id) for each in good if each.query in asked} - kin
    return [each for each in found if (each.query, each.id) not in far]


def _plans(texts: Sequence[str], index: Index, tag: str) -> list[Plan]:
    return [_planned(text, index, tag)[1] for text in texts]


def _questions(planned: Plan, index: Index, vectors: Sequence[Vectors], tag: str) -> list[Question]:
    return [Question(np.asarray(vector), index.sparse(part), tag)
            for part, vector in zip(planned.readings, vectors, strict=True)]  # fmt: skip


class EmbeddedEngine(Engine):
    """Everything in this process. With the local model a message takes one hop to the worker thread and back."""

    def __init__(self, tenant: str, embedder: Embedder, settings: RagSettings) -> None:
        super().__init__(tenant, embedder, settings)
        self._store: EmbeddedStore | None = None

    async def _check_store(self) -> str:
        """Memory always answers."""
        return ""

    async def close(self) -> None:
        """Give the memory back."""
        store, self._store, self._index = self._store, None, None
        if store:
            await self._worker.run(store.close)

    async def _fill(self, index: Index, old: Index | None) -> None:
        await self._worker.run(self._fill_now, index, old)

    def _fill_now(self, index: Index, old: Index | None) -> None:
        before = old.entries if old else {}
        if self._store is None or (index.size and self._store.size != index.size):
            from truffles_rag_qdrant.stores import EmbeddedStore

            self._store, before = EmbeddedStore(self._tenant, index.size or self.embedder.size), {}
        self._store.fill(index.entries, before)

    async def _search(self, questions: Sequence[Question]) -> list[list[Found]]:
        return await self._worker.run(self._search_now, questions)

    def _search_now(self, questions: Sequence[Question]) -> list[list[Found]]:
        return self._store.search(questions, CANDIDATES) if self._store and questions else [[] for _ in questions]

    async def _find(
        self, text: str, tag: str, index: Index, *, more: Sequence[Found] = (), most: int = 0, whole: bool = False
    ) -> list[Passage]:  # fmt: skip
        if self.embedder.blocking:
            return await self._worker.run(self._find_now, text, tag, index, more, most, whole)
        return await super()._find(text, tag, index, more=more, most=most, whole=whole)

    def _find_now(
        self, text: str, tag: str, index: Index, more: Sequence[Found], most: int, whole: bool
    ) -> list[Passage]:  # fmt: skip
        index, planned = _planned(text, index, tag, whole)
        texts = self._texts(planned)
        known, missing = self._known(texts, index)
        if missing:
            known |= self._fitting(missing, self.embedder.embed_now(missing), index)
        questions = _questions(planned, index, _rows(texts, known, index), tag)
        found = _beside(more, self._search_now(questions))
        return self._judged(planned, index, questions, found, most)


class ServerEngine(Engine):
    """Qdrant on a server. PostgreSQL stays the home: what the server lacks or has too much is put right at a load."""

    shared = True

    def __init__(self, tenant: str, store: ServerStore, embedder: Embedder, settings: RagSettings) -> None:
        super().__init__(tenant, embedder, settings)
        self._store, self._url = store, settings.qdrant_url
        self._alone = False

    async def _check_store(self) -> str:
        """Can the collection be reached?"""
        try:
            await self._store.prepare()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported as what is wrong
            said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            return f"Qdrant: {self._url}: {said}. Start it, or correct qdrant_url and qdrant_api_key"
        return ""

    async def close(self) -> None:
        """Close the connections."""
        await self._store.close()

    async def learned(self) -> dict[str, str] | None:
        """As the server has them by now."""
        return await self._store.digests(ORIGIN)

    async def _fill(self, index: Index, old: Index | None) -> None:
        store = self._store if self._store.size == index.size or not index.size else self._store.resized(index.size)
        await store.prepare()
        stored = await store.digests()
        wanted = {key: digest_of(entry.chunk) for key, entry in index.entries.items()}
        await store.put([index.entries[key] for key, digest in wanted.items() if stored.get(key) != digest])
        await store.delete([key for key in stored if key not in wanted])
        self._store = store
        if not self._alone and all(entry.vector.any() for entry in index.entries.values()):
            await store.leave_others()
            self._alone = True

    async def _search(self, questions: Sequence[Question]) -> list[list[Found]]:
        return await self._store.search(questions, CANDIDATES) if questions else []
