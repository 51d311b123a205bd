"""Which chunk a question asks for, learnt from the ways in which each is asked for.

A wording is an example of a question, no name: what is asked for as "батарея не держит" is not called so. All wordings of a
knowledge, by their pieces and their meaning, teach one linear classifier (ridge regression, a column a chunk): what many
chunks are asked by says little of any, which no comparison with single wordings knows. It is fitted anew when wordings
change: half a second for 4,000, away from the thread on which customers are answered.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant.embed import Vectors
from truffles_rag_qdrant.facts import asked_of
from truffles_rag_qdrant.likeness import called, pieces, wordings
from truffles_rag_qdrant.rows import rows_of
from truffles_rag_qdrant.words import fold

PIECES = 1024
"""Dimensions that the pieces of words are folded into."""
RIDGE = 1.0
_SIGN = 0x8000_0000
Wording = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """The classifier of one knowledge. `weights` has a column for each way of asking, `column` says which is a chunk's;
    chunks that are asked for in the same words, such as a service's prices at several branches, have one. `taught` is what it
    was fitted to."""

    taught: Mapping[str, Wording]
    column: Mapping[str, int]
    weights: Vectors

    def of(self, text: str, vector: Vectors) -> Mapping[str, float]:
        """How likely each chunk is what a question asks for: about 1 for the one that surely is, 0 for others."""
        if not self.column:
            return {}
        meaning = np.zeros(len(self.weights) - PIECES, np.float32)
        if len(vector) == len(meaning):
            meaning = vector
        scores = np.concatenate([folded(text), meaning]) @ self.weights
        return {id: float(scores[at]) for id, at in self.column.items()}


NOTHING = Asking({}, {}, np.zeros((PIECES, 0), np.float32))


def fitted(chunks: Iterable[Chunk], size: int, old: Asking = NOTHING) -> Asking:
    """The classifier of these chunks, whose vectors have `size` dimensions; `old` where that was taught the same. Blocks."""
    told = {chunk.id: chunk for chunk in chunks}
    taught = {id: (*_lines(chunk), *asked_of(chunk), str(size)) for id, chunk in told.items()}
    if taught == old.taught:
        return old
    column, firsts = _columns(told)
    rows = [_examples(chunk, size) for chunk in firsts]
    return Asking(taught, column, _solved(rows) if rows else NOTHING.weights)


def _columns(told: Mapping[str, Chunk]) -> tuple[Mapping[str, int], list[Chunk]]:
    """The column of each chunk, and the chunk that teaches each. What is asked for in the same words has one, and so has a
    fact that a file tells once more under a name of the pack's: two that say the same would take it from each other."""
    firsts: list[Chunk] = []
    known: dict[Wording, int] = {}
    column: dict[str, int] = {}
    for id, chunk in sorted(told.items(), key=lambda pair: not asked_of(pair[1])):
        keys = [(fold(name),) for name in called(chunk)]
        own = asked_of(chunk) or tuple(_lines(chunk))
        again = [known[key] for key in keys[:1] if key in known] if not asked_of(chunk) else []
        column[id] = known.get(own, again[0] if again else len(firsts))
        if column[id] == len(firsts):
            firsts.append(chunk)
            known[own] = column[id]
            for key in keys if asked_of(chunk) else ():
                known.setdefault(key, column[id])
    return column, firsts


def _lines(chunk: Chunk) -> Sequence[str]:
    """What a chunk is called and asked by; the words of a text without a name are all that is known of it."""
    return called(chunk) or wordings(chunk)


def _examples(chunk: Chunk, size: int) -> Vectors:
    """A row for each wording of a chunk: its pieces, and its meaning where that is known."""
    lines, asked, meanings = _lines(chunk), asked_of(chunk), rows_of(chunk, size)[1:]
    rows = np.zeros((len(lines) + len(asked), PIECES + size), np.float32)
    for at, text in enumerate((*lines, *asked)):
        rows[at, :PIECES] = folded(text)
    rows[len(lines) :, PIECES:] = meanings
    return rows


def _solved(rows: Sequence[Vectors]) -> Vectors:
    """Ridge regression of "is it this one" for each: by dimensions, or by wordings where those are fewer."""
    design = np.concatenate(rows)
    if len(design) < design.shape[1]:
        wanted = np.repeat(np.eye(len(rows), dtype=np.float32), [len(each) for each in rows], axis=0)
        gram = design @ design.T
        gram[np.diag_indices_from(gram)] += RIDGE
        return (design.T @ np.linalg.solve(gram, wanted)).astype(np.float32)
    sums = np.stack([each.sum(axis=0) for each in rows], axis=1)
    gram = design.T @ design
    gram[np.diag_indices_from(gram)] += RIDGE
    return np.linalg.solve(gram, sums).astype(np.float32)


def folded(text: str) -> Vectors:
    """The pieces of a text's words, hashed into few dimensions, of length 1."""
    row = np.zeros(PIECES, np.float32)
    for piece in pieces(text):
        at = zlib.crc32(piece.encode())
        row[at % PIECES] += 1 if at & _SIGN else -1
    length = float(np.linalg.norm(row))
    return row / length if length else row
