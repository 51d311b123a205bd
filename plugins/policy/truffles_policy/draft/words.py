"""How documents call things (`data/draft.toml`), and spellings to compare them by."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

_LETTERS = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "i",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
    "ә": "a", "ғ": "g", "қ": "q", "ң": "n", "ө": "o", "ұ": "u", "ү": "u", "һ": "h", "і": "i",
}  # fmt: skip
_LONGEST = 40


@lru_cache
def data() -> Mapping[str, Any]:
    """All of it."""
    return tomllib.loads(resources.files("truffles_policy").joinpath("data", "draft.toml").read_text(encoding="utf-8"))


def low(text: str) -> str:
    """A text to compare with: small letters, е for ё, single spaces, nothing but words, digits and what joins them."""
    plain = re.sub(r"[^\w\s/+-]", " ", text.lower().replace("ё", "е"))
    return " ".join(plain.split())


def begins(text: str, words: Iterable[str]) -> bool:
    """Does a text begin with one of these? `отмен*` is the beginning of a word, others are whole words."""
    return any(
        text.startswith(word[:-1]) if word.endswith("*") else f"{text} ".startswith(f"{word} ")
        for word in (low(each) if not each.endswith("*") else f"{low(each)}*" for each in words)
    )


def mentions(text: str, words: Iterable[str]) -> bool:
    """Does one of these stand anywhere in a text?"""
    said = low(text)
    starts = [0, *(found.end() for found in re.finditer(" ", said))]
    return any(begins(said[at:], words) for at in starts)


def without(text: str, leads: Sequence[str]) -> str:
    """A text without a lead-in such as "Адрес:"."""
    for lead in sorted(leads, key=len, reverse=True):
        found = re.match(rf"\s*{re.escape(lead)}\s*[:—–-]\s*", text, re.IGNORECASE)
        if found and text[found.end() :]:
            return text[found.end() :]
    return text


def id_of(name: str, taken: Iterable[str]) -> str:
    """An id from a name, of no other thing."""
    latin = "".join(_LETTERS.get(letter, letter) for letter in name.lower())
    words = re.findall(r"[a-z0-9]+", latin)
    made = ""
    for word in words:
        if made and len(made) + len(word) >= _LONGEST:
            break
        made = f"{made}-{word}".strip("-")[:_LONGEST]
    made, known, number = made or "item", set(taken), 2
    unique = made
    while unique in known:
        unique, number = f"{made}-{number}", number + 1
    return unique
