"""A moment that a customer named → slots of a booking, or what is in its way. Nothing here is a promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from truffles_policy.booking.calendar import WINDOWS, Calendar
from truffles_policy.booking.moments import HOUR, Clock, Day, Moment

USUAL = (8 * HOUR, 21 * HOUR)
"""When people come where nobody told the hours."""
LATELY = timedelta(days=90)
"""A date that was as lately as this is not meant for next year."""
VAGUE = frozenset({"any", "soon"})


@dataclass(frozen=True, slots=True)
class Rules:
    """How soon and how far ahead a wish may lie."""

    lead_minutes: int = 0
    days_ahead: int = 60


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of the time, and why something of it cannot be: `refused` holds `why` and what is told with it."""

    slots: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


class _CannotBe(Exception):
    """`why`, with the day and time that were meant; `keeps`: the day stands, another time is needed."""

    def __init__(
        self, why: str, day: date | None = None, clock: Clock | None = None, *, keeps: bool = False, **told: str
    ) -> None:
        super().__init__(why)
        self.keeps = keeps
        self.refused = {"why": why, **_slots(Day(day) if day else None, clock, "")}
        self.refused |= {name: value for name, value in told.items() if value}


def settle(
    moment: Moment, now: datetime, calendar: Calendar, rules: Rules, known: Mapping[str, str], week: str = ""
) -> Settled:
    """Look `moment` up in the calendar; `now` is local time, `known` the slots of before, `week` the hours in words."""
    if moment.nothing:
        return Settled()
    if moment.ahead is not None:
        then = now + timedelta(minutes=min(moment.ahead, 60 * 24 * 400))
        moment = Moment(Day(then.date()), Clock(then.hour * HOUR + then.minute, sure=True))
    day = moment.day
    try:
        day = _day(moment.day, now.date(), calendar, rules, week)
        clock = _clock(moment, day or _known_day(known), now, calendar, rules, known)
    except _CannotBe as problem:
        return Settled(_slots(day, None, "") if problem.keeps else {}, problem.refused)
    return Settled(_slots(day, clock, moment.part if clock is None else ""))


def _day(day: Day | None, today: date, calendar: Calendar, rules: Rules, week: str) -> Day | None:
    """The day, if it can be."""
    if day is None:
        return None
    if day.no_such:
        number, month = day.no_such
        raise _CannotBe("no_such", date=f"{number:02}.{month:02}" if month else str(number))
    assert day.start is not None
    last = today + timedelta(days=rules.days_ahead)
    if (day.end or day.start) < today:
        raise _CannotBe("past", day.start)
    if day.rolled and day.start > last and today - _year_before(day.start) <= LATELY:
        raise _CannotBe("past", _year_before(day.start))
    if day.start > last:
        raise _CannotBe("far", day.start, days=str(rules.days_ahead))
    open_days = [each for each in _days_of(day) if calendar.spans(each) != ()]
    if not open_days:
        raise _CannotBe("closed", day.start, hours=week)
    if day.end is None:
        return day
    return replace(day, start=open_days[0], end=open_days[-1] if open_days[-1] > open_days[0] else None)


def _days_of(day: Day) -> Iterator[date]:
    assert day.start is not None
    for each in range(((day.end or day.start) - day.start).days + 1):
        yield day.start + timedelta(days=each)


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1) if (day.month, day.day) != (2, 29) else day.replace(year=day.year - 1, day=28)


def _known_day(known: Mapping[str, str]) -> Day | None:
    return Day(date.fromisoformat(known["day"])) if known.get("day") and not known.get("until") else None


def _clock(
    moment: Moment, day: Day | None, now: datetime, calendar: Calendar, rules: Rules, known: Mapping[str, str]
) -> Clock | None:
    """The time, if it can be, with the half of the day that is meant."""
    clock = moment.clock or (None if moment.part else _known_clock(known))
    single = day.start if day and day.end is None else None
    if clock is None:
        _part(moment.part or known.get("part", ""), single, now, calendar, rules)
        return None
    if single is None:
        return _usual(clock, calendar)
    return _on_day(clock, single, now, calendar, rules)


