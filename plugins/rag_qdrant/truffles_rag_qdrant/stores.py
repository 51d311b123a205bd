"""Qdrant, embedded or as a server: both hold a dense and a lexical vector a chunk and fuse two searches by rank.

Importing this module takes seconds, because `qdrant-client` does: it is imported by whoever searches, away from the loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.hybrid.fusion import reciprocal_rank_fusion
from qdrant_client.local.local_collection import LocalCollection

from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant.facts import ASKED, digest_of, point_id
from truffles_rag_qdrant.index import LEXICAL_SIZE, Entry, dense, lexical
from truffles_rag_qdrant.search import Found, Question

DENSE, LEXICAL = "dense", "lexical"
_DEPTH = 24


def _payload(tenant: str, chunk: Chunk) -> dict[str, Any]:
    # Metadata first: whose a point is must not be for a file to say.
    shown = {key: value for key, value in chunk.metadata.items() if key != ASKED}
    return {**shown, "client_slug": tenant, "knowledge_tag": chunk.tag, "chunk_id": chunk.id,
            "source": chunk.source, "digest": digest_of(chunk), "text": chunk.text}  # fmt: skip


class EmbeddedStore:
    """Qdrant's local collections in memory for one tenant. Every call blocks and belongs to one thread.

    Local mode costs are in what surrounds the search (110 chunks, measured): a filter is evaluated in Python for each
    point (1 ms), queries and prefetches are validated and deep-copied by the client (1 ms a search), sparse vectors are
    walked in Python (2.6 ms), cosine measures every stored vector anew. So the collections are asked themselves, there
    is one for each branch instead of a filter, lexical vectors are folded, vectors of length 1 are multiplied, and the
    two searches are fused by Qdrant's own function, as its query API does it.
    """

    def __init__(self, tenant: str, size: int) -> None:
        self._tenant, self.size = tenant, size
        self._collections: dict[str, LocalCollection] = {}

    def fill(self, entries: Mapping[str, Entry], before: Mapping[str, Entry]) -> None:
        """Bring every branch's collection from `before` to `entries`, touching only what differs."""
        for tag in {"", *(entry.chunk.tag for entry in entries.values())} - self._collections.keys():
            self._create(tag, before)
        gone = [point_id(self._tenant, key) for key, old in before.items() if not _covers(entries.get(key), old)]
        fresh = [entry for key, entry in entries.items() if before.get(key) is not entry]
        for tag, collection in self._collections.items():
            if gone:
                collection.delete(models.PointIdsList(points=list(gone)))
            self._put(tag, fresh)

    def _create(self, tag: str, known: Mapping[str, Entry]) -> None:
        self._collections[tag] = LocalCollection(models.CreateCollection(vectors={
            DENSE: models.VectorParams(size=self.size, distance=models.Distance.DOT),
            LEXICAL: models.VectorParams(size=LEXICAL_SIZE, distance=models.Distance.DOT),
        }))  # fmt: skip
        self._put(tag, list(known.values()))

    def _put(self, tag: str, entries: Sequence[Entry]) -> None:
        points = [self._point(entry) for entry in entries if entry.chunk.tag in ("", tag)]
        if points:
            self._collections[tag].upsert(points)

    def _point(self, entry: Entry) -> models.PointStruct:
        vectors = _dense(entry) | {LEXICAL: dense(lexical(entry)).tolist()}
        return models.PointStruct(id=point_id(self._tenant, entry.chunk.id), vector=vectors)

    def search(self, questions: Sequence[Question], limit: int) -> list[list[Found]]:
        """The best chunks for each question, fused by rank."""
        return [self._search(question, limit) for question in questions]

    def _search(self, question: Question, limit: int) -> list[Found]:
        collection = self._collections.get(question.tag) or self._collections[""]
        # As float32: a list would become float64, and with it all that it is multiplied with.
        searches: list[tuple[str, Any]] = [(DENSE, question.vector)] if _is_dense(question, self.size) else []
        if question.sparse:
            searches.append((LEXICAL, dense(question.sparse)))
        ranks = [collection.search(search, limit=_DEPTH, with_payload=False) for search in searches]
        return [Found(str(one.id), one.score) for one in reciprocal_rank_fusion(ranks, limit=limit)] if ranks else []

    def close(self) -> None:
        """Give the memory back."""
        self._collections.clear()


def _dense(entry: Entry) -> dict[str, Any]:
    """The vector of a chunk by its name, nothing where it has none: such a chunk is found by its words."""
    return {DENSE: entry.vector.tolist()} if entry.vector.any() else {}


def _is_dense(question: Question, size: int) -> bool:
    """Can it be searched for by meaning in a store of that size?"""
    return len(question.vector) == size and bool(question.vector.any())


def _covers(new: Entry | None, old: Entry) -> bool:
    """Will the new entry take the old one's place in the same collections?"""
    return new is not None and new.chunk.tag == old.chunk.tag


