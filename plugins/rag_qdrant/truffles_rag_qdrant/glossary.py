"""Concepts of everyday business in Russian, Kazakh and English, and the words that carry no question."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from truffles_rag_qdrant.words import fold, tokens

LANGUAGES = ("ru", "kk", "en")
Table = dict[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Concept:
    """One meaning. `ask` marks what is asked for (price, place), not the thing that it is asked about; `minor` ones
    say little beside another thing, those of less `weight` even alone; `narrows` says that a fact which lacks it, and
    the concepts `said_by` which it is said, too, is about another thing; `instead_of` names asks that are none beside this one. The words
    of a phrase of a `trade` count by themselves, too: "oil change" is said of oil. A `wide` one stands beside narrower ones: a dog is a pet."""

    name: str
    russian: str
    ask: bool = False
    minor: bool = False
    narrows: bool = False
    weight: float = 1.0
    instead_of: tuple[str, ...] = ()
    said_by: tuple[str, ...] = ()
    trade: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A concept found at `start`, `length` words long, through words of `language`."""

    concept: Concept
    start: int
    length: int
    language: str


@dataclass(slots=True)
class _Patterns:
    """Words and beginnings of words by spelling, phrases by the pattern of their first word."""

    ids: dict[str, int] = field(default_factory=dict)
    single: dict[int, list[tuple[Concept, str]]] = field(default_factory=dict)
    phrases: dict[int, list[tuple[tuple[int, ...], Concept, str]]] = field(default_factory=dict)

    def add(self, entry: str, concept: Concept, language: str) -> None:
        ids = tuple(self.ids.setdefault(word, len(self.ids)) for word in _words(entry))
        if len(ids) == 1:
            self.single.setdefault(ids[0], []).append((concept, language))
        elif ids:
            self.phrases.setdefault(ids[0], []).append((ids, concept, language))

    def of(self, word: str) -> dict[int, int]:
        """Pattern ids that a word matches, each with the number of letters that agree (a whole word counts more)."""
        found = {}
        for end in range(1, len(word) + 1):
            known = self.ids.get(word[:end] + "*")
            if known is not None:
                found[known] = end
        exact = self.ids.get(word)
        if exact is not None:
            found[exact] = len(word) + 1
        return found


def _words(entry: str) -> list[str]:
    """ "шаш боя*" → ["шаш", "боя*"], folded like a customer's words."""
    result = []
    for word in entry.split():
        folded = tokens(word)
        if folded and word.endswith("*"):
            folded[-1] += "*"
        result += folded
    return result