def _known_clock(known: Mapping[str, str]) -> Clock | None:
    if not known.get("time"):
        return None
    till = _minutes(known["till"]) if known.get("till") else None
    return Clock(_minutes(known["time"]), sure=True, till=till, bound=known.get("bound", ""))


def _minutes(written: str) -> int:
    hour, _, minute = written.partition(":")
    return int(hour) * HOUR + int(minute)


def _halves(clock: Clock) -> list[Clock]:
    """What may be meant, the likelier first where nothing else tells."""
    if clock.sure:
        return [clock]
    later = clock.till + 12 * HOUR if clock.till is not None and clock.till <= 12 * HOUR else clock.till
    both = [replace(clock, sure=True), replace(clock, minute=clock.other, sure=True, till=later)]
    return sorted(both, key=lambda each: not USUAL[0] <= each.minute < USUAL[1])


def _usual(clock: Clock, calendar: Calendar) -> Clock:
    return next((each for each in _halves(clock) if calendar.is_ever_open(each.minute)), _halves(clock)[0])


def _on_day(clock: Clock, day: date, now: datetime, calendar: Calendar, rules: Rules) -> Clock:
    halves = _halves(clock)
    fits = [each for each in halves if _is_open(each, day, calendar) is not False]
    if calendar.spans(day) is None:  # nobody told the hours: people come by day
        fits = [each for each in halves if USUAL[0] <= each.minute < USUAL[1]] or halves
    if not fits:
        raise _CannotBe("outside", day, halves[0], keeps=True, hours=calendar.told(day))
    coming = [each for each in fits if _at(day, each.minute, now) > now or each.bound == "after"]
    if not coming:
        raise _CannotBe("past", day, fits[0], keeps=True)
    soon = now + timedelta(minutes=rules.lead_minutes)
    late = [each for each in coming if _at(day, each.minute, now) >= soon or each.bound == "after"]
    if not late:
        raise _CannotBe("soon", day, coming[0], keeps=True, minutes=str(rules.lead_minutes))
    return late[0]


def _is_open(clock: Clock, day: date, calendar: Calendar) -> bool | None:
    """ "До 12" is open where anything before it is."""
    if clock.bound == "before":
        spans = calendar.spans(day)
        return None if spans is None else any(span.opens < clock.minute for span in spans)
    return calendar.is_open(day, clock.minute)


def _at(day: date, minute: int, now: datetime) -> datetime:
    """What the clock on the wall shows then, beside what it shows now."""
    return datetime(day.year, day.month, day.day, tzinfo=now.tzinfo) + timedelta(minutes=minute)


def _part(part: str, day: date | None, now: datetime, calendar: Calendar, rules: Rules) -> None:
    """A part of a day, or a day without any, must not be over."""
    if day is None:
        return
    if calendar.has_part(day, part) is False:
        raise _CannotBe("outside", day, keeps=True, part=part, hours=calendar.told(day))
    ends = min(WINDOWS.get(part, (0, 24))[1] * HOUR, calendar.closing(day) or 24 * HOUR)
    left = _at(day, ends, now) - now
    if left <= timedelta():
        named = part if part in WINDOWS else ""
        raise _CannotBe("past", day, keeps=bool(named), part=named)
    if left < timedelta(minutes=rules.lead_minutes):
        raise _CannotBe("soon", day, minutes=str(rules.lead_minutes))


def _slots(day: Day | None, clock: Clock | None, part: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if day and day.start:
        found["day"] = day.start.isoformat()
        found |= {"until": day.end.isoformat()} if day.end else {}
    if clock:
        found["time"] = _written(clock.minute)
        found |= {"till": _written(clock.till)} if clock.till is not None else {}
        found |= {"bound": clock.bound} if clock.bound else {}
    return found | ({"part": part} if part else {})


def _written(minute: int) -> str:
    return f"{minute // HOUR % 24:02}:{minute % HOUR:02}"
