"""Servers on loopback, for tests: one of embeddings, and one of Qdrant, which makes the REST calls that the plugin makes
by Qdrant's own local mode.

with qdrant() as (server, fake):
    ...                    # point qdrant_url at server.url; fake.down and fake.wipe() play what happens to servers
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qdrant_client import QdrantClient, models


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


class QdrantFake:
    """The few endpoints of Qdrant's REST API that the plugin uses, carried out by Qdrant's own local mode. While it is
    `down` it answers 503 to everything."""

    def __init__(self) -> None:
        self.down = False
        self.wipe()
        self._lock = threading.Lock()

    def wipe(self) -> None:
        """Lose all data, as a server without a volume does."""
        self.local = QdrantClient(":memory:")

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.down:
            return 503, {"status": {"error": "down"}, "time": 0.0}
        _, collections, *named = path.split("/")
        assert collections == "collections"
        if not named:
            names = [{"name": each.name} for each in self.local.get_collections().collections]
            return 200, {"result": {"collections": names}, "status": "ok", "time": 0.0}
        name, *rest = named
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
        if (method, what) == ("GET", ""):
            return self.local.get_collection(name).model_dump(mode="json")
        if what == "index":
            return done
        if (method, what) == ("PUT", "points"):
            self.local.upsert(name, models.PointsList.model_validate(body).points)
            return done
        if what == "points/delete":
            kind = models.FilterSelector if "filter" in body else models.PointIdsList
            self.local.delete(name, kind.model_validate(body))
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


class Embeddings:
    """Answers like text-embeddings-inference. The vectors are made of hashed letter triples, as many as `dimensions`; a
    server with a `model_id` tells it. While it is `down` it answers 503 to everything."""

    def __init__(self) -> None:
        self.down, self.dimensions, self.model_id = False, 1024, ""

    def __call__(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.down:
            return 503, {"error": "overloaded"}
        if (method, path) == ("GET", "/info") and self.model_id:
            return 200, {"model_id": self.model_id, "max_input_length": 512}
        if (method, path) != ("POST", "/embed"):
            return 404, {"error": "not found"}
        return 200, [self._vector(text) for text in body["inputs"]]

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self.dimensions
        padded = f"{self.model_id} {text.lower()} "
        for at in range(len(padded) - 2):
            triple = enumerate(padded[at : at + 3])
            vector[sum(ord(letter) * 31**n for n, letter in triple) % self.dimensions] += 1.0
        return vector


@contextmanager
def embeddings() -> Iterator[tuple[Server, Embeddings]]:
    """A server and what is behind it."""
    fake = Embeddings()
    with served(fake) as server:
        yield server, fake


@contextmanager
def qdrant() -> Iterator[tuple[Server, QdrantFake]]:
    """A server and what is behind it."""
    fake = QdrantFake()
    with served(fake) as server:
        yield server, fake


@contextmanager
def served(answer: Callable[[str, str, Any], tuple[int, Any]]) -> Iterator[Server]:
    """A server that answers so."""
    server = Server(answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
