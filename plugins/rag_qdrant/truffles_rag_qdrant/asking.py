"""Which chunk a question asks for, learnt from the ways in which each is asked for.

A wording is an example of a question, no name: what is asked for as "батарея не держит" is not called so. All wordings of a
knowledge, by their pieces and their meaning, teach one linear classifier (ridge regression, a column a chunk): what many
chunks are asked by says little of any, which no comparison with single wordings knows. It is fitted anew when the pack,
the files or their wordings change: 2.5 s for 10,000 of them, away from the thread on which customers are answered; what a process
has learnt before it knows.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant.embed import Vectors
from truffles_rag_qdrant.facts import asked_of, is_lesson
from truffles_rag_qdrant.likeness import called, pieces, wordings
from truffles_rag_qdrant.rows import rows_of
from truffles_rag_qdrant.words import fold

PIECES = 2048
"""Dimensions that the pieces of words are folded into: fewer fold too many into one."""
MEANING = 0.5
"""What the meaning of a text counts beside its pieces, which tell facts apart better."""
RIDGE, AT_ONCE = 1.0, 2_000
_SIGN = 0x8000_0000
Wording = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """The classifier of one knowledge. `weights` has a column for each way of asking, `column` says which is a chunk's; chunks
    that are asked for in the same words, such as a service's prices at several branches, have one, and so has a fact that a
    file tells once more under a name of the pack's: two that say the same would take it from each other. `taught` is what it was
    fitted to."""

    taught: Mapping[str, Wording]
    column: Mapping[str, int]
    weights: Vectors

    def of(self, text: str, vector: Vectors) -> Mapping[str, float]:
        """How likely each chunk is what a question asks for: about 1 for the one that surely is, 0 for others."""
        if not self.column:
            return {}
        meaning = np.zeros(len(self.weights) - PIECES, np.float32)
        if len(vector) == len(meaning):
            meaning = MEANING * vector
        scores = np.concatenate([folded(text), meaning]) @ self.weights
        return {id: float(scores[at]) for id, at in self.column.items()}


NOTHING = Asking({}, {}, np.zeros((PIECES, 0), np.float32))


class Recent:
    """The last classifiers of the process, up to so many bytes: a tenant whose settings change begins anew with the same knowledge, and
    many begin with the same one. Any thread may ask."""

    def __init__(self, most: int) -> None:
        self._most, self._lock, self._held = most, Lock(), list[Asking]()

    def of(self, taught: Mapping[str, Wording]) -> Asking | None:
        """The one that was fitted to exactly this."""
        with self._lock:
            return next((each for each in self._held if each.taught == taught), None)

    def kept(self, asking: Asking) -> Asking:
        """Remember it; the oldest ones are forgotten."""
        with self._lock:
            self._held.append(asking)
            while sum(each.weights.nbytes for each in self._held) > self._most:
                self._held.pop(0)
        return asking


_RECENT = Recent(64 * 2**20)


def fitted(chunks: Sequence[Chunk], size: int, old: Asking = NOTHING) -> Asking:
    """The classifier of these chunks, whose vectors have `size` dimensions. It is worth its time where anything has wordings. What
    people answered is not in it: a lesson that was learnt a moment ago is found at once, by its names. Blocks."""
    told = sorted(
        (chunk for chunk in chunks if not is_lesson(chunk)), key=lambda chunk: (not asked_of(chunk), chunk.id)
    )
    if not any(map(asked_of, told[:1])):
        return NOTHING
    column, teachers = _columns(told)
    taught = {
        chunk.id: (*_lines(chunk), "", *asked_of(chunk), "", str(zlib.crc32(chunk.vector)), str(size)) for chunk in told
    }
    if taught == old.taught:
        return old
    return _RECENT.of(taught) or _RECENT.kept(
        Asking(taught, column, _solved(_examples(chunk, size) for chunk in teachers))
    )


def _columns(told: Sequence[Chunk]) -> tuple[Mapping[str, int], Sequence[Chunk]]:
    """The column of each chunk, and the chunk that teaches each; those with wordings come first."""
    teachers: list[Chunk] = []
    known: dict[Wording, int] = {}
    column: dict[str, int] = {}
    for chunk in told:
        asked, names = asked_of(chunk), [(fold(name),) for name in called(chunk)]
        at = known.get(asked or tuple(_lines(chunk)), known.get(names[0]) if names and not asked else None)
        if at is None:
            at = len(teachers)
            teachers.append(chunk)
            known[asked or tuple(_lines(chunk))] = at
            for name in names if asked else ():
                known.setdefault(name, at)
        column[chunk.id] = at
    return column, teachers


def _lines(chunk: Chunk) -> Sequence[str]:
    """What a chunk is called and asked by; the words of a text without a name are all that is known of it."""
    return called(chunk) or wordings(chunk)


def _examples(chunk: Chunk, size: int) -> Vectors:
    """A row for each name and each wording of a chunk: its pieces, and the meaning of wordings."""
    lines, asked = _lines(chunk), asked_of(chunk)
    rows = np.zeros((len(lines) + len(asked), PIECES + size), np.float32)
    for at, text in enumerate((*lines, *asked)):
        rows[at, :PIECES] = _folded(pieces.__wrapped__(text))  # those of customers' questions are worth remembering
    rows[len(lines) :, PIECES:] = MEANING * rows_of(chunk, size)[1:]
    return rows


def _solved(rows: Iterable[Vectors]) -> Vectors:
    """Ridge regression of "is it this one" for each; a row takes 10 KB, so few of them are held at once."""
    sums: list[Vectors] = []
    gram = np.zeros((0, 0), np.float32)
    batches = _batches(rows)
    batch = next(batches)
    if sum(map(len, batch)) < min(AT_ONCE, batch[0].shape[1]):  # these are all
        return _solved_by_row(batch)
    while batch:
        sums += [each.sum(axis=0) for each in batch]
        whole = np.concatenate(batch)
        gram = whole.T @ whole + (gram if gram.size else RIDGE * np.eye(whole.shape[1], dtype=np.float32))
        batch = next(batches, [])
    return np.linalg.solve(gram, np.stack(sums, axis=1)).astype(np.float32)


def _solved_by_row(rows: Sequence[Vectors]) -> Vectors:
    """The same for fewer rows than dimensions: an equation for each row, which for a hundred of them takes no time."""
    whole = np.concatenate(rows)
    wanted = np.repeat(np.eye(len(rows), dtype=np.float32), [len(each) for each in rows], axis=0)
    gram = whole @ whole.T + RIDGE * np.eye(len(whole), dtype=np.float32)
    return (whole.T @ np.linalg.solve(gram, wanted)).astype(np.float32)


def _batches(rows: Iterable[Vectors]) -> Iterator[list[Vectors]]:
    """The rows a batch after the other, however many there are."""
    held: list[Vectors] = []
    for each in rows:
        held.append(each)
        if sum(map(len, held)) >= AT_ONCE:
            yield held
            held = []
    if held:
        yield held


def folded(text: str) -> Vectors:
    """The pieces of a text's words, hashed into few dimensions, of length 1."""
    return _folded(pieces(text))


def _folded(found: Collection[str]) -> Vectors:
    cut = np.fromiter((zlib.crc32(piece.encode()) for piece in found), np.uint32, len(found))
    row = np.bincount(cut % PIECES, np.where(cut & _SIGN, 1.0, -1.0), minlength=PIECES).astype(np.float32)
    length = float(np.linalg.norm(row))
    return row / length if length else row
