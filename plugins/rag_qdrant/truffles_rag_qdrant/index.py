"""What is known of a tenant's chunks besides their vectors: terms, their rarity, and how well one fits a question."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from truffles_gateway.plugin import Chunk
from truffles_rag_qdrant.embed import Vectors
from truffles_rag_qdrant.parts import Part
from truffles_rag_qdrant.reading import Reader, Term, keys_of
from truffles_rag_qdrant.words import tokens

LEXICAL_SIZE = 1024
FEATURES = ("coverage", "focus", "cosine", "product", "unknown", "ask_missed", "spread", "evidence")
_BODY = 0.7
_HEADING = 0.8
_ASK = 0.5
_KINDS = (
    ("c:price", re.compile(r"₸|\bтг\b|тенге|теңге|\$|€")),
    ("c:duration", re.compile(r"\d\s*(?:ч|мин|час\w*)\b")),
    ("c:hours", re.compile(r"\b\d{1,2}:\d{2}\b")),
    ("c:where", re.compile(r"\b(?:ул|пр|просп|мкр|бульвар)\.?\s", re.IGNORECASE)),
    ("c:phone", re.compile(r"\+\d[\d\s()-]{9,}")),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A chunk as the lexical side sees it: `terms` with their strength, `names` as sets of keys."""

    chunk: Chunk
    terms: Mapping[str, float]
    names: tuple[frozenset[str], ...]


def entry_of(chunk: Chunk) -> Entry:
    """Read a chunk: its name, question and aliases count in full, its headings a little less, its body least."""
    aliases = [alias for alias in chunk.metadata.get("aliases", "").split("|") if alias]
    name = chunk.metadata.get("name", "")
    names = [keys_of(label) for label in (name, chunk.question) if label]
    full = {key for keys in (*names, *(keys_of(alias) for alias in aliases)) for key in keys}
    terms = dict.fromkeys((*keys_of(chunk.text), *_kinds(chunk.text)), _BODY)
    terms.update(dict.fromkeys(keys_of(chunk.title), _HEADING))
    terms.update(dict.fromkeys(full, 1.0))
    shown = names or [(*keys_of(chunk.title), *keys_of(chunk.text))]
    variants = [*shown, *(keys_of(alias) for alias in aliases)]
    return Entry(chunk, terms, tuple(frozenset(keys) for keys in variants if keys))


def _kinds(text: str) -> list[str]:
    return [key for key, sign in _KINDS if sign.search(text)]


class Index:
    """The lexical side of one tenant's knowledge. Built and used on one thread."""

    def __init__(self, chunks: Iterable[Chunk], old: Index | None = None) -> None:
        kept = old.entries if old else {}
        self.entries = {chunk.id: _entry(chunk, kept.get(chunk.id)) for chunk in chunks}
        self._counts = Counter(key for entry in self.entries.values() for key in entry.terms)
        self._scale = math.log(1 + len(self.entries)) or 1.0
        self.reader = Reader(word for entry in self.entries.values() for word in _vocabulary(entry.chunk))

    def rarity(self, key: str) -> float:
        """1 for a term that one chunk holds (or none), towards 0 for one that all hold."""
        count = self._counts.get(key, 0)
        return math.log(1 + len(self.entries) / max(count, 1)) / self._scale if self.entries else 1.0

    def weight(self, term: Term) -> float:
        """How much a term counts in a question."""
        return term.weight * (_ASK if term.ask else 1.0) * min(1.0, 0.25 + self.rarity(term.key))

    def sparse(self, part: Part) -> dict[int, float]:
        """A question as a sparse vector: rarity is on this side, so that chunks need no update when others change."""
        return _hashed({term.key: self.weight(term) for term in part.terms if not term.unknown})

    def features(self, part: Part, chunk_id: str, cosine: float) -> list[float]:
        """How well a chunk fits a question, in the order of `FEATURES`."""
        entry = self.entries[chunk_id]
        weights = {term.key: self.weight(term) for term in part.terms}
        total = sum(weights.values()) or 1.0
        matched = sum(weight * entry.terms.get(key, 0.0) for key, weight in weights.items())
        coverage, focus = matched / total, self._focus(weights, entry)
        unknown = sum(weight for key, weight in weights.items() if key not in self._counts) / total
        missed = sum(key not in entry.terms for key in part.asked) / max(len(part.asked), 1)
        spread = self._spread([key for key in weights if key in entry.terms])
        return [coverage, focus, cosine, coverage * focus, unknown, missed, spread, min(matched, 2.0)]

    def _focus(self, weights: Mapping[str, float], entry: Entry) -> float:
        """How much of the chunk's name the question says; the best of its names counts."""
        best = 0.0
        for name in entry.names:
            whole = sum(self.rarity(key) for key in name)
            best = max(best, sum(self.rarity(key) for key in name if key in weights) / whole if whole else 0.0)
        return best

    def _spread(self, keys: Sequence[str]) -> float:
        """The share of all chunks that hold these terms too: a price without a service fits every price."""
        if not keys:
            return 1.0
        rarest = min(self._counts[key] for key in keys)
        return rarest / len(self.entries)


def _entry(chunk: Chunk, old: Entry | None) -> Entry:
    return old if old and old.chunk == chunk else entry_of(chunk)


def _vocabulary(chunk: Chunk) -> list[str]:
    fields = (
        chunk.text,
        chunk.title,
        chunk.question,
        chunk.metadata.get("name", ""),
        chunk.metadata.get("aliases", ""),
    )
    return [word for text in fields for word in tokens(text)]


def lexical(entry: Entry) -> dict[int, float]:
    """A chunk as a sparse vector."""
    return _hashed(entry.terms)


def _hashed(weights: Mapping[str, float]) -> dict[int, float]:
    result: dict[int, float] = {}
    for key, weight in weights.items():
        at = zlib.crc32(key.encode())
        result[at] = result.get(at, 0.0) + weight
    return result


def dense(sparse: Mapping[int, float], size: int = LEXICAL_SIZE) -> Vectors:
    """A sparse vector folded into few dimensions, with signs, so that collisions cancel out.

    Qdrant's local mode walks sparse vectors in Python (2.6 ms for 110 chunks) and multiplies dense ones in numpy.
    """
    vector = np.zeros(size, np.float32)
    for at, weight in sparse.items():
        vector[at % size] += weight if at & 0x8000_0000 else -weight
    return vector
