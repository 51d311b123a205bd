"""Words and phrases: folding, parts of sentences, and the small language of `data/words.toml`. No tenant, no state."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

_FOLD = str.maketrans("ёәғқңөұүһі", "еагкноуухи")
_TOKEN = re.compile(r"[^\W_]+")
_GAP = r"(?:\S+ ){0,3}"


@lru_cache
def _lists() -> dict[str, Any]:
    return tomllib.loads((resources.files("truffles_learning") / "data" / "words.toml").read_text("utf-8"))


def fold(text: str) -> str:
    """Lower case, е for ё, Kazakh letters as the Russian ones that people type for them."""
    return unicodedata.normalize("NFKC", text).lower().translate(_FOLD)


def tokens(text: str) -> list[str]:
    """The folded words and numbers of a text."""
    return _TOKEN.findall(fold(text))


def sentences(text: str) -> list[str]:
    """The sentences of a text with their marks; a point between digits ends none."""
    return [found for each in re.split(r"(?<=[.!?…])\s+|\n+", text) if (found := each.strip())]


def clauses(sentence: str) -> list[str]:
    """A sentence cut at its commas, which stay with what they follow; not within "1,5"."""
    return re.split(r"(?<=[,;])(?=\s)", sentence)


@lru_cache
def listed(name: str) -> frozenset[str]:
    """A list of single words, folded."""
    return frozenset(fold(word) for word in _lists()[name])


@lru_cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("|".join(_compiled(fold(phrase)) for phrase in _lists()[name]))


def _compiled(phrase: str) -> str:
    """One phrase as a pattern over words that are joined and surrounded by single spaces."""
    parts = [_element(part) for part in phrase.split()]
    return rf"(?:(?<= ){''.join(parts)})"


def _element(part: str) -> str:
    if part == "~":
        return _GAP
    if part in "^$":
        return r"(?<=^ )" if part == "^" else "$"
    alternatives = _lists()["person"] if part == "@person" else part.split("|")
    return f"(?:{'|'.join(_word(fold(each)) for each in alternatives)}) "


def _word(word: str) -> str:
    return re.escape(word[:-1]) + r"\S*" if word.endswith("*") else re.escape(word)


def holds(name: str, text: str) -> bool:
    """Does `text` hold a phrase of the list `name`?"""
    return _pattern(name).search(f" {' '.join(tokens(text))} ") is not None


def found(name: str, text: str) -> list[str]:
    """The phrases of the list `name` in `text`, as folded words."""
    return [match.strip() for match in _pattern(name).findall(f" {' '.join(tokens(text))} ")]


def is_empty(text: str, *lists: str) -> bool:
    """Nothing but greetings, thanks and signs, nor words of `lists`?"""
    return all(any(word in listed(name) for name in ("empty", *lists)) for word in tokens(text))


def content(text: str) -> list[str]:
    """The words of a question that say what it is about."""
    return [word for word in tokens(text) if word not in listed("light")]


def joined(parts: Sequence[str]) -> str:
    """Sentences or clauses as one text."""
    return " ".join(part.strip() for part in parts).strip(" ,;")
