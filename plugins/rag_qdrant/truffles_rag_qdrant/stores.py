"""Qdrant, embedded or as a server: both hold a dense and a lexical vector a chunk and fuse two searches by rank."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qdrant_client import AsyncQdrantClient, QdrantClient, models

from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant.embed import Vectors, unpacked
from truffles_rag_qdrant.facts import digest_of
from truffles_rag_qdrant.index import LEXICAL_SIZE, Entry, dense, lexical

DENSE, LEXICAL = "dense", "lexical"
_DEPTH = 24
_NAMESPACE = uuid.UUID("0a8f6cf2-7a0b-5b0f-9a55-2f0a6f6f7d10")


@dataclass(frozen=True, slots=True)
class Question:
    """One search: a dense vector, a sparse one, and the branch whose chunks may be found beside those for all."""

    vector: Vectors
    sparse: Mapping[int, float]
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk that a search brought up: its place in the fusion and its cosine."""

    chunk_id: str
    score: float
    cosine: float


def point_id(tenant: str, chunk_id: str) -> str:
    """The id of a chunk's point: tenants share a collection on a server."""
    return str(uuid.uuid5(_NAMESPACE, f"{tenant}\x1f{chunk_id}"))


def _fused(question: Question, lexical_query: Any, limit: int, *only: models.Condition) -> models.QueryRequest:
    tags = models.FieldCondition(key="knowledge_tag", match=models.MatchAny(any=sorted({"", question.tag})))
    where = models.Filter(must=[*only, tags])
    searches = [models.Prefetch(query=question.vector.tolist(), using=DENSE, limit=_DEPTH, filter=where)]
    if question.sparse:
        searches.append(models.Prefetch(query=lexical_query, using=LEXICAL, limit=_DEPTH, filter=where))
    return models.QueryRequest(prefetch=searches, query=models.FusionQuery(fusion=models.Fusion.RRF), limit=limit,
                               with_payload=["chunk_id"], with_vector=[DENSE])  # fmt: skip


def _found(points: Iterable[models.ScoredPoint], vector: Vectors) -> list[Found]:
    return [
        Found(str((point.payload or {})["chunk_id"]), point.score, _cosine(point.vector, vector)) for point in points
    ]


def _cosine(stored: Any, vector: Vectors) -> float:
    other = np.asarray(stored[DENSE], dtype=np.float32)
    return float(other @ vector / max(float(np.linalg.norm(other) * np.linalg.norm(vector)), 1e-9))


def _payload(tenant: str, chunk: Chunk) -> dict[str, Any]:
    return {"client_slug": tenant, "knowledge_tag": chunk.tag, "chunk_id": chunk.id, "source": chunk.source,
            "digest": digest_of(chunk), "text": chunk.text, **chunk.metadata}  # fmt: skip


class EmbeddedStore:
    """`qdrant-client` in memory, one collection for one tenant. Every call blocks and belongs to one thread."""

    def __init__(self, tenant: str, size: int) -> None:
        self._tenant = tenant
        self._client = QdrantClient(":memory:")
        self._client.create_collection("knowledge", vectors_config={
            DENSE: models.VectorParams(size=size, distance=models.Distance.COSINE),
            LEXICAL: models.VectorParams(size=LEXICAL_SIZE, distance=models.Distance.DOT),
        })  # fmt: skip

    def put(self, entries: Sequence[Entry]) -> None:
        """Insert or replace."""
        if entries:
            self._client.upsert("knowledge", [self._point(entry) for entry in entries])

    def _point(self, entry: Entry) -> models.PointStruct:
        vectors = {DENSE: unpacked(entry.chunk.vector).tolist(), LEXICAL: dense(lexical(entry)).tolist()}
        return models.PointStruct(id=point_id(self._tenant, entry.chunk.id), vector=vectors,
                                  payload=_payload(self._tenant, entry.chunk))  # fmt: skip

    def delete(self, chunk_ids: Sequence[str]) -> None:
        """Remove chunks by id."""
        if chunk_ids:
            ids: list[models.ExtendedPointId] = [point_id(self._tenant, chunk_id) for chunk_id in chunk_ids]
            self._client.delete("knowledge", models.PointIdsList(points=ids))

    def search(self, questions: Sequence[Question], limit: int) -> list[list[Found]]:
        """The best chunks for each question, fused by rank."""
        requests = [_fused(one, dense(one.sparse).tolist(), limit) for one in questions]
        answers = self._client.query_batch_points("knowledge", requests)
        return [_found(answer.points, one.vector) for one, answer in zip(questions, answers, strict=True)]

    def close(self) -> None:
        """Give the memory back."""
        self._client.close()


class ServerStore:
    """A Qdrant server: one collection for all tenants, told apart by `client_slug`."""

    def __init__(self, tenant: str, size: int, client: AsyncQdrantClient, collection: str) -> None:
        self._tenant, self._size, self._client, self._collection = tenant, size, client, collection
        self._ours = models.FieldCondition(key="client_slug", match=models.MatchValue(value=tenant))

    async def prepare(self) -> None:
        """Make the collection and its payload indexes where they are missing."""
        if await self._client.collection_exists(self._collection):
            return
        await self._client.create_collection(
            self._collection,
            vectors_config={DENSE: models.VectorParams(size=self._size, distance=models.Distance.COSINE)},
            sparse_vectors_config={LEXICAL: models.SparseVectorParams()},
        )
        await self._client.create_payload_index(
            self._collection, "client_slug",
            models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
        )  # fmt: skip
        await self._client.create_payload_index(self._collection, "knowledge_tag", models.PayloadSchemaType.KEYWORD)

    async def digests(self) -> dict[str, str]:
        """The tenant's chunks on the server: id → digest."""
        result: dict[str, str] = {}
        offset: Any = None
        while True:
            points, offset = await self._client.scroll(
                self._collection, models.Filter(must=[self._ours]), limit=1_000, offset=offset,
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
        vectors: dict[str, Any] = {DENSE: unpacked(entry.chunk.vector).tolist(), LEXICAL: _sparse(lexical(entry))}
        return models.PointStruct(id=point_id(self._tenant, entry.chunk.id), vector=vectors,
                                  payload=_payload(self._tenant, entry.chunk))  # fmt: skip

    async def delete(self, chunk_ids: Sequence[str]) -> None:
        """Remove chunks by id."""
        if chunk_ids:
            ids: list[models.ExtendedPointId] = [point_id(self._tenant, chunk_id) for chunk_id in chunk_ids]
            await self._client.delete(self._collection, models.PointIdsList(points=ids), wait=True)

    async def search(self, questions: Sequence[Question], limit: int) -> list[list[Found]]:
        """The best chunks for each question, fused by rank."""
        requests = [_fused(one, _sparse(one.sparse), limit, self._ours) for one in questions]
        answers = await self._client.query_batch_points(self._collection, requests)
        return [_found(answer.points, one.vector) for one, answer in zip(questions, answers, strict=True)]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _sparse(weights: Mapping[int, float]) -> models.SparseVector:
    return models.SparseVector(indices=list(weights), values=list(weights.values()))
