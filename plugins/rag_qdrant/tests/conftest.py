"""Fakes at the true boundaries: the host's resources in memory, an embedding server and a Qdrant server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from truffles_rag_qdrant import simulator
from truffles_rag_qdrant.plugin import plugin
from truffles_rag_qdrant.retriever import RagQdrant
from truffles_rag_qdrant.simulator import Embeddings, QdrantFake, Server

from truffles_gateway.messages import Author, Customer, Inbound, Line, Passage, Route, State, Turn, Verdict
from truffles_gateway.plugin import Chunk
from truffles_gateway.testing import SystemClock, make_resources

SALON = Path(__file__).parents[3] / "examples" / "demo_salon" / "knowledge"


class MemoryKnowledge:
    """The host's `Knowledge`, in memory; share one between two plugins to play two processes."""

    def __init__(self) -> None:
        self.stored: dict[str, Chunk] = {}
        self.number = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def version(self) -> int:
        return self.number

    async def chunks(self) -> list[Chunk]:
        await self.answers.wait()
        return [self.stored[key] for key in sorted(self.stored)]

    async def apply(self, *, put: Sequence[Chunk] = (), delete: Sequence[str] = ()) -> int:
        for key in delete:
            self.stored.pop(key, None)
        self.stored |= {chunk.id: chunk for chunk in put}
        self.number += 1
        return self.number

    async def revise(self, pairs: Sequence[tuple[Chunk, Chunk]]) -> int:
        fresh = [new for old, new in pairs if self.stored.get(old.id) == old]
        await self.apply(put=fresh)
        return len(fresh)


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

    async def ask(self, text: str, tag: str = "", *, said: str = "", told: Sequence[str] = ()) -> list[Passage]:
        """What is found for a message; `said` is what the customer wrote before it, `told` the facts that the bot answered with."""
        now = SystemClock().now()
        turn = Turn(tenant=self._tenant, id="t", correlation_id="c", channel="whatsapp", lane="l",
                    conversation_id="v", state=State.BOT_ACTIVE, customer=Customer(id="1", address="a"),
                    now=now, knowledge_tag=tag,
                    history=(*([Line(author=Author.CUSTOMER, text=said, at=now)] if said else []),
                             *([Line(author=Author.BOT, text="…", at=now, sources=tuple(told))] if told else [])))  # fmt: skip
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
        knowledge: MemoryKnowledge | None = None, tenant: str = "demo", counters: Any = None, **settings: Any
    ) -> AsyncIterator[Rig]:
        knowledge, log = knowledge or MemoryKnowledge(), Log()
        async with httpx.AsyncClient() as http:
            resources = replace(make_resources(plugin, http, tenant=tenant), knowledge=knowledge, log=log)
            resources = replace(resources, counters=counters or resources.counters)
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


@pytest.fixture
def embeddings() -> Iterator[tuple[Server, Embeddings]]:
    """An embedding server and its switches."""
    with simulator.embeddings() as simulated:
        yield simulated


@pytest.fixture
def qdrant() -> Iterator[tuple[Server, QdrantFake]]:
    """A Qdrant server on loopback and what is behind it."""
    with simulator.qdrant() as simulated:
        yield simulated
