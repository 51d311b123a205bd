"""Which day a row of tokens names. Each rule returns how many tokens it took and what they say, or None."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from truffles_policy.booking.lexing import NOTHING, Tok
from truffles_policy.booking.moments import (
    HOUR,
    Day,
    day_of_month,
    month_day,
    month_days,
    week_days,
    weekday_day,
    weekend_days,
)  # fmt: skip

Taken = tuple[int, Day] | None
_THROUGH = frozenset({"по", "through", "thru"})
SMALL_WORDS = frozenset({"a", "an", "the", "of"})
DAYS_OF = {"days": 1, "week": 7}
_BEHIND = frozenset({"кейін", "кейин", "соң", "сон", "keiin", "keyin", "son"})
"""Kazakh says "after" behind a span; "любой день после 6" and "any day after 6" speak of an hour."""
_POLITE = frozenset({"пожалуйста", "пж", "плиз", "можно", "please"})
HALVES_AHEAD = {"полчаса": 30, "полчасика": 30, "полтора": 90}


def at(toks: Sequence[Tok], place: int) -> Tok:
    """The token at a place, or one that is nothing."""
    return toks[place] if 0 <= place < len(toks) else NOTHING


def day_at(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """The day that begins at a token."""
    return _range_of_month(toks, place, today) or _range(toks, place, today) or _single(toks, place, today)


def _single(toks: Sequence[Tok], place: int, today: date) -> Taken:
    if place >= len(toks):
        return None
    return next((found for rule in _RULES if (found := rule(toks, place, today))), None)


def _written(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """25.12, 25.12.2026, 2026-12-25. "12.10" behind "at" is a time."""
    tok = toks[place]
    for kind in ("iso", "dmy"):
        if isinstance(value := tok.kinds.get(kind), tuple):
            year, month, day = value
            return 1, month_day(today, month, day, year if year > 99 else 2000 + year)
    pair = tok.kinds.get("pair")
    if not isinstance(pair, tuple) or (
        at(toks, place - 1).has("at", "since", "to", "after") and pair[0] < 24 and pair[1] < 60
    ):
        return None
    day, month = pair
    return (1, month_day(today, month, day)) if 1 <= month <= 12 and day else None


def _number(toks: Sequence[Tok], place: int, *kinds: str) -> tuple[int, int] | None:
    """A number in figures or words ("двадцать пятого"), and how many tokens it takes."""
    tok, following = at(toks, place), at(toks, place + 1)
    if tok.kinds.get("number") in (20, 30) and following.has("ordinal", "number"):
        more = following.number("ordinal", "number")
        if more < 10:
            return 2, tok.number("number") + more
    if tok.text == "он" and _is_kazakh_ordinal(following):
        return 2, 10 + following.number("ordinal")
    if tok.has("nth", "num", *kinds):
        return 1, tok.number("nth", "num", *kinds)
    if isinstance(case := tok.kinds.get("case"), tuple):
        return 1, case[0]
    return None


def _is_kazakh_ordinal(tok: Tok) -> bool:
    """Он бесінші; "он второго января придёт" is Russian."""
    return tok.has("ordinal") and tok.text.endswith(("нші", "ншы"))


def _range(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """С понедельника по среду, from monday to wednesday, с 7 декабря по 10 января."""
    leads = int(toks[place].has("since"))
    first = _single(toks, place + leads, today)
    if first is None:
        return None
    link = at(toks, place + leads + first[0])
    if not (link.text in _THROUGH or (leads and link.has("to"))):
        return None
    second = _single(toks, place + leads + first[0] + 1, today)
    whole = _between(first[1], second[1], today) if second else None
    return (leads + first[0] + 1 + second[0], whole) if second and whole else None


def _range_of_month(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """С 7 по 10 декабря, 7-10 декабря, 7 или 8 декабря: both are of the month that is named once."""
    leads = int(toks[place].has("since"))
    here = place + leads
    if isinstance(dash := at(toks, here).kinds.get("dash"), tuple):
        ends, taken, (since, until) = here + 1, here + 2, dash
    else:
        first, link = _number(toks, here, "ordinal", "number"), 0
        link = here + first[0] if first else here
        second = _number(toks, link + 1, "ordinal", "number") if first else None
        if first is None or second is None or not _links(at(toks, link), leads):
            return None
        ends, taken, (since, until) = link + 1 + second[0], link + 2 + second[0], (first[1], second[1])
    if not (month := at(toks, ends)).kinds.get("month"):
        return None
    days = [month_day(today, month.number("month"), day, *_year(toks, taken)) for day in (since, until)]
    whole = _between(days[0], days[1], today)
    return (taken - place, whole) if whole else None


def _links(tok: Tok, leads: int) -> bool:
    return tok.text in _THROUGH or tok.text in {"и", "and"} or tok.has("or") or (bool(leads) and tok.has("to"))


def _between(first: Day, last: Day, today: date) -> Day | None:
    """The days from one to another; what has begun already begins today."""
    if first.start is None or last.start is None or first.end or last.end:
        return None
    if first.start > last.start and last.weekday is not None:
        last = Day(last.start + timedelta(days=7))
    since = today if first.rolled and not last.rolled else first.start
    return Day(since, last.start) if last.start and since < last.start else None


def _with_month(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """25 декабря, двадцать пятого декабря, december 25th, the 25th of december, 25 желтоқсан, желтоқсанның 25-і."""
    if found := _number(toks, place, "ordinal", "number"):
        taken, day = found
        while at(toks, place + taken).text in SMALL_WORDS:
            taken += 1
        if (month := at(toks, place + taken)).kinds.get("month"):
            return taken + 1, month_day(today, month.number("month"), day, *_year(toks, place + taken + 1))
    tok = toks[place]
    if not tok.kinds.get("month"):
        return None
    follows = 1 + (at(toks, place + 1).text in SMALL_WORDS)
    after = _number(toks, place + follows, "ordinal")
    return (follows + after[0], month_day(today, tok.number("month"), after[1])) if after else None


def _year(toks: Sequence[Tok], place: int) -> tuple[int, ...]:
    text = at(toks, place).text
    return (int(text),) if len(text) == 4 and text.isdigit() and text.startswith("20") else ()


def _of_month(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """25-го, 25 числа, the 25th, 25-де, на 28."""
    tok, following = toks[place], at(toks, place + 1)
    found = _number(toks, place, "ordinal")
    if found:
        taken, day = found
        if at(toks, place + taken).has("date") and (tok.has("nth", "num", "ordinal", "number", "case")):
            return taken + 1, day_of_month(today, day)
    if found and _is_spoken_day(toks, place, found[0]):
        return found[0], day_of_month(today, found[1])
    if tok.has("nth") and not following.has("half", "lots"):
        return 1, day_of_month(today, tok.number("nth"))
    if isinstance(case := tok.kinds.get("case"), tuple) and case[0] > 24:
        return 1, day_of_month(today, case[0])
    if (
        tok.has("num")
        and at(toks, place - 1).has("on", "at")
        and 24 < tok.number("num") <= 31
        and not _counts(following)
    ):
        return 1, day_of_month(today, tok.number("num"))
    return None


def _before_hour(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """8 в 12: the day, then the hour."""
    tok, hour = toks[place], at(toks, place + 2)
    if not tok.has("num") or at(toks, place + 1).text != "в" or not hour.has("num", "clock", "number", "half_to"):
        return None
    return (1, day_of_month(today, tok.number("num"))) if 1 <= tok.number("num") <= 31 else None


def _is_spoken_day(toks: Sequence[Tok], place: int, taken: int) -> bool:
    """Двадцать второго, восьмого в 12, на пятое, the fifteenth; "второго ребёнка" and "половина пятого" are none."""
    before, last, behind = at(toks, place - 1), at(toks, place + taken - 1), at(toks, place + taken)
    if not last.has("ordinal") or before.has("minute", "quarter", "half", "at"):
        return False
    ends = behind.text == "" or behind.text in _POLITE or behind.start - last.end > 1  # a mark stands between
    is_alone = ends or behind.has("at", "on", "part", "after", "since", "weekday")
    if last.text.endswith("го"):
        return is_alone
    return is_alone and (before.text == "на" or (before.text == "the" and last.number("ordinal") > 3))


def _counts(tok: Tok) -> bool:
    """Does the number before it count things?"""
    return tok.has("lots", "minute", "hour", "week", "days", "month", "other")


def _by_week(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """(следующую) субботу, на выходных, next week, this month."""
    which, taken = "", 0
    for name in ("next", "this"):
        if toks[place].has(name):
            which, taken = name, 1
    tok = at(toks, place + taken)
    if tok.has("weekday"):
        return taken + 1, weekday_day(today, tok.number("weekday"), which)
    if tok.has("weekend"):
        return taken + 1, weekend_days(today, which)
    if which and tok.has("week"):
        return taken + 1, week_days(today, which)
    if which and tok.kinds.get("month") == 0:
        return taken + 1, month_days(today, which)
    return None


def _named(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """Сегодня, завтра, the day after tomorrow, арғы күні, tonight."""
    tok = toks[place]
    if tok.has("days") and at(toks, place + 1).has("after") and at(toks, place + 2).kinds.get("day") == 1:
        return 3, Day(today + timedelta(days=2))
    if tok.text == "после" and at(toks, place + 1).kinds.get("day") == 1:
        return 2, Day(today + timedelta(days=2))  # how many write "послезавтра"
    if tok.text == "арғы":
        return 1 + at(toks, place + 1).has("days"), Day(today + timedelta(days=2))
    if tok.text == "tonight" or tok.has("now"):
        return 1, Day(today)
    return (1, Day(today + timedelta(days=tok.number("day")))) if tok.has("day") else None


def _ahead(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """Через неделю, через 2 дня, in a month, бір аптадан кейін."""
    if found := _week_from(toks, place, today):
        return found
    if not (span := span_at(toks, place)) or not span[2]:
        return None
    taken, count, unit = span
    if unit in DAYS_OF:
        count += taken == 2 and at(toks, place + 1).text == "день"  # "через день" leaves one out
        day = today + timedelta(days=min(count * DAYS_OF[unit], 3660))
        return taken, Day(day, week=unit == "week")
    return (taken, _months_on(today, count)) if unit == "month" else None


def _week_from(toks: Sequence[Tok], place: int, today: date) -> Taken:
    """A week from Friday."""
    if not (toks[place].has("week") and at(toks, place + 1).text == "from"):
        return None
    found = _single(toks, place + 2, today)
    if found is None or found[1].start is None:
        return None
    return found[0] + 2, Day(found[1].start + timedelta(days=7))


def minutes_ahead(toks: Sequence[Tok], place: int) -> tuple[int, int] | None:
    """Через час, in 30 minutes, 2 сағаттан кейін, через полчаса: how many tokens, how many minutes."""
    if toks[place].has("within") and at(toks, place + 1).text in HALVES_AHEAD:
        minutes = HALVES_AHEAD[at(toks, place + 1).text]
        return 2 + at(toks, place + 2).has("hour"), minutes
    if half := _half_ahead(toks, place):
        return half
    span = span_at(toks, place)
    if span is None or span[2] not in {"hour", "minute"}:
        return None
    return span[0], span[1] * (HOUR if span[2] == "hour" else 1)


def _half_ahead(toks: Sequence[Tok], place: int) -> tuple[int, int] | None:
    """In half an hour; жарты сағаттан кейін, бір жарым сағаттан кейін."""
    if toks[place].has("within") and at(toks, place + 1).has("half"):
        article = at(toks, place + 2).text in SMALL_WORDS
        return (3 + article, HOUR // 2) if at(toks, place + 2 + article).has("hour") else None
    whole = toks[place].number("num", "number") if toks[place].has("num", "number") else 0
    here = place + (1 if whole else 0)
    is_half = at(toks, here).has("halves") if whole else at(toks, here).has("half")
    if not is_half or _kazakh_unit(at(toks, here + 1).text) != "hour" or at(toks, here + 2).text not in _BEHIND:
        return None
    return here + 3 - place, whole * HOUR + HOUR // 2


def span_at(toks: Sequence[Tok], place: int) -> tuple[int, int, str] | None:
    """A span from now on: tokens taken, how many, of what."""
    leads = toks[place].has("within")
    here = place + leads
    here += leads and at(toks, here).text in SMALL_WORDS
    count, tok = 1, at(toks, here)
    if leads and isinstance(hours := tok.kinds.get("hours"), tuple):
        return here + 1 - place, hours[0], "hour"
    if tok.has("num", "number") and not tok.has("hour"):
        count, here = tok.number("num", "number"), here + 1
    elif tok.text == "пару":
        count, here = 2, here + 1
    unit = next((name for name in ("week", "days", "hour", "minute") if at(toks, here).has(name)), "")
    unit = unit or ("month" if at(toks, here).kinds.get("month") == 0 else "")
    unit = unit or _kazakh_unit(at(toks, here).text)
    if not unit or not (leads or at(toks, here + 1).text in _BEHIND):
        return None
    return here + (1 if leads else 2) - place, count, unit


def _kazakh_unit(text: str) -> str:
    return {"сағаттан": "hour", "минуттан": "minute"}.get(text, "")


def _months_on(today: date, count: int) -> Day:
    month = today.month - 1 + min(count, 120)
    for day in range(today.day, 27, -1):
        try:
            return Day(date(today.year + month // 12, month % 12 + 1, day))
        except ValueError:
            continue
    return Day(date(today.year + month // 12, month % 12 + 1, min(today.day, 28)))


_RULES: tuple[Callable[[Sequence[Tok], int, date], Taken], ...] = (
    _named, _ahead, _written, _with_month, _before_hour, _of_month, _by_week,
)  # fmt: skip