class Glossary:
    """Finds concepts in a list of folded words. `spoken` are all words that it knows as they stand; `words`, and `beginnings` of such,
    are those of every business."""

    def __init__(self, table: Table, light: dict[str, list[str]], trades: Table | None = None) -> None:
        self.concepts: dict[str, Concept] = {}
        self.spoken: set[str] = set()
        self.words: set[str] = set()
        self.beginnings: set[str] = set()
        self._patterns = _Patterns()
        self._patterns_of = lru_cache(maxsize=20_000)(self._patterns.of)
        self._found = lru_cache(maxsize=20_000)(self._find)
        for name, entry in table.items():
            self._add(name, entry)
        for name, entry in (trades or {}).items():
            self._add(name, entry, trade=True)
        self.greeting = _folded(light["greeting"])
        self.light = self.greeting.union(*(_folded(light[language]) for language in LANGUAGES))
        self.asking = _folded(light["asking"])
        self._light_beginnings = tuple(
            fold(word[:-1]) for language in LANGUAGES for word in light[language] if word.endswith("*")
        )

    def _add(self, name: str, entry: dict[str, object], *, trade: bool = False) -> None:
        russian: list[str] = entry["ru"]  # type: ignore[assignment]
        shown = next(word for word in russian if "*" not in word)
        instead: list[str] = entry.get("instead_of", [])  # type: ignore[assignment]
        said_by: list[str] = entry.get("said_by", [])  # type: ignore[assignment]
        weight = float(entry.get("weight", 1.0))  # type: ignore[arg-type]
        ask, minor, narrows = (bool(entry.get(flag)) for flag in ("ask", "minor", "narrows"))
        concept = Concept(
            name, shown, ask, minor, narrows, weight, tuple(instead), tuple(said_by), trade, bool(entry.get("wide"))
        )
        self.concepts[name] = concept
        for language in LANGUAGES:
            for phrase in entry.get(language, ()):  # type: ignore[attr-defined]
                self._patterns.add(phrase, concept, language)
                for word in _words(phrase):
                    self._note(word, trade=trade)

    def _note(self, word: str, *, trade: bool) -> None:
        """A slip is put right by the words of every business alone: "камри" is no stone where nobody sells any."""
        if "*" not in word:
            self.spoken.add(word)
        if not trade:
            (self.beginnings if "*" in word else self.words).add(word.removesuffix("*"))

    def find(self, words: Sequence[str]) -> tuple[Hit, ...]:
        """The concepts in `words`, left to right; longer phrases win over shorter ones and over single words."""
        return self._found(tuple(words))

    def _find(self, words: tuple[str, ...]) -> tuple[Hit, ...]:
        matches = [self._patterns_of(word) for word in words]
        hits: list[Hit] = []
        position = 0
        while position < len(words):
            found = self._phrases(matches, position) or self._singles(matches, position)
            hits += found
            length = max((hit.length for hit in found), default=1)
            if length > 1 and all(hit.concept.trade for hit in found):
                hits += self._within(matches, position, length, {hit.concept.name for hit in found})
            position += length
        return tuple(hits)

    def _within(self, matches: Sequence[dict[int, int]], start: int, length: int, known: set[str]) -> Iterable[Hit]:
        """The concepts of the words of a trade's phrase, without what the phrase itself is."""
        found = (hit for at in range(start, start + length) for hit in self._singles(matches, at))
        return [hit for hit in found if hit.concept.name not in known]

    def _phrases(self, matches: Sequence[dict[int, int]], start: int) -> list[Hit]:
        best: list[Hit] = []
        for first in matches[start]:
            for ids, concept, language in self._patterns.phrases.get(first, ()):
                if not _fits(ids, matches, start) or (best and len(ids) < best[0].length):
                    continue
                hit = Hit(concept, start, len(ids), language)
                best = [*best, hit] if best and best[0].length == len(ids) else [hit]
        return _distinct(best)

    def _singles(self, matches: Sequence[dict[int, int]], start: int) -> list[Hit]:
        known = {key: length for key, length in matches[start].items() if key in self._patterns.single}
        longest = max(known.values(), default=0)
        return _distinct(
            Hit(concept, start, 1, language)
            for key, length in known.items()
            for concept, language in self._patterns.single[key] if length == longest or concept.wide
        )  # fmt: skip

    def knows(self, word: str) -> bool:
        """Is the word a concept or a light word by itself?"""
        return self.is_light(word) or bool(self._singles([self._patterns_of(word)], 0))

    def is_light(self, word: str) -> bool:
        """Does it carry grammar or politeness only?"""
        return word in self.light or word.startswith(self._light_beginnings)


def _fits(ids: Sequence[int], matches: Sequence[dict[int, int]], start: int) -> bool:
    return start + len(ids) <= len(matches) and all(key in matches[start + at] for at, key in enumerate(ids))


def _distinct(hits: Iterable[Hit]) -> list[Hit]:
    """One hit a concept; the languages come in the order ru, kk, en, and the first stays."""
    return list({hit.concept.name: hit for hit in reversed(list(hits))}.values())


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word for entry in words if not entry.endswith("*") for word in tokens(entry))


@cache
def glossary() -> Glossary:
    """The glossary that ships with the plugin, read once a process: what every business has, and the words of many trades."""
    concepts, trades, light = (_read(name) for name in ("concepts.toml", "trades.toml", "light.toml"))
    return Glossary(concepts, light, trades)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((resources.files("truffles_rag_qdrant") / "data" / name).read_text("utf-8"))
