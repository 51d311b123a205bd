"""The vectors of a chunk as they are stored: the one that it is found by, and one for each of its other wordings.

The first is what the host and Qdrant know, little-endian float32. Those behind it only teach: a byte a dimension, and a scale
for each, are as good for that (measured: the same 277 of 354 questions) and a quarter of the room.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant.embed import Vectors, unpacked
from truffles_rag_qdrant.embed import packed as one
from truffles_rag_qdrant.facts import asked_of, embedded_of

Embed = Callable[[Sequence[str]], Awaitable[Vectors]]
_SCALE = np.dtype("<f4")
_MOST = 127
_AT_ONCE = 32


def length_of(chunk: Chunk, size: int) -> int:
    """How many bytes the vectors of a chunk take where each has `size` dimensions."""
    return 4 * size + len(asked_of(chunk)) * (_SCALE.itemsize + size)


def packed(rows: Vectors) -> bytes:
    """The rows as they are stored."""
    return one(rows[0]) + b"".join(map(_small, rows[1:]))


def rows_of(chunk: Chunk, size: int) -> Vectors:
    """The rows of a chunk, zeros where it has none of that size."""
    raw, count = chunk.vector, len(asked_of(chunk))
    if len(raw) != length_of(chunk, size):
        return np.zeros((1 + count, size), np.float32)
    first = unpacked(raw[: 4 * size])
    others = np.frombuffer(raw[4 * size :], np.uint8).reshape(count, _SCALE.itemsize + size)
    scales = others[:, : _SCALE.itemsize].copy().view(_SCALE)
    small = others[:, _SCALE.itemsize :].view(np.int8).astype(np.float32)
    return np.vstack([first, small * scales])


def first_of(chunk: Chunk) -> Vectors:
    """The row that a chunk is found by: whatever stands behind the others' bytes."""
    behind = len(asked_of(chunk))
    size = (len(chunk.vector) - behind * _SCALE.itemsize) // (4 + behind)
    return unpacked(chunk.vector[: 4 * size])


def is_made_by(chunk: Chunk, model: str, size: int) -> bool:
    """Has it vectors that can be compared with those of `model`?"""
    return chunk.model == model and len(chunk.vector) == length_of(chunk, size)


async def made(chunks: Sequence[Chunk], embed: Embed) -> list[bytes]:
    """The vectors of chunks, ready to be stored. Asked for a few at a time, so that customers are answered in between."""
    texts = [(embedded_of(chunk), *asked_of(chunk)) for chunk in chunks]
    once = list(dict.fromkeys(text for each in texts for text in each))
    batches = [await embed(once[at : at + _AT_ONCE]) for at in range(0, len(once), _AT_ONCE)]
    rows = dict(zip(once, (row for batch in batches for row in batch), strict=True))
    return [packed(np.stack([rows[text] for text in each])) for each in texts]


def nothing(chunk: Chunk, size: int) -> bytes:
    """Zeros: a chunk that is found by its words."""
    return packed(np.zeros((1 + len(asked_of(chunk)), size), np.float32))


def _small(row: Vectors) -> bytes:
    scale = float(np.abs(row).max()) / _MOST or 1.0
    return np.array(scale, _SCALE).tobytes() + np.round(row / scale).astype(np.int8).tobytes()
