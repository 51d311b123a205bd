"""Words of one meaning (`data/synonyms.toml`): what customers call a thing beside what a price list calls it."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources

from truffles_policy.lemmas import CACHE, fold, is_russian, normal, russian


def synonyms(word: str) -> tuple[str, ...]:
    """The other words of a word's meaning, whatever its form; none of most words."""
    return _others("words", word)


def of_whom(word: str) -> tuple[str, ...]:
    """The other words for those a thing is for: of "мужской" also "муж"."""
    return _others("whom", word)


@lru_cache(CACHE)
def _others(table: str, word: str) -> tuple[str, ...]:
    rows, plain = _rows()[table], normal(word)
    found = dict.fromkeys(each for key in (plain, _lemma(plain), fold(plain)) for each in rows.get(key, ()))
    return tuple(each for each in found if each != plain)


@cache
def _rows() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """The rows of both tables by each of their words."""
    text = resources.files("truffles_policy").joinpath("data", "synonyms.toml").read_text(encoding="utf-8")
    return {table: _by_word(rows) for table, rows in tomllib.loads(text).items()}


def _by_word(rows: list[list[str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for word in row:
            for key in {normal(word), fold(normal(word))}:
                found[key] += row
    return {key: tuple(map(normal, row)) for key, row in found.items()}


def _lemma(word: str) -> str:
    return str(russian().parse(word)[0].normal_form).replace("ё", "е") if is_russian(word) else word