class ServerStore:
    """A Qdrant server: one collection for all tenants, told apart by `client_slug`. Vectors of another length than that of
    the collection have one of their own beside it ("truffles_knowledge-512")."""

    def __init__(self, tenant: str, size: int, client: AsyncQdrantClient, collection: str) -> None:
        self._tenant, self.size, self._client, self._base = tenant, size, client, collection
        self._collection = collection
        self._ours = models.FieldCondition(key="client_slug", match=models.MatchValue(value=tenant))

    def resized(self, size: int) -> ServerStore:
        """The same for vectors of another length."""
        return ServerStore(self._tenant, size, self._client, self._base)

    async def prepare(self) -> None:
        """Find the collection for vectors of this length; make it and its payload indexes where they are missing."""
        self._collection = self._base
        if await self._client.collection_exists(self._base):
            if await self._size_of(self._base) == self.size:
                return
            self._collection = f"{self._base}-{self.size}"
            if await self._client.collection_exists(self._collection):
                return
        await self._create()

    async def _size_of(self, collection: str) -> int:
        vectors = (await self._client.get_collection(collection)).config.params.vectors
        params = vectors.get(DENSE) if isinstance(vectors, Mapping) else vectors
        return params.size if params else 0

    async def _create(self) -> None:
        await self._client.create_collection(
            self._collection,
            vectors_config={DENSE: models.VectorParams(size=self.size, distance=models.Distance.COSINE)},
            sparse_vectors_config={LEXICAL: models.SparseVectorParams()},
        )
        await self._client.create_payload_index(
            self._collection, "client_slug",
            models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
        )  # fmt: skip
        await self._client.create_payload_index(self._collection, "knowledge_tag", models.PayloadSchemaType.KEYWORD)

    async def leave_others(self) -> None:
        """Take the tenant's points out of the collections for vectors of other lengths: nobody searches there any more."""
        names = [each.name for each in (await self._client.get_collections()).collections]
        for name in names:
            kin = name == self._base or name.removeprefix(f"{self._base}-").isdigit()
            if kin and name != self._collection:
                await self._client.delete(name, models.Filter(must=[self._ours]), wait=True)

    async def digests(self, origin: str = "") -> dict[str, str]:
        """The tenant's chunks on the server, all or those of one `origin`: id → digest. None without a collection."""
        if origin and not await self._client.collection_exists(self._collection):
            return {}
        of_it = [models.FieldCondition(key="origin", match=models.MatchValue(value=origin))] if origin else []
        where = models.Filter(must=[self._ours, *of_it])
        result: dict[str, str] = {}
        offset: Any = None
        while True:
            points, offset = await self._client.scroll(
                self._collection, where, limit=1_000, offset=offset,
                with_payload=["chunk_id", "digest"],
            )  # fmt: skip
            result |= {str((p.payload or {})["chunk_id"]): str((p.payload or {}).get("digest", "")) for p in points}
            if offset is None:
                return result

    async def put(self, entries: Sequence[Entry], batch: int = 128) -> None:
        """Insert or replace."""
        for at in range(0, len(entries), batch):
            points = [self._point(entry) for entry in entries[at : at + batch]]
            await self._client.upsert(self._collection, points, wait=True)

    def _point(self, entry: Entry) -> models.PointStruct:
        vectors: dict[str, Any] = _dense(entry) | {LEXICAL: _sparse(lexical(entry))}
        return models.PointStruct(id=point_id(self._tenant, entry.chunk.id), vector=vectors,
                                  payload=_payload(self._tenant, entry.chunk))  # fmt: skip

    async def delete(self, chunk_ids: Sequence[str]) -> None:
        """Remove chunks by id."""
        if chunk_ids:
            ids: list[models.ExtendedPointId] = [point_id(self._tenant, chunk_id) for chunk_id in chunk_ids]
            await self._client.delete(self._collection, models.PointIdsList(points=ids), wait=True)

    async def search(self, questions: Sequence[Question], limit: int) -> list[list[Found]]:
        """The best chunks for each question, fused by rank."""
        asks = [bool(question.sparse) or _is_dense(question, self.size) for question in questions]
        requests = [self._fused(question, limit) for question, does in zip(questions, asks, strict=True) if does]
        answers = iter(await self._client.query_batch_points(self._collection, requests) if requests else ())
        return [[Found(str(one.id), one.score) for one in next(answers).points] if does else [] for does in asks]

    def _fused(self, question: Question, limit: int) -> models.QueryRequest:
        tags = models.MatchAny(any=sorted({"", question.tag}))
        where = models.Filter(must=[self._ours, models.FieldCondition(key="knowledge_tag", match=tags)])
        searches = []
        if _is_dense(question, self.size):
            searches.append(models.Prefetch(query=question.vector.tolist(), using=DENSE, limit=_DEPTH, filter=where))
        if question.sparse:
            sparse = _sparse(question.sparse)
            searches.append(models.Prefetch(query=sparse, using=LEXICAL, limit=_DEPTH, filter=where))
        return models.QueryRequest(prefetch=searches, query=models.FusionQuery(fusion=models.Fusion.RRF), limit=limit,
                                   with_payload=False)  # fmt: skip

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _sparse(weights: Mapping[int, float]) -> models.SparseVector:
    return models.SparseVector(indices=list(weights), values=list(weights.values()))
