"""What a pack does not say, although a fact beside it sounds like an answer: a licence's number, what instalments cost on top, when
something comes, whether one of the staff works on a day. And whom a customer wanted who dialled a wrong number."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from truffles_policy.lemmas import clean, fold, from_latin, is_russian, normal, russian
from truffles_policy.pack.schema import Pack
from truffles_policy.rules import Finding

UNSAID, TRADE = "unsaid", "another trade"
BRIEF, LONGEST = 80, 1_000
_NAME = r"(?P<name>[^\W\d_]{3,})"
_SHIFTS = tuple(re.compile(fold(each)) for each in (
    rf"\b(?={_NAME}\b(?: [^\W\d_]+){{0,3}} (?:работает|принимает|выходит|на смене|жумыс истей|кабылдай))",
    rf"\b(?:работает|принимает|выходит|на смене)(?: ли)?(?: (?:в|во|у вас|завтра|сегодня|[^\W\d_]{{2,3}}|суббот[уы]|воскресенье))* {_NAME}\b",
    rf"\b(?:is|does) {_NAME}(?: [^\W\d_]+){{0,2}} (?:work|working|available|on shift|in (?:on|today|tomorrow))\b",
))  # fmt: skip
"""Asked whether somebody works, by name."""
_SPOKEN = re.compile(r"[^\w\s]+")
_OTHER = frozenset(
    {
        "рахмет",
        "мая",
        "май",
        "марта",
        "август",
        "августа",
        "сан",
        "али",
        "воля",
        "слава",
        "anyone",
        "someone",
        "anybody",
        "everyone",
    }
)
"""Words that the dictionary has as names, and everyday speech as others."""
MET = 5


@dataclass(frozen=True, slots=True)
class Topic:
    """`asked` are the ways to ask, `said` how a pack would speak of it in `where`."""

    name: str
    asked: re.Pattern[str]
    said: re.Pattern[str]
    where: str


class Unsaid:
    """What one pack says nothing of."""

    def __init__(self, pack: Pack) -> None:
        said: Mapping[str, Any] = pack.model_dump(mode="json", exclude_defaults=True)
        self._told = fold(" ".join(_strings(said)).lower())
        self._topics = [each for each in _topics() if not each.said.search(_part(said, each.where))]

    def asked(self, text: str) -> Finding | None:
        """What of it is asked for."""
        words = _words(text)
        plain = fold(words)
        topic = next((each.name for each in self._topics if each.asked.search(plain)), "") or self._at_work(
            words, plain
        )
        return Finding(UNSAID, " ".join(text[:BRIEF].split()), topic) if topic else None

    def _at_work(self, words: str, plain: str) -> str:
        """The one whose shift is asked for, if the pack knows nobody of that name."""
        spans = (match.span("name") for pattern in _SHIFTS for match in pattern.finditer(plain))
        found = (words[start:end] for start, end in spans)
        return next((name for name in found if is_name(name) and fold(name)[:MET] not in self._told), "")

    def misdialled(self, text: str) -> Finding | None:
        """The trade of whom a wrong number asks for; None where the business is one like that, or may be."""
        match = _dialled().search(fold(_words(text)))
        if match is None or any(word[:MET] in self._told for word in match["trade"].split()):
            return None
        return Finding("off_topic", match.group().strip(), TRADE)


def _words(text: str) -> str:
    """The words of a text in lower case, without marks."""
    return " ".join(_SPOKEN.sub(" ", clean(text[:LONGEST]).lower()).split())


@lru_cache(1_000)
def is_name(word: str) -> bool:
    """Is a word somebody's given name, in Cyrillic or in Latin letters?"""
    if word in _OTHER:
        return False
    readings = [normal(each) for each in (from_latin(word) if word.isascii() else (word,))]
    if not _names().isdisjoint(map(fold, readings)):
        return True
    return any(is_russian(each) and "Name" in russian().parse(each)[0].tag for each in readings)


def _part(said: Mapping[str, Any], where: str) -> str:
    """What stands in a part of a pack ("": in all of it)."""
    found: Any = said
    for name in filter(None, where.split(".")):
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return " ".join(_strings(found)).lower()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)


@lru_cache(1)
def _data() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("truffles_policy").joinpath("data", "unsaid.toml").read_text(encoding="utf-8"))


@lru_cache(1)
def _topics() -> tuple[Topic, ...]:
    return tuple(
        Topic(each["name"], re.compile(fold("|".join(each["asked"]))), re.compile(each["said"]), each.get("where", ""))
        for each in _data()["topics"]
    )


@lru_cache(1)
def _names() -> frozenset[str]:
    return frozenset(fold(name) for each in _data()["names"] for name in each["names"])


@lru_cache(1)
def _dialled() -> re.Pattern[str]:
    names = "|".join(name for each in _data()["trades"] for name in each["names"])
    return re.compile(
        fold(
            rf"^(?:(?:алл?о|але|здравствуйте|добрый день|салем|hi|hello) )*(?:это|бул|is this(?: an?| the)?) (?P<trade>{names})\b(?! или| or)"
        )
    )
