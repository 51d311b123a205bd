"""Which time of day a row of tokens names. Each rule returns how many tokens it took and what they say, or None."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from truffles_policy.booking.days import SMALL_WORDS, at
from truffles_policy.booking.lexing import Tok
from truffles_policy.booking.moments import HOUR, Clock

Taken = tuple[int, Clock] | None
HALF, QUARTER = 30, 15
_WHENEVER = frozenset({"anytime", "whenever", "бәрібір"})
_TIMES = frozenset({"время", "time", "удобное", "келген", "час", "момент"})
_HALVES_OF_DAY = {"первой": "morning", "вторую": "afternoon", "второй": "afternoon", "первую": "morning"}
_AFTER = frozenset({"кейін", "кейин", "соң"})
_FROM, _UP_TO = frozenset({"ден", "дан", "тен", "тан"}), frozenset({"ге", "ға", "ке", "қа", "га", "ка"})
_FROM_ENDS, _TILL = ("ден", "дан", "тен", "тан", "нан", "нен"), frozenset({"дейін", "дейин", "шейін", "шейин"})
_COUNTED = ("lots", "minute", "week", "days", "month", "other")


def clock_at(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    """The time that begins at a token; `expected`: a bare number was asked for."""
    for rule in _RULES:
        if found := rule(toks, place, expected):
            taken, clock = found
            return taken, clock if clock.bound or clock.till else _bound(toks, place, taken, clock)
    return None


def part_at(toks: Sequence[Tok], place: int) -> tuple[int, str] | None:
    """Утром, после обеда, түстен кейін, in the afternoon: how many tokens, and which part of the day."""
    tok, before, following = toks[place], at(toks, place - 1), at(toks, place + 1)
    if tok.has("any") and (tok.text in _WHENEVER or following.has("days") or following.text in _TIMES):
        return 1, "any"
    if tok.has("half") and following.text == "дня" and before.text in _HALVES_OF_DAY:
        return 2, _HALVES_OF_DAY[before.text]
    part = "soon" if tok.has("soon") else tok.kinds.get("part")
    if not isinstance(part, str) or before.has("good"):
        return None
    if part == "noon" and (before.has("after") or following.has("after")):
        return 1 + following.has("after"), "afternoon"
    if part == "noon" and (before.has("to") or following.has("to")):
        return 1 + following.has("to"), "morning"
    return 1, part


def in_part(clock: Clock, part: str) -> Clock:
    """A time that a part of the day makes sure: 6 in the evening."""
    if clock.sure or clock.minute >= 12 * HOUR + 60:
        return clock
    hour = clock.minute // HOUR
    later = {
        "evening": hour < 12, "day": hour < 8, "afternoon": hour < 8, "noon": hour < 8,
        "night": 8 <= hour < 12, "morning": False,
    }.get(part)  # fmt: skip
    if later is None:
        return clock
    minute = clock.minute % (12 * HOUR) if part in {"morning", "night"} and hour == 12 else clock.minute
    till = clock.till + 12 * HOUR if later and clock.till is not None and clock.till <= 12 * HOUR else clock.till
    return replace(clock, minute=minute + (12 * HOUR if later else 0), sure=True, till=till)


def _clock(hour: int, minute: int = 0, *, sure: bool = False, till: int | None = None) -> Clock | None:
    if hour > 24 or minute > 59:
        return None
    return Clock((hour % 24) * HOUR + minute, sure=sure or hour > 12 or hour == 0, till=till)


def _bound(toks: Sequence[Tok], place: int, taken: int, clock: Clock) -> Clock:
    """После 18, до 12, 18-ден кейін, by 5pm, не раньше 5."""
    before, behind = at(toks, place - 1), at(toks, place + taken)
    if before.has("earlier", "later"):
        is_denied = at(toks, place - 2).has("not")
        return replace(clock, bound="after" if before.has("later") != is_denied else "before")
    behind = at(toks, place + taken + 1) if behind.text in {"ден", "дан", "тен", "тан", "ге", "ке", "де"} else behind
    if toks[place].has("after", "since") or before.has("after", "since") or behind.text in {"кейін", "соң", "бастап"}:
        return replace(clock, bound="after")
    ends = toks[place].text in {"до", "before", "until", "till"} or before.text in {"до", "before", "until", "till"}
    return replace(clock, bound="before") if ends or behind.text == "дейін" else clock


def _written(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    """15:00, 15.30, 15-00, 3pm, 15ч, at 15 30."""
    tok, before = toks[place], at(toks, place - 1)
    for kind in ("clock12", "clock", "hours"):
        if isinstance(value := tok.kinds.get(kind), tuple):
            padded = tok.text.startswith("0")
            clock = _clock(value[0], value[1], sure=kind == "clock12" or padded)
            return (1, clock) if clock and (kind != "clock12" or value[2]) else None
    for kind in ("span12", "clocks"):
        if isinstance(value := tok.kinds.get(kind), tuple):
            clock = _clock(value[0], value[1], sure=kind == "span12")
            return _taken(1, _span(clock, _clock(value[2], value[3])))
    for kind in ("pair", "dash"):
        value = tok.kinds.get(kind)
        if isinstance(value, tuple) and (found := _pair(kind, value, tok, before, expected)):
            return 1, found
    return None


def _pair(kind: str, value: tuple[int, ...], tok: Tok, before: Tok, expected: bool) -> Clock | None:
    """15.30 is a time where no month can be meant, or "at" stands before it; 10-12 is a span, 15-00 a time."""
    first, second = value
    if kind == "pair":
        return _clock(first, second)
    if second in (0, 30) or (second in (15, 45) and tok.text.rpartition(" ")[0] == ""):
        return _clock(first, second) if second % HALF == 0 or before.has("at") else None
    if not (before.has("at", "since", "on") or expected) or second > 24 or not 0 < first < 24:
        return None
    return _span(_clock(first), _clock(second))


def _span(begins: Clock | None, ends: Clock | None) -> Clock | None:
    if begins is None or ends is None:
        return begins
    till = ends.minute if ends.minute > begins.minute else ends.other
    return replace(begins, till=till if till > begins.minute else None)


def _half_to(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    """Полтретьего, половина третьего, четверть шестого."""
    tok, following = toks[place], at(toks, place + 1)
    if tok.has("half_to"):
        return _taken(1, _before_hour(tok.number("half_to"), HALF))
    if tok.text == "пол" and following.has("num") and 1 <= following.number("num") <= 12:
        return _taken(2, _before_hour(following.number("num"), HALF))
    if following.has("ordinal") and tok.has("half", "quarter") and following.text not in {"first", "second"}:
        short = HALF if tok.has("half") else 60 - QUARTER
        return _taken(2, _before_hour(following.number("ordinal"), short))
    return None


def _before_hour(hour: int, short: int) -> Clock | None:
    minutes = (hour * HOUR - short) % (12 * HOUR)
    return _clock(minutes // HOUR or 12, minutes % HOUR)


def _taken(count: int, clock: Clock | None) -> Taken:
    return (count, clock) if clock else None


def _less(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    """Без пятнадцати три, без четверти 3; half past two, quarter to five."""
    tok, following, last = toks[place], at(toks, place + 1), at(toks, place + 2)
    if tok.has("less"):
        taken, short = (1, QUARTER) if following.text == "четверти" else _counted(toks, place + 1)
        hour = at(toks, place + 1 + taken)
        if taken == 2 and not hour.has("num", "number"):  # "без двадцати пять"
            taken, short, hour = 1, following.number("number"), at(toks, place + 2)
        if not hour.has("num", "number") or not 0 < short < 60:
            return None
        return _taken(taken + 2, _before_hour(hour.number("num", "number"), short))
    if tok.has("half", "quarter") and following.has("past", "to") and last.has("num", "number"):
        minutes, hours = HALF if tok.has("half") else QUARTER, last.number("num", "number")
        return _taken(3, _clock(hours, minutes) if following.has("past") else _before_hour(hours, minutes))
    return None


def _counted(toks: Sequence[Tok], place: int) -> tuple[int, int]:
    """Minutes in figures or words, and how many tokens they take."""
    tok = at(toks, place)
    return (1, tok.number("num")) if tok.has("num") else _spelt(toks, place)


def _with_minutes(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    """Двадцать минут четвертого; ten past three, twenty to four, where "10 to 4" in figures is a span."""
    taken, minutes = _counted(toks, place)
    if not 0 < minutes < 60:
        return None
    link, hour = at(toks, place + taken), at(toks, place + taken + 1)
    if link.has("minute") and hour.has("ordinal"):
        return _taken(taken + 2, _before_hour(hour.number("ordinal"), 60 - minutes))
    if link.has("minute"):
        link, hour, taken = hour, at(toks, place + taken + 2), taken + 1
    is_told = toks[place].has("number") and minutes % 5 == 0
    if link.text not in {"past", "to"} or not is_told or not hour.has("num", "number"):
        return None
    hours = hour.number("num", "number")
    return _taken(taken + 2, _clock(hours, minutes) if link.text == "past" else _before_hour(hours, minutes))


def _kazakh_minutes(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    """Үшке жиырма минут қалғанда, үштен он минут өткенде."""
    hour = _hour(toks, place)
    if hour is None:
        return None
    taken, minutes = _counted(toks, place + hour[0])
    end = place + hour[0] + taken
    is_gone = at(toks, end + 1).has("gone")
    if not 0 < minutes < 60 or not at(toks, end).has("minute") or not (is_gone or at(toks, end + 1).has("left")):
        return None
    clock = _clock(hour[1], minutes) if is_gone else _before_hour(hour[1], minutes)
    return _taken(end + 2 - place, clock)


def _from_to(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    """С 3 до 5, from 15:00 to 17:00, между 3 и 5, от 3 до 5, с 10 утра до 2 дня, 2 to 4."""
    is_between = toks[place].has("between")
    leads = is_between or toks[place].has("since") or toks[place].text == "от"
    begins = _end(toks, place + leads)
    link = at(toks, place + leads + begins[0]) if begins else None
    if begins is None or link is None or not (link.text in {"и", "and"} if is_between else link.has("to")):
        return None
    ends = _end(toks, place + leads + 1 + begins[0])
    if ends is None or not (leads or (link.text == "to" and _may_be_span(toks, place))):
        return None
    taken = leads + 1 + begins[0] + ends[0]
    behind = at(toks, place + taken)
    is_counted = behind.has(*_COUNTED) and behind.text != "дня"
    return None if is_counted else _taken(taken, _span(begins[1], ends[1]))


def _may_be_span(toks: Sequence[Tok], place: int) -> bool:
    """ "2 to 4" is one; "5 to 4" are minutes."""
    return toks[place].has("num", "number", "clock", "clock12") and not at(toks, place - 1).has("half", "quarter")


def _end(toks: Sequence[Tok], place: int) -> Taken:
    """An end of a span, with a part of the day where the other end is said after it: "с 10 утра до 2 дня"."""
    found = _bare(toks, place)
    behind = at(toks, place + found[0]) if found else None
    if found is None or behind is None:
        return None
    part = "day" if behind.text == "дня" else behind.kinds.get("part")
    is_first = at(toks, place + found[0] + 1).has("to")
    is_last = at(toks, place - 2).text == "дня" or at(toks, place - 2).has("part")
    if not isinstance(part, str) or not (is_first or is_last):
        return found
    return found[0] + 1, in_part(found[1], part)


def _from_to_kazakh(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    """3-тен 5-ке дейін, үштен беске дейін, 15:00-ден 17:00-ге дейін."""
    begins = _bare(toks, place)
    if begins is None:
        return None
    here = place + begins[0] + (at(toks, place + begins[0]).text in _FROM)
    if not at(toks, here - 1).text.endswith(_FROM_ENDS):
        return None
    ends = _bare(toks, here)
    last = here + ends[0] + (at(toks, here + ends[0]).text in _UP_TO) if ends else here
    if ends is None or at(toks, last).text not in _TILL:
        return None
    return _taken(last + 1 - place, _span(begins[1], ends[1]))


def _bare(toks: Sequence[Tok], place: int) -> Taken:
    """A time in any shape, whatever stands before it."""
    if at(toks, place).kinds and (found := _written(toks, place, True)):
        return found
    hour = _hour(toks, place)
    if hour is None:
        return None
    taken = hour[0] + at(toks, place + hour[0]).has("hour")
    more, minute = _minutes(toks, place + taken, at(toks, place))
    return _taken(taken + more, _clock(hour[1], minute))


def _hour(toks: Sequence[Tok], place: int) -> tuple[int, int] | None:
    """An hour in figures or words, and how many tokens it takes: 3-те, двадцать один, он бірде."""
    tok, following = at(toks, place), at(toks, place + 1)
    if isinstance(case := tok.kinds.get("case"), tuple):
        return (1, case[0]) if case[0] <= 24 else None
    unit = following.number("number") if following.has("number") else 0
    if tok.text == "он" and (at(toks, place - 1).has("hour") or following.has("number", "halves")):
        return (2, 10 + unit) if 0 < unit < 10 else (1, 10)
    if not tok.has("num", "number") or tok.number("num", "number") > 24:
        return None
    hour = tok.number("num", "number")
    return (2, hour + unit) if tok.has("number") and hour == 20 and 0 < unit < 4 else (1, hour)


def _minutes(toks: Sequence[Tok], place: int, hour: Tok) -> tuple[int, int]:
    """The minutes behind an hour, and how many tokens they take: 30, жарымда, с половиной, сорок пять."""
    tok, following = at(toks, place), at(toks, place + 1)
    if tok.has("halves") or (tok.has("since") and following.has("halves")):
        return (1 if tok.has("halves") else 2), HALF
    if tok.has("num"):
        return (1 + following.has("minute"), tok.number("num")) if _is_minutes(toks, place, hour) else (0, 0)
    taken, minute = _spelt(toks, place)
    behind = at(toks, place + taken)
    if minute < 10 or (behind.has("ordinal", *_COUNTED) and not behind.has("minute")):
        return 0, 0  # "в пять двадцать пятого": the day; "в шесть двадцать человек"
    return taken + behind.has("minute"), minute


def _spelt(toks: Sequence[Tok], place: int) -> tuple[int, int]:
    """A number below sixty in words, and how many tokens it takes."""
    tok, following = at(toks, place), at(toks, place + 1)
    ten = 10 if tok.text == "он" else tok.number("number") if tok.has("number") else 0
    unit = following.number("number") if following.has("number") else 0
    if 0 < unit < 10 and (ten >= 20 or tok.text == "он"):
        return 2, ten + unit
    return (1, ten) if ten else (0, 0)


def _is_minutes(toks: Sequence[Tok], place: int, hour: Tok) -> bool:
    """15 30, 5 часов 45 минут."""
    tok = toks[place]
    is_named = at(toks, place + 1).has("minute")
    return (
        len(tok.text) == 2 and tok.number("num") < 60 and tok.number("num") % 5 == 0 and (is_named or hour.has("num"))
    )


def _midnight(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    return (1, Clock(0, sure=True)) if toks[place].has("midnight") else None


def _spoken(toks: Sequence[Tok], place: int, expected: bool) -> Taken:
    """В 5, в 5 вечера, сағат үште, 3-те, at five; a bare number only where something says that it is an hour."""
    tok, before, following = toks[place], at(toks, place - 1), at(toks, place + 1)
    if tok.has("hour") and before.has("at", "after", "to") and not following.has("num", "number", "case"):
        return _taken(1, _clock(1, sure=False)) if tok.text in {"час", "часу", "часа"} else None
    found = _bare(toks, place)
    if found is None:
        return None
    behind = at(toks, place + found[0])
    apart = behind.start - toks[place + found[0] - 1].end > 1  # "на 11 часов, филиал центр"
    if behind.has(*_COUNTED) and not apart and not (behind.text == "дня" and _is_by_day(found[1])):
        return None
    led = before.has("at", "on", "after", "to", "since", "hour", "earlier", "later") or (
        before.text in SMALL_WORDS and at(toks, place - 2).has("at")
    )
    led = led or (tok.has("hourly") and (before.has("day", "weekday", "part", "days") or behind.text in _AFTER))
    named = found[0] > 1 or following.has("halves") or behind.has("part") or behind.text == "дня" or before.has("part")
    certain = isinstance(tok.kinds.get("case"), tuple) or led or named
    if tok.has("number") and not tok.has("num") and not (led or named or expected):
        return None
    return found if certain or expected else None


def _is_by_day(clock: Clock) -> bool:
    """ "3 дня" and "12 дня" are times; "10 дня" nobody says."""
    return clock.minute < 8 * HOUR or clock.minute // HOUR == 12


_RULES: tuple[Callable[[Sequence[Tok], int, bool], Taken], ...] = (
    _midnight, _half_to, _less, _with_minutes, _kazakh_minutes, _from_to_kazakh, _from_to, _written, _spoken,
)  # fmt: skip
