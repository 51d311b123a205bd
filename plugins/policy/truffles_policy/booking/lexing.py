"""A text as tokens of dates and times: numbers by their shape, words by what they may mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from truffles_policy.booking.data import booking_data, own_words
from truffles_policy.lemmas import Entry, Lexicon, clean, normal

LONGEST = 1_000
Value = int | str | tuple[int, ...]

_SHAPES = (
    ("iso", r"(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)"),
    ("other", r"\+?\d[\d\s()-]{8,}\d"),  # a phone
    (
        "span12",
        r"(?P<s1>\d{1,2})(?:[:.](?P<s2>\d\d))?\s*(?:(?P<s3>[ap])\.?m\.?)?\s?[-–—]\s?(?P<s4>\d{1,2})(?:[:.](?P<s5>\d\d))?\s*(?P<s6>[ap])\.?m\b\.?",
    ),
    ("clocks", r"(?P<t1>\d{1,2}):(?P<t2>\d\d)\s?[-–—]\s?(?P<t3>\d{1,2}):(?P<t4>\d\d)(?!\d)"),
    ("clock12", r"(?P<h12>\d{1,2})(?:[:.](?P<m12>\d\d))?\s*(?P<half>[ap])\.?\s?m\b\.?"),
    ("dmy", r"(?P<dd>\d{1,2})[./](?P<mm>\d{1,2})[./](?P<yy>20\d\d|\d\d)(?!\d)"),
    ("pair", r"(?P<p1>\d{1,2})[./](?P<p2>\d\d)(?![\d%])"),
    ("clock", r"(?P<h>\d{1,2}):(?P<min>\d\d)(?!\d)"),
    ("dash", r"(?P<a>\d{1,2})\s?[-–—]\s?(?P<b>\d{1,2})(?!\d)"),
    ("nth", r"(?P<n>\d{1,2})(?:\s?-?(?:го|ого|ое|е|st|nd|rd|th|ші|шы|сі|сы|інде|ында|сында|сінде|іне|ына)|-(?:і|ы))\b"),
    (
        "case",
        r"(?P<c>\d{1,2})(?::(?P<cm>\d\d))?(?:-?(?:те|де|та|да|ке|ге|қа|ға|тен|ден|тан|дан|нан|нен)|\s(?:ке|ге|қа|ға|те|де))\b",
    ),
    ("hours", r"(?P<hh>\d{1,2})\s?(?:ч|h)\b\.?(?:\s?(?P<hm>[0-5]\d)\s?(?:м|мин|m|min)?\b)?"),
    ("num", r"(?P<num>\d{1,2})(?!\d)(?:-?(?:ти|и|х|ми|ю)\b)?"),
    ("other", r"\d+"),
    ("word", r"[^\W\d_]+(?:['’-][^\W\d_]+)*"),
    ("stop", r"[.,;!?\n]+"),
)
BLANKS = re.compile(r"[^\S\n]+")
_TOKEN = re.compile("|".join(f"(?P<k{at}>{shape})" for at, (_, shape) in enumerate(_SHAPES)))


@dataclass(frozen=True, slots=True)
class Tok:
    """A piece of the text: what it may be, each with its value, and where it stands."""

    text: str
    kinds: Mapping[str, Value]
    start: int
    end: int

    def has(self, *kinds: str) -> bool:
        """Is it any of these?"""
        return any(kind in self.kinds for kind in kinds)

    def number(self, *kinds: str) -> int:
        """The value of the first of these kinds that it is."""
        return next(value for kind in kinds if isinstance(value := self.kinds.get(kind), int))


NOTHING = Tok("", {}, 0, 0)


def lex(text: str) -> list[Tok]:
    """The tokens of `text`; of a huge one, of its beginning. Marks between words are dropped."""
    shown = BLANKS.sub(" ", clean(text[:LONGEST]).lower().replace("ё", "е"))
    return list(_tokens(shown))


def _tokens(text: str) -> Iterator[Tok]:
    for found in _TOKEN.finditer(text):
        kind = next(name for at, (name, _) in enumerate(_SHAPES) if found[f"k{at}"] is not None)
        if kind == "word":
            yield from _words(found.group(), found.start())
        elif kind != "stop":
            yield Tok(found.group(), {kind: _value(kind, found)}, found.start(), found.end())


def _words(written: str, start: int) -> Iterator[Tok]:
    """A word; its parts, where a hyphen joins numbers: "forty-five"; of "пн-ср" no half is what is meant."""
    kinds, parts = _vocabulary().kinds(written), written.split("-")
    apart = [] if kinds or len(parts) < 2 else [_vocabulary().kinds(part) for part in parts]
    if not apart or not all("number" in each for each in apart):
        yield Tok(written, kinds, start, start + len(written))
        return
    for part, meaning in zip(parts, apart, strict=True):
        yield Tok(part, meaning, start, start + len(part))
        start += len(part) + 1


def _value(kind: str, found: re.Match[str]) -> Value:
    names = {
        "iso": ("y", "m", "d"), "dmy": ("yy", "mm", "dd"), "pair": ("p1", "p2"), "clock": ("h", "min"),
        "clocks": ("t1", "t2", "t3", "t4"), "dash": ("a", "b"), "hours": ("hh", "hm"), "case": ("c", "cm"),
    }.get(kind)  # fmt: skip
    if kind == "clock12":
        hour = int(found["h12"]) % 12 + (12 if found["half"] == "p" else 0)
        return (hour, int(found["m12"] or 0), int(found["h12"]) <= 12)
    if kind == "span12":
        return _span12(found)
    if names:
        return tuple(int(found[name] or 0) for name in names)
    return int(found["n"] or found["num"] or 0) if kind in {"nth", "num"} else found.group()


def _span12(found: re.Match[str]) -> tuple[int, ...]:
    """2-4pm, 11am-1pm: hours and minutes of both ends; one half of the day counts for both where that is a span."""
    first, last = int(found["s1"]) % 12, int(found["s4"]) % 12 + (12 if found["s6"] == "p" else 0)
    half = found["s3"] or ("p" if found["s6"] == "p" and first + 12 < last else "a")
    return first + (12 if half == "p" else 0), int(found["s2"] or 0), last, int(found["s5"] or 0)


class Vocabulary:
    """What words of dates and times mean, in all languages and spellings."""

    def __init__(self) -> None:
        self._meanings: dict[str, list[tuple[str, Value]]] = {}
        entries = set()
        for kind, value, entry in _entries():
            entries.add(entry)
            self._meanings.setdefault(entry.key, []).append((kind, value))
        self._lexicon = Lexicon(entries, not_typos=own_words())

    def kinds(self, written: str) -> Mapping[str, Value]:
        """What a written word may mean."""
        found: dict[str, Value] = {}
        for key in sorted(self._lexicon.keys(normal(written))):
            found.update(self._meanings[key])
        return found


@lru_cache(1)
def _vocabulary() -> Vocabulary:
    return Vocabulary()


def _entries() -> Iterator[tuple[str, Value, Entry]]:
    for kind, values in booking_data()["words"].items():
        for name, languages in values.items():
            meaning = (name, 0) if kind == "small" else (kind, int(name) if name.lstrip("-").isdigit() else name)
            for language, words in languages.items():
                for word in words.split():
                    yield *meaning, Entry(language, word.lstrip("="), exact=word.startswith("="))
