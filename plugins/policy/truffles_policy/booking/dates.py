"""Real dates and times from what people write in Russian, Kazakh and English, in the business's own zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from truffles_policy.booking.clocks import clock_at, in_part, part_at
from truffles_policy.booking.days import at, day_at, minutes_ahead
from truffles_policy.booking.lexing import BLANKS, Tok, lex
from truffles_policy.booking.moments import Clock, Day, Moment

_CLAUSES = re.compile(r"[,.;!?\n]+(?=\s|$)|\s(?:а|но|ал|but)\s")
_CANNOT = re.compile(
    r"\b(?:(?:я|мы|мне|нам|уже|никак|увы|точно|мен|i|it|that|we|really|just) ){0,2}"
    r"(?:не (?:получится|получается|выйдет|выходит|смогу|сможем|могу|можем|успею|успеваю|подходит|подойдет)|занят\w*|"
    r"(?:бара |келе |бола )?алмаймын|болмайды|келмеймін|"
    r"can ?not|can'?t|cannot|won'?t|doesn'?t work|does not work|isn'?t (?:good|possible)|no good)\b"
    r"(?! (?:раньше|позже|до|после|before|after|until|till|wait|ерте|кеш|м[ае]\b))",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"(?:не (?:получится|выйдет|занят\w*)|занят\w*|болмайды м[ае]|won'?t it work)[^,.;!\n]*\?|болмайды м[ае]\b",
    re.IGNORECASE,
)
"""A polite way to ask for that very time ("а завтра не получится?")."""
_WHENEVER = re.compile(
    r"\bкогда (?:вам )?(?:будет )?(?:угодно|удобно)(?: вам)?\b(?! мне)|\b(?:время|когда|во сколько) (?:мне )?(?:без разницы|вс[её] ?равно|не ?важно)\b"
    r"|\bмне (?:без разницы|вс[её] ?равно|не ?важно)(?: когда| во сколько| время|\s*(?:[,.!]|$))"
    r"|\b(?:[қк]ай|[қк]андай|[қк]ашан) (?:(?:уа[қк]ыт|к[үу]н|са[ғг]ат)\w* )?болса да\b"
    r"|\bi (?:don'?t|do not) (?:mind|care)(?: when| what time|\s*(?:[,.!]|$))|\bwhen(?:ever)? (?:it )?suits you\b",
    re.IGNORECASE,
)
"""The time is left to the business, in words that are none of a time."""
_AROUND = frozenset(
    {"да", "давайте", "тогда", "можно", "пожалуйста", "если", "the", "please", "ok", "ок", "иә", "онда", "болады"}
)
_NOT_BEHIND = frozenset({"емес", "emes", "орнына", "ornyna"})


@dataclass(slots=True)
class _Found:
    """What was found so far, in its order. A day stands with what it was said with: "not", "or", "rather"."""

    days: list[tuple[Day, str]] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    ahead: int | None = None
    link: str = ""
    is_for: bool = False


def read(text: str, today: date, *, expected: bool = False) -> Moment:
    """What `text` says about when, seen from `today`. `expected`: a time was asked for, so that a bare number is one. What somebody
    cannot come at does not count, but for its day where another hour of it is named."""
    text = BLANKS.sub(" ", text)
    clauses = _CLAUSES.split(text)
    possible = [each for each in clauses if not _CANNOT.search(each)]
    if len(possible) == len(clauses) or _ASKED.search(text):
        return _read(text, today, expected)
    moment = _read(", ".join(possible), today, expected)
    if moment.nothing:
        return _read(", ".join(_CANNOT.split(each)[-1] for each in clauses), today, expected)
    lost = _read(", ".join(each for each in clauses if each not in possible), today, expected)
    return replace(moment, day=lost.day) if moment.clock and not moment.day and lost.clock else moment


def is_only_time(text: str) -> bool:
    """Has it no word but those of days and times, and the small ones around them?"""
    return not _CANNOT.search(text) and all(tok.kinds or tok.text in _AROUND for tok in lex(text))


def _read(text: str, today: date, expected: bool) -> Moment:
    toks, found, place = lex(text), _Found(), 0
    while place < len(toks):
        place += max(1, _step(toks, place, today, expected, found))
    clock = found.clocks[-1 if found.link == "rather" else 0] if found.clocks else None
    part = found.parts[0] if found.parts else ""
    if not clock and not part and (found.days or expected) and "?" not in text and _WHENEVER.search(text):
        part = "any"
    if clock and part:
        clock, part = in_part(clock, _spoken_part(toks, part)), ""
    if any(tok.has("last") for tok in toks):  # "в прошлую пятницу", "в прошлый раз в субботу": a story
        found.days = [(day, said) for day, said in found.days if day.weekday is None and not day.week]
    return Moment(_one_day(found.days, today), clock, part, found.ahead)


def _step(toks: Sequence[Tok], place: int, today: date, expected: bool, found: _Found) -> int:
    """Read what begins at a token; how many tokens that took."""
    tok = toks[place]
    if minutes := minutes_ahead(toks, place):
        found.ahead = minutes[1]
        return minutes[0]
    if day := day_at(toks, place, today):
        found.days.append((day[1], _said_with(toks, place, day[0])))
        if tok.text == "tonight":
            found.parts.append("evening")
        if tok.has("now") and found.days[-1][1] != "not":
            found.parts.append("soon")
        return day[0]
    if clock := clock_at(toks, place, expected):
        if found.clocks and found.is_for and at(toks, place - 1).text == "at":
            found.clocks.pop()  # "for two at ten thirty": the two are people
        found.is_for = at(toks, place - 1).text == "for"
        found.clocks.append(clock[1])
        found.link = _said_with(toks, place)
        return clock[0]
    if part := part_at(toks, place):
        found.parts.append(part[1])
        return part[0]
    if tok.text == "дня" and at(toks, place - 1).has("num", "number", "hour"):
        found.parts.append("day")
    return 1


def _said_with(toks: Sequence[Tok], place: int, taken: int = 1) -> str:
    """What stands before it within a few words: a "not", an "or", a "rather"; in Kazakh "not" stands behind it."""
    near = [at(toks, place - back) for back in (1, 2, 3)]
    before = near[1] if near[0].has("at", "on") or near[0].text == "of" else near[0]
    is_denied = before.has("not", "than") and before.text not in _NOT_BEHIND
    if is_denied or at(toks, place + taken).text in _NOT_BEHIND:
        return "not"
    for name, reach in (("or", 2), ("rather", 3)):
        if any(tok.has(name) for tok in near[:reach]):
            return name
    return ""


def _one_day(days: Sequence[tuple[Day, str]], today: date) -> Day | None:
    """Of several days the one that is meant: the corrected one, two with an "or" between as a span, else the first."""
    meant = [(day, said) for day, said in days if said != "not"]
    if not meant:
        return None
    weekday = next((day for day, _ in meant if day.weekday is not None), None)
    week = next((day for day, _ in meant if day.week), None)
    if weekday and week and week.start:
        return _of_week(weekday.weekday or 0, week.start, today, later=week.end is None and meant[0][0] is weekday)
    if weekday and len(meant) > 1 and any(day.start and day.weekday is None and not day.end for day, _ in meant):
        return next(
            day for day, _ in meant if day.weekday is None
        )  # "in a week, on Friday", "Friday the 25th": the date
    day, said = meant[-1]
    if said == "rather":
        return day
    first = meant[0][0]
    if said == "or" and first.start and day.start and first.start < day.start <= first.start + timedelta(days=6):
        return Day(first.start, day.start)
    return first


def _of_week(weekday: int, week: date, today: date, *, later: bool) -> Day:
    """That day of the week; `later`: "в пятницу через неделю", which is as long after the coming one."""
    ahead = (weekday - today.weekday()) % 7 if later else weekday - week.weekday()
    return Day(week + timedelta(days=ahead), weekday=weekday)


def _spoken_part(toks: Sequence[Tok], part: str) -> str:
    """ "3 часа дня" is in the afternoon, whatever the part is called."""
    return part if part in {"morning", "noon", "day", "afternoon", "evening", "night"} else ""
