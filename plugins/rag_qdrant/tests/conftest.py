"""Fakes at the true boundaries: the host's resources in memory, an embedding server and a Qdrant server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from truffles_rag_qdrant import simulator
from truffles_rag_qdrant.plugin import plugin
from truffles_rag_qdrant.retriever import RagQdrant
from truffles_rag_qdrant.simulator import QdrantFake, Server, served

from truffles_gateway.messages import Customer, Inbound, Passage, Route, State, Turn, Verdict
from truffles_gateway.plugin import Chunk
from truffles_gateway.testing import SystemClock, make_resources

SALON = Path(__file__).parents[3] / "examples" / "demo_salon" / "knowledge"


class MemoryKnowledge:
    """The host's `Knowledge`, in memory; share one between two plugins to play two processes."""

    def __init__(self) -> None:
        self.stored: dict[str, Chunk] = {}
        self.number = 0

    async def version(self) -> int:
        return self.number

    async def chunks(self) -> list[Chunk]:
        return [self.stored[key] for key in sorted(self.stored)]

    async def apply(self, *, put: Sequence[Chunk] = (), delete: Sequence[str] = ()) -> int:
        for key in delete:
            self.stored.pop(key, None)
        self.stored |= {chunk.id: chunk for chunk in put}
        self.number += 1
        return self.number


class Log:
    """Keeps warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def debug(self, event: str, **fields: Any) -> None: ...
    def info(self, event: str, **fields: Any) -> None: ...
    def error(self, event: str, **fields: Any) -> None: ...

    def warning(self, event: str, **fields: Any) -> None:
        self.warnings.append(event)


class Rig:
    """One plugin instance and what it was given."""

    def __init__(self, rag: RagQdrant, knowledge: MemoryKnowledge, log: Log, tenant: str) -> None:
        self.rag, self.knowledge, self.log, self._tenant = rag, knowledge, log, tenant
        self.progress: list[tuple[int, int, str]] = []

    async def sync(self, folder: Path) -> Any:
        return await self.rag.sync(folder, lambda done, total, what: self.progress.append((done, total, what)))

    async def ask(self, text: str, tag: str = "") -> list[Passage]:
        turn = Turn(tenant=self._tenant, id="t", correlation_id="c", channel="whatsapp", lane="l",
                    conversation_id="v", state=State.BOT_ACTIVE, customer=Customer(id="1", address="a"),
                    now=SystemClock().now(), knowledge_tag=tag)  # fmt: skip
        return list(await self.rag.retrieve(turn=turn, message=Inbound(text=text, events=())))

    async def best(self, text: str, tag: str = "") -> dict[str, Passage]:
        first: dict[str, Passage] = {}
        for passage in await self.ask(text, tag):
            first.setdefault(passage.query, passage)
        return first


Rigs = Callable[..., Any]


@pytest.fixture
def rigs() -> Rigs:
    """`async with rigs(settings…) as rig`: a plugin made as the host makes it."""

    @asynccontextmanager
    async def make(
        knowledge: MemoryKnowledge | None = None, tenant: str = "demo", **settings: Any
    ) -> AsyncIterator[Rig]:
        knowledge, log = knowledge or MemoryKnowledge(), Log()
        async with httpx.AsyncClient() as http:
            resources = replace(make_resources(plugin, http, tenant=tenant), knowledge=knowledge, log=log)
            rag = plugin.create(plugin.settings(**settings), resources)
            assert isinstance(rag, RagQdrant)
            try:
                yield Rig(rag, knowledge, log, tenant)
            finally:
                await rag.close()

    return make


@pytest.fixture
def verdict() -> Verdict:
    return Verdict(route=Route.ANSWER)


class Embeddings:
    """Answers like text-embeddings-inference; the vectors are made of hashed letter triples."""

    def __init__(self) -> None:
        self.down = False

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.down or (method, path) != ("POST", "/embed"):
            return 503, {"error": "overloaded"}
        return 200, [self._vector(text).tolist() for text in body["inputs"]]

    @staticmethod
    def _vector(text: str) -> Any:
        vector = np.zeros(1024)
        padded = f"  {text.lower()} "
        for at in range(len(padded) - 2):
            vector[sum(ord(letter) * 31**n for n, letter in enumerate(padded[at : at + 3])) % 1024] += 1
        return vector


@pytest.fixture
def embeddings() -> Iterator[tuple[Server, Embeddings]]:
    """An embedding server and its switch."""
    fake = Embeddings()
    with served(fake) as server:
        yield server, fake


@pytest.fixture
def qdrant() -> Iterator[tuple[Server, QdrantFake]]:
    """A Qdrant server on loopback and what is behind it."""
    with simulator.qdrant() as simulated:
        yield simulated
