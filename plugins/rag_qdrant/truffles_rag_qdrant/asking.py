"""Which chunk a question asks for, learnt from the ways in which each is asked for.

A wording is an example of a question, no name: what is asked for as "батарея не держит" is not called so. All wordings of a
knowledge, by their pieces and their meaning, teach one linear classifier (ridge regression, a column a chunk): what many
chunks are asked by says little of any, which no comparison with single wordings knows. It is fitted anew when wordings
change, and only then: half a second for 4,000, away from the thread on which customers are answered.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant.embed import Vectors
from truffles_rag_qdrant.facts import asked_of
from truffles_rag_qdrant.likeness import called, pieces
from truffles_rag_qdrant.rows import rows_of
from truffles_rag_qdrant.words import fold

PIECES = 1024
"""Dimensions that the pieces of words are folded into."""
RIDGE, AT_ONCE = 1.0, 2_000
_SIGN = 0x8000_0000
Wording = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """The classifier of one knowledge. `weights` has a column for each way of asking, `column` says which is a chunk's; chunks
    that are asked for in the same words, such as a service's prices at several branches, have one, and so has a fact that a
    file tells once more under a name of the pack's. A chunk without one has no wordings. `taught` is what it was fitted to."""

    taught: Mapping[str, Wording]
    column: Mapping[str, int]
    weights: Vectors

    def of(self, text: str, vector: Vectors) -> Mapping[str, float]:
        """How likely each chunk that has wordings is what a question asks for: about 1 for the one that surely is, 0 for others."""
        if not self.column:
            return {}
        meaning = np.zeros(len(self.weights) - PIECES, np.float32)
        if len(vector) == len(meaning):
            meaning = vector
        scores = np.concatenate([folded(text), meaning]) @ self.weights
        return {id: float(scores[at]) for id, at in self.column.items()}


NOTHING = Asking({}, {}, np.zeros((PIECES, 0), np.float32))


def fitted(chunks: Sequence[Chunk], size: int, old: Asking = NOTHING) -> Asking:
    """The classifier of these chunks, whose vectors have `size` dimensions. Where only chunks without wordings have changed,
    such as learned answers, nothing is fitted anew. Blocks."""
    worded = [chunk for chunk in chunks if asked_of(chunk)]
    taught = {chunk.id: (*called(chunk), *asked_of(chunk), chunk.model, str(size)) for chunk in worded}
    teachers = {asked_of(chunk): chunk for chunk in reversed(worded)}
    at = {asked: number for number, asked in enumerate(teachers)}
    column = {chunk.id: at[asked_of(chunk)] for chunk in worded}
    names = {fold(name): column[chunk.id] for chunk in reversed(worded) for name in called(chunk)}
    again = {chunk.id: names[name] for chunk in chunks if chunk.id not in column
             for name in map(fold, called(chunk)[:1]) if name in names}  # fmt: skip
    same = taught == old.taught
    weights = old.weights if same else _solved([_examples(chunk, size) for chunk in teachers.values()])
    return Asking(old.taught if same else taught, column | again, weights) if worded else NOTHING


def _examples(chunk: Chunk, size: int) -> Vectors:
    """A row for each name and each wording of a chunk: its pieces, and the meaning of wordings."""
    lines, asked = called(chunk), asked_of(chunk)
    rows = np.zeros((len(lines) + len(asked), PIECES + size), np.float32)
    for at, text in enumerate((*lines, *asked)):
        rows[at, :PIECES] = _folded(pieces.__wrapped__(text))  # those of customers' questions are worth remembering
    rows[len(lines) :, PIECES:] = rows_of(chunk, size)[1:]
    return rows


def _solved(rows: Sequence[Vectors]) -> Vectors:
    """Ridge regression of "is it this one" for each."""
    if not rows:
        return NOTHING.weights
    sums = np.stack([each.sum(axis=0) for each in rows], axis=1)
    gram = RIDGE * np.eye(len(sums), dtype=np.float32)
    for batch in _batches(rows):
        gram += batch.T @ batch
    return np.linalg.solve(gram, sums).astype(np.float32)


def _batches(rows: Sequence[Vectors]) -> Iterator[Vectors]:
    """The rows in pieces that take little room, however many there are."""
    held: list[Vectors] = []
    for each in rows:
        held.append(each)
        if sum(map(len, held)) >= AT_ONCE:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def folded(text: str) -> Vectors:
    """The pieces of a text's words, hashed into few dimensions, of length 1."""
    return _folded(pieces(text))


def _folded(found: Iterable[str]) -> Vectors:
    row = np.zeros(PIECES, np.float32)
    for piece in found:
        at = zlib.crc32(piece.encode())
        row[at % PIECES] += 1 if at & _SIGN else -1
    length = float(np.linalg.norm(row))
    return row / length if length else row
