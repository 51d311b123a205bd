"""Fakes at the true boundaries: the host's resources in memory, an embedding server and a Qdrant server on loopback."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from qdrant_client import QdrantClient, models
from truffles_rag_qdrant.plugin import plugin
from truffles_rag_qdrant.retriever import RagQdrant

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


class Server(ThreadingHTTPServer):
    """An HTTP server on loopback; `answer(method, path, body)` gives status and JSON."""

    daemon_threads = True

    def __init__(self, answer: Callable[[str, str, Any], tuple[int, Any]]) -> None:
        self.answer, self.seen = answer, list[tuple[str, str, Any]]()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        body = json.loads(raw) if raw else None
        server: Server = self.server  # type: ignore[assignment]
        server.seen.append((self.command, self.path, body))
        status, answer = server.answer(self.command, self.path.split("?")[0], body)
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the library calls these names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library names it so
        logging.getLogger("fake").debug(format, *args)


def _served(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


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
    for server in _served(Server(fake)):
        yield server, fake


class QdrantFake:
    """The few endpoints of Qdrant's REST API that the plugin uses, carried out by Qdrant's own local mode."""

    def __init__(self) -> None:
        self.wipe()
        self._lock = threading.Lock()

    def wipe(self) -> None:
        """Lose all data, as a server without a volume does."""
        self.local = QdrantClient(":memory:")

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        _, collections, name, *rest = path.split("/")
        assert collections == "collections"
        with self._lock:
            if rest != ["exists"] and (method, rest) != ("PUT", []) and not self.local.collection_exists(name):
                return 404, {"status": {"error": f"Not found: Collection `{name}` doesn't exist!"}, "time": 0.0}
            return 200, {"result": self._do(method, name, "/".join(rest), body), "status": "ok", "time": 0.0}

    def _do(self, method: str, name: str, what: str, body: Any) -> Any:  # noqa: PLR0911 - one line a call of the API
        done = {"operation_id": 1, "status": "completed"}
        if what == "exists":
            return {"exists": self.local.collection_exists(name)}
        if (method, what) == ("PUT", ""):
            wish = models.CreateCollection.model_validate(body)
            return self.local.create_collection(name, wish.vectors, wish.sparse_vectors)
        if what == "index":
            return done
        if (method, what) == ("PUT", "points"):
            self.local.upsert(name, models.PointsList.model_validate(body).points)
            return done
        if what == "points/delete":
            self.local.delete(name, models.PointIdsList.model_validate(body))
            return done
        if what == "points/scroll":
            return self._scroll(name, models.ScrollRequest.model_validate(body))
        assert what == "points/query/batch", what
        requests = models.QueryRequestBatch.model_validate(body).searches
        return [answer.model_dump(mode="json") for answer in self.local.query_batch_points(name, requests)]

    def _scroll(self, name: str, wish: models.ScrollRequest) -> Any:
        points, offset = self.local.scroll(name, wish.filter, limit=wish.limit or 10, offset=wish.offset,
                                           with_payload=wish.with_payload or True)  # fmt: skip
        return {"points": [point.model_dump(mode="json") for point in points], "next_page_offset": offset}


@pytest.fixture
def qdrant() -> Iterator[tuple[Server, QdrantFake]]:
    """A Qdrant server on loopback and what is behind it."""
    fake = QdrantFake()
    for server in _served(Server(fake)):
        yield server, fake
