"""The everyday words of asking (`data/asks.toml`), compiled once a process: patterns by what they ask for, small words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from truffles_policy.language import LANGUAGES, data
from truffles_policy.lemmas import ANY, Entry, normal
from truffles_policy.patterns import Compiler, Index, Pattern, entry

LIGHT, CLOCK, DAY, MONTH, OF_MONTH = "light", "clock", "day:", "month:", "of-"
_TABLES = frozenset({
    "fillers", "small", "whens", "joins", "groups", "opening", "days", "months", "month_days", "ordinals", "negations", "rules", "light", "clock", "goods",
})  # fmt: skip


@dataclass(frozen=True)
class Asks:
    """What the data know. `names` tells by a pattern's identity what it stands for; among equally long matches the one
    that is earlier in `order` counts. `goods` tell how goods are asked for."""

    index: Index
    goods: Mapping[str, Index]
    names: Mapping[int, str]
    order: Mapping[str, int]
    entries: frozenset[Entry]
    fillers: frozenset[str]
    small: frozenset[str]
    whens: frozenset[str]
    joins: frozenset[str]
    opening: frozenset[str]
    before: frozenset[str]
    after: tuple[str, ...]
    denials: frozenset[str]
    polite: tuple[str, ...]
    ordinals: Mapping[str, int]
    months: tuple[str, ...]
    days_of_month: Mapping[str, int]


@lru_cache(1)
def asks() -> Asks:
    """The compiled data."""
    raw = _raw()
    compilers = {language: Compiler(language, _groups(raw)) for language in (*LANGUAGES, ANY)}
    patterns: list[Pattern] = []
    names: dict[int, str] = {}
    order: dict[str, int] = {}
    for name, language, source in _sources(raw):
        pattern = compilers[language].pattern(source)
        patterns.append(pattern)
        names[id(pattern)] = name
        order.setdefault(name, len(order))
    goods = {how: Index([compilers[language].pattern(each) for language, sources in table.items() for each in sources])
             for how, table in raw["goods"].items()}  # fmt: skip
    entries = frozenset(entry for compiler in compilers.values() for entry in compiler.entries)
    return Asks(
        Index(patterns), goods, names, order, entries,
        fillers=_words(raw["fillers"]), small=_words(raw["small"]), whens=_words(raw["whens"]), joins=_words(raw["joins"]),
        opening=_words(raw["opening"]), before=frozenset(raw["negations"]["before"]),
        after=tuple(raw["negations"]["after"]),
        denials=frozenset(map(normal, raw["negations"]["words"])), polite=tuple(raw["negations"]["polite"]),
        ordinals={normal(word): int(number) for number, words in raw["ordinals"].items() for word in words},
        months=tuple(raw["months"]["ru"]),
        days_of_month={word: int(number) for number, word in raw["month_days"].items()},
    )  # fmt: skip


SHORT = 3
"""How many letters of a month people write at least, or one more ("16 dec", "2 янв", "5 сент")."""


def _raw() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("truffles_policy").joinpath("data", "asks.toml").read_text(encoding="utf-8"))


def _sources(raw: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Name, language and source of every pattern. What is asked for goes before what says nothing."""
    tables = {name: table for name, table in raw.items() if name not in _TABLES}
    tables |= {f"rules.{name}": table for name, table in raw["rules"].items()}
    tables |= {f"{DAY}{name}": table for name, table in raw["days"].items()}
    for name, table in tables.items():
        yield from ((name, language, source) for language, sources in table.items() for source in sources)
    yield from _dates(raw["months"])
    yield from ((f"{DAY}{OF_MONTH}{number}", "ru", f"={word}") for number, word in raw["month_days"].items())
    yield (f"{DAY}{OF_MONTH}", "ru", "=на? # =числа|=число")
    for name in (CLOCK, LIGHT):
        yield from ((name, language, source) for language, sources in raw[name].items() for source in sources)
    for language in LANGUAGES:  # greetings and thanks as the rules know them
        for rule in ("greeting", "thanks"):
            yield from ((LIGHT, language, source) for source in data(language)[rule]["only"])


def _dates(months: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str, str]]:
    for language, names in months.items():
        for number, month in enumerate(names, 1):
            short = "" if language == "kk" else f"|={month[:SHORT]}|={month[: SHORT + 1]}"
            yield f"{MONTH}{number}", language, f"# {month}{short}"
            if language == "en":
                yield f"{MONTH}{number}", language, f"=on? {month}{short} #"


def _groups(raw: Mapping[str, Any]) -> dict[str, frozenset[Entry]]:
    return {
        name: frozenset(entry(language, word) for language, words in languages.items() for word in words)
        for name, languages in raw["groups"].items()
    }


def _words(table: Mapping[str, Iterable[str]]) -> frozenset[str]:
    return frozenset(normal(word) for words in table.values() for word in words)
