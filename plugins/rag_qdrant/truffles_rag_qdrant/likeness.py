"""How alike a question and the wordings of a chunk are, letter by letter: what slips, endings and Kazakh leave in common.

Each name, alias and asked question of a chunk, and what it says, is a wording by itself: a question is like the nearest one,
however many others stand beside it. Pieces of words count by how rare they are among the wordings of the knowledge.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant.words import fold, from_latin, from_layout, is_latin, is_russian

SHORTEST, LONGEST = 3, 5
MOST_WORDS, MOST_WORDINGS, LONGEST_TEXT = 60, 60, 600
_WORD = re.compile(r"[a-zа-я0-9]+")
_QUESTIONS = re.compile(r"(?<=\?)\s+|[|\n]")


def wordings(chunk: Chunk) -> list[str]:
    """All that a chunk is called, asked by, and says."""
    said = [f"{chunk.title} {chunk.text}".strip(), chunk.answer]
    return list(dict.fromkeys((*called(chunk), *(text.strip() for text in said if text.strip()))))[:MOST_WORDINGS]


def called(chunk: Chunk) -> list[str]:
    """All that a chunk is called, and its questions."""
    names = [chunk.metadata.get("name", ""), *chunk.metadata.get("aliases", "").split("|")]
    asked = _QUESTIONS.split(chunk.question)
    return list(dict.fromkeys(text.strip() for text in (*names, *asked) if text.strip()))


@lru_cache(20_000)
def pieces(text: str) -> frozenset[str]:
    """The pieces of a text's words; a Latin one is also what it sounds like, or was meant on the other layout."""
    typed = " ".join(map(_as_meant, text[:LONGEST_TEXT].split()))
    words = _WORD.findall(fold(typed))[:MOST_WORDS]
    return frozenset(piece for word in words for each in _readings(word) for piece in _cut(each))


def _as_meant(word: str) -> str:
    """A word typed on the wrong layout, its marks that are letters there included: "vfybr.h" is "маникюр"."""
    typed = from_layout(word)
    return typed if is_latin(word.lower()) and is_russian(typed) else word


def _readings(word: str) -> Iterator[str]:
    yield word
    if is_latin(word) and len(word) > 2:
        yield from_latin(word)


def _cut(word: str) -> Iterator[str]:
    yield f"={word}"
    framed = f"<{word}>"
    for length in range(SHORTEST, LONGEST + 1):
        yield from (framed[at : at + length] for at in range(len(framed) - length + 1))


class Likeness:
    """The wordings of one knowledge, by their pieces."""

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        lines = [(chunk.id, pieces(text)) for chunk in chunks for text in wordings(chunk)]
        self._ids = [id for id, _ in lines]
        counts = Counter(piece for _, found in lines for piece in found)
        self._weight = {piece: math.log((len(lines) + 1) / (count + 1)) ** 2 for piece, count in counts.items()}
        self._unknown = math.log(len(lines) + 1) ** 2
        self._length = [math.sqrt(sum(self._weight[piece] for piece in found)) or 1.0 for _, found in lines]
        self._at: dict[str, list[int]] = defaultdict(list)
        for number, (_, found) in enumerate(lines):
            for piece in found:
                self._at[piece].append(number)

    def of(self, text: str) -> Mapping[str, float]:
        """How alike a text and each chunk are, 0..1; chunks that share nothing with it are left out."""
        whole, shared = self._shared(text)
        length = math.sqrt(whole)
        return self._best({number: weight / (length * self._length[number]) for number, weight in shared.items()})

    def _shared(self, text: str) -> tuple[float, Mapping[int, float]]:
        """The weight of a text's pieces, and of those that it shares with each wording."""
        asked = pieces(text)
        shared: dict[int, float] = defaultdict(float)
        for piece in asked:
            weight = self._weight.get(piece, 0.0)
            for number in self._at.get(piece, ()):
                shared[number] += weight
        return sum(self._weight.get(piece, self._unknown) for piece in asked) or 1.0, shared

    def _best(self, by_wording: Mapping[int, float]) -> Mapping[str, float]:
        best: dict[str, float] = {}
        for number, share in by_wording.items():
            if share > best.get(self._ids[number], 0.0):
                best[self._ids[number]] = share
        return best


def nearest(alike: Mapping[str, float], most: int) -> Sequence[str]:
    """The chunks that are most alike."""
    return sorted(alike, key=lambda id: -alike[id])[:most]
