"""Index, embedder and store together: fill them from chunks, and find passages for a message."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import httpx
import numpy as np

from truffles_gateway.messages import Passage
from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant.confidence import calibration
from truffles_rag_qdrant.embed import Embedder, Remembered, Vectors, packed
from truffles_rag_qdrant.facts import digest_of, embedded_of, point_id
from truffles_rag_qdrant.index import Index
from truffles_rag_qdrant.judge import Judge, Plan, embeddable, plan
from truffles_rag_qdrant.learned import ORIGIN
from truffles_rag_qdrant.search import Found, Question
from truffles_rag_qdrant.settings import RagSettings
from truffles_rag_qdrant.worker import shared_worker

if TYPE_CHECKING:
    from truffles_rag_qdrant.stores import EmbeddedStore, ServerStore

CANDIDATES = 10
_BATCH = 16


class Engine(ABC):
    """What the embedded and the server way share. `loaded` says that an index exists, be it an old one, `shared` that
    other processes search in the same store."""

    shared: ClassVar[bool] = False

    def __init__(self, tenant: str, embedder: Embedder, settings: RagSettings) -> None:
        self._tenant = tenant
        self.embedder = embedder
        self._worker = shared_worker()
        self._per_part = settings.per_part
        self._queries = Remembered(settings.remembered)
        self._index: Index | None = None
        self._ours: dict[str, tuple[Chunk, Chunk]] = {}

    @property
    def loaded(self) -> bool:
        """Can it answer at all?"""
        return self._index is not None

    async def load(self, chunks: Sequence[Chunk]) -> int:
        """Take over the tenant's chunks; returns how many had to be left out because they could not be embedded."""
        ready = await self._with_vectors(chunks)
        index = await self._worker.run(Index, self._tenant, ready, self._index)
        await self._fill(index, self._index)
        self._index = index
        return len(chunks) - len(ready)

    async def find(self, text: str, tag: str) -> list[Passage]:
        """Passages for every question in `text`."""
        index = self._index
        if index is None or not index.entries:
            return []
        return await self._find(text, tag, index)

    async def with_one_more(self, chunk: Chunk) -> Index:
        """The index as it would be with `chunk` in it."""
        others = [each.chunk for each in self._index.entries.values()] if self._index else []
        chunks = [*(each for each in others if each.id != chunk.id), chunk]
        return await self._worker.run(Index, self._tenant, chunks, self._index)

    async def find_in(self, index: Index, text: str, chunk: Chunk) -> list[Passage]:
        """Passages as `find` would give them if the store held `chunk`, too: to each question's candidates it is added."""
        return await self._find(text, chunk.tag, index, (Found(point_id(self._tenant, chunk.id), 0.0),))

    async def embed_questions(self, texts: Sequence[str], index: Index, tag: str) -> None:
        """Embed what these messages ask at a branch, many at a time: they are searched for one by one afterwards."""
        for at in range(0, len(texts), _BATCH):
            planned = await self._worker.run(_plans, texts[at : at + _BATCH], index, tag)
            wanted = dict.fromkeys(text for each in planned for text in self._texts(each))
            missing = [text for text in wanted if text not in self._queries.known(list(wanted))]
            if missing:
                self._queries.put(missing, await self.embed(missing))

    async def candidates(self, text: str) -> list[tuple[str, list[float]]]:
        """Text and features of every candidate for a message that is one question; for calibration."""
        index = self._index
        if index is None:
            return []
        parts = plan(text, index).parts
        if len(parts) != 1:
            return []
        vector = (await self.embed([embeddable(parts[0], knows_kazakh=self.embedder.knows_kazakh)]))[0]
        found = (await self._search([Question(vector, index.sparse(parts[0]))]))[0]
        entries = [index.points[one.point] for one in found]
        asked = index.asked(parts[0])
        return [(entry.chunk.text, index.features(asked, entry, vector)) for entry in entries]

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors for `texts`, wherever they come from."""
        if self.embedder.blocking:
            return await self._worker.run(self.embedder.embed_now, texts)
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

    async def _find(self, text: str, tag: str, index: Index, more: Sequence[Found] = ()) -> list[Passage]:
        index, planned = await self._worker.run(_planned, text, index, tag)
        texts = self._texts(planned)
        vectors = self._queries.known(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in vectors]
        if missing:
            rows = await self.embed(missing)
            self._queries.put(missing, rows)
            vectors |= dict(zip(missing, rows, strict=True))
        questions = _questions(planned, index, [vectors[text] for text in texts], tag)
        found = _beside(more, await self._search(questions))
        return await self._worker.run(self._judged, planned, index, questions, found)

    def _texts(self, planned: Plan) -> list[str]:
        return [embeddable(part, knows_kazakh=self.embedder.knows_kazakh) for part in planned.readings]

    def _judged(
        self, planned: Plan, index: Index, questions: Sequence[Question], found: Sequence[Sequence[Found]]
    ) -> list[Passage]:
        judge = Judge(index, calibration(self.embedder.model), self._per_part)
        return judge.passages(planned, list(zip(questions, found, strict=True)))

    async def _with_vectors(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Chunks as they are where our model made the vector; the others embedded here, once, in memory."""
        ready = {chunk.id: chunk for chunk in chunks if self._is_ours(chunk)}
        foreign = [chunk for chunk in chunks if chunk.id not in ready]
        known = {chunk.id: self._ours[chunk.id] for chunk in foreign if chunk.id in self._ours}
        self._ours = {key: pair for key, pair in known.items() if pair[0] in foreign}
        ready |= {key: pair[1] for key, pair in self._ours.items()}
        await self._embed_foreign([chunk for chunk in foreign if chunk.id not in ready], ready)
        return [ready[chunk.id] for chunk in chunks if chunk.id in ready]

    def _is_ours(self, chunk: Chunk) -> bool:
        return chunk.model == self.embedder.model and len(chunk.vector) == 4 * self.embedder.size

    async def _embed_foreign(self, chunks: Sequence[Chunk], ready: dict[str, Chunk]) -> None:
        for at in range(0, len(chunks), _BATCH):
            batch = chunks[at : at + _BATCH]
            try:
                rows = await self.embed([embedded_of(chunk) for chunk in batch])
            except (httpx.HTTPError, ValueError):
                return
            for chunk, row in zip(batch, rows, strict=True):
                made = replace(chunk, vector=packed(row), model=self.embedder.model, digest=digest_of(chunk))
                self._ours[chunk.id], ready[chunk.id] = (chunk, made), made


