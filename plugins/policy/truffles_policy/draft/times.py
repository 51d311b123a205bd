"""Opening hours and days off as people write them → the keys of a pack. A sentence with a word that nobody knows is not
read: it may say "except"."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from truffles_policy.draft.words import data
from truffles_policy.pack.values import CLOSED, DAYS

ROUND = "24/7"
_CLOCK = r"(\d{1,2})(?:[:.](\d{2}))?"
_KK = r"(?:-?\s*(?:ден|дан|тен|тан))"
_SPAN = re.compile(
    rf"(?:с\s+|from\s+)?{_CLOCK}\s*(?:[-–—]|до|to|till|until|{_KK})\s*{_CLOCK}(?:\s*-?(?:ге|ға|ке|қа)\s+дейін)?"
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?|24/7")
_MARK = re.compile(r"[\s,;.:()–—-]+")
_MONTHLY = re.compile(r"(\d{1,2})\s+([^\W\d_]+)")
_DAY_WORDS, LEAP = 2, 2024


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of a sentence: the days, the hours ("closed" or a span), or a sign that stands between days."""

    days: tuple[str, ...] = ()
    hours: str = ""
    join: bool = False


@lru_cache
def _phrases() -> list[tuple[str, str]]:
    """(word or phrase, what it is), the longest first."""
    found = [(word, kind) for kind, words in data()["hours"].items() for word in words]
    return sorted(found, key=lambda each: -len(each[0]))


def week(text: str) -> dict[str, str] | None:
    """Hours by day: "пн-пт 9–18, сб 10–16, вс выходной". None where anything is not understood, or no day is named."""
    tokens = _tokens(text.lower().replace("ё", "е"))
    return _assembled(tokens) if tokens is not None else None


def _tokens(text: str) -> list[_Token] | None:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        taken = _next(text, at, tokens)
        if not taken:
            return None
        at += taken
    return tokens


def _next(text: str, at: int, tokens: list[_Token]) -> int:
    """How much of the text the next piece takes, 0 where it is not known. It is put to the tokens."""
    here = text[at:]
    if span := _SPAN.match(here):
        hours = _hours(*span.groups())
        tokens.append(_Token(hours=hours))
        return len(span[0]) if hours else 0
    if mark := _MARK.match(here):
        if mark[0].strip() in {"-", "–", "—"}:
            tokens.append(_Token(join=True))
        return len(mark[0])
    for phrase, kind in _phrases():
        if here.startswith(phrase) and not re.match(r"\w", here[len(phrase) :]):
            return _of_phrase(here, phrase, kind, tokens)
    return 0


def _of_phrase(here: str, phrase: str, kind: str, tokens: list[_Token]) -> int:
    if kind == "including":  # names days that the ones before hold already
        more = re.match(r"\w[\w\s]*", here)
        return len(more[0]) if more else len(phrase)
    if phrase == "по" and tokens and tokens[-1].days:
        tokens.append(_Token(join=True))
    elif kind in DAYS:
        tokens.append(_Token(days=(kind,)))
    elif kind != "fillers":
        tokens.append(_of_kind(kind, tokens))
    return len(phrase)


def _of_kind(kind: str, tokens: Sequence[_Token]) -> _Token:
    if kind == "closed" or (kind == "weekend" and tokens and tokens[-1].days):  # "сб, вс выходные"
        return _Token(hours=CLOSED)
    if kind == "round":
        return _Token(hours=ROUND)
    return _Token(days={"daily": DAYS, "weekdays": DAYS[:5], "weekend": DAYS[5:]}[kind])


def _hours(opens: str, since: str | None, closes: str, until: str | None) -> str:
    minutes = [int(since or 0), int(until or 0)]
    if int(opens) > 24 or int(closes) > 24 or max(minutes) > 59:
        return ""
    return f"{int(opens)}:{minutes[0]:02}-{int(closes)}:{minutes[1]:02}"


def _assembled(tokens: Sequence[_Token]) -> dict[str, str] | None:
    """Days and hours together: days before their hours, or all of them after the only ones."""
    days: list[str] = []
    found: dict[str, list[str]] = {}
    told = [token.hours for token in tokens if token.hours]
    joined = False
    fresh = True
    for token in tokens:
        if token.join:
            joined = bool(days)
        elif token.days:
            days = days if fresh else []
            days += _range(days[-1], token.days[0]) if joined and days else token.days
            joined, fresh = False, True
        elif days:
            for day in dict.fromkeys(days):
                found.setdefault(day, []).append(token.hours)
            fresh = False
    if not found and len(told) == 1 and days:
        found = dict.fromkeys(days, told)
    elif (days and fresh) or (tokens and next((each.hours for each in tokens if not each.join), "") and len(told) > 1):
        return None  # days without hours, or hours of which nobody can say whose they are
    complete = all(len(hours) == 1 or CLOSED not in hours for hours in found.values())
    return {day: ", ".join(found[day]) for day in DAYS if day in found} if found and complete else None


def _range(first: str, last: str) -> Sequence[str]:
    at, end = [*DAYS].index(first), [*DAYS].index(last)  # type: ignore[arg-type]
    return DAYS[at : end + 1] if at <= end else (*DAYS[at:], *DAYS[: end + 1])


def compact(hours: dict[str, str]) -> dict[str, str] | str:
    """The same with ranges of days; one line where every day is the same."""
    if len(hours) == len(DAYS) and len(set(hours.values())) == 1:
        return hours["mon"]
    runs: list[list[str]] = []
    for day in DAYS:
        if day not in hours:
            runs.append([])
        elif runs and runs[-1] and hours[runs[-1][-1]] == hours[day]:
            runs[-1].append(day)
        else:
            runs.append([day])
    return {f"{run[0]}-{run[-1]}" if len(run) > 1 else run[0]: hours[run[0]] for run in runs if run}


def days_off(text: str) -> list[dict[str, str]] | None:
    """ "1 января и 21 марта закрыто" → the days with their hours; None where anything is not understood."""
    said = text.lower().replace("ё", "е").strip(" .;")
    days = [*_dates(said)]
    if not days:
        return None
    rest = said[days[-1][1] :].strip(" ,:–—-")
    between = re.sub(r"\d{1,2}\s+[^\W\d_]+|,|\b(?:и|және|and)\b|\s", "", said[: days[-1][1]])
    hours = _single(rest)
    return [{"on": day, "hours": hours} for day, _ in days] if hours and not between else None


def _dates(text: str) -> Iterator[tuple[str, int]]:
    """Each day as "01-21", with where it ends."""
    for found in _MONTHLY.finditer(text):
        for months in data()["months"].values():
            month = next((at for at, word in enumerate(months, 1) if found[2].startswith(word[:6])), 0)
            if month and 1 <= int(found[1]) <= monthrange(LEAP, month)[1]:
                yield f"{month:02}-{int(found[1]):02}", found.end()
                break


def _single(text: str) -> str:
    """The hours of one day: two words at most ("салон", "наш магазин") may stand before them."""
    words = text.split()
    for skipped in range(min(_DAY_WORDS, len(words) - 1) + 1):
        tokens = _tokens(" ".join(words[skipped:]))
        if tokens and len(tokens) == 1 and tokens[0].hours and all(_WORD.fullmatch(word) for word in words[:skipped]):
            return tokens[0].hours
    return ""