def _beside(more: Sequence[Found], found: Sequence[Sequence[Found]]) -> list[list[Found]]:
    """What the store found and `more`, each point once."""
    return [[*each, *(one for one in more if all(one.point != known.point for known in each))] for each in found]


def _planned(text: str, index: Index, tag: str) -> tuple[Index, Plan]:
    """What is told at a branch, and the message read against it."""
    there = index.at(tag)
    return there, plan(text, there)


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
        if self._store is None:
            from truffles_rag_qdrant.stores import EmbeddedStore

            self._store = EmbeddedStore(self._tenant, self.embedder.size)
        self._store.fill(index.entries, old.entries if old else {})

    async def _search(self, questions: Sequence[Question]) -> list[list[Found]]:
        return await self._worker.run(self._search_now, questions)

    def _search_now(self, questions: Sequence[Question]) -> list[list[Found]]:
        return self._store.search(questions, CANDIDATES) if self._store and questions else [[] for _ in questions]

    async def _find(self, text: str, tag: str, index: Index, more: Sequence[Found] = ()) -> list[Passage]:
        if self.embedder.blocking:
            return await self._worker.run(self._find_now, text, tag, index, more)
        return await super()._find(text, tag, index, more)

    def _find_now(self, text: str, tag: str, index: Index, more: Sequence[Found] = ()) -> list[Passage]:
        index, planned = _planned(text, index, tag)
        texts = self._texts(planned)
        vectors = self._queries.known(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in vectors]
        if missing:
            rows = self.embedder.embed_now(missing)
            self._queries.put(missing, rows)
            vectors |= dict(zip(missing, rows, strict=True))
        questions = _questions(planned, index, [vectors[text] for text in texts], tag)
        found = _beside(more, self._search_now(questions))
        return self._judged(planned, index, questions, found)


class ServerEngine(Engine):
    """Qdrant on a server. PostgreSQL stays the home: what the server lacks or has too much is put right at a load."""

    shared = True

    def __init__(self, tenant: str, store: ServerStore, embedder: Embedder, settings: RagSettings) -> None:
        super().__init__(tenant, embedder, settings)
        self._store = store

    async def _check_store(self) -> str:
        """Can the collection be reached?"""
        try:
            await self._store.prepare()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported as what is wrong
            return f"Qdrant: {str(error) or type(error).__name__}"
        return ""

    async def close(self) -> None:
        """Close the connections."""
        await self._store.close()

    async def learned(self) -> dict[str, str] | None:
        """As the server has them by now."""
        return await self._store.digests(ORIGIN)

    async def _fill(self, index: Index, old: Index | None) -> None:
        await self._store.prepare()
        stored = await self._store.digests()
        wanted = {key: digest_of(entry.chunk) for key, entry in index.entries.items()}
        await self._store.put([index.entries[key] for key, digest in wanted.items() if stored.get(key) != digest])
        await self._store.delete([key for key in stored if key not in wanted])

    async def _search(self, questions: Sequence[Question]) -> list[list[Found]]:
        return await self._store.search(questions, CANDIDATES) if questions else []
