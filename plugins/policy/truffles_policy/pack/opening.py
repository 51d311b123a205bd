"""When a place is open: by the week, on a day, at this minute; with the exceptions that the pack names. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from truffles_policy.pack.schema import DayOff, Place
from truffles_policy.pack.values import DAYS, CalendarDay, Day, Span, Week

AHEAD = 60
DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Opening:
    """The hours of one place."""

    week: Week
    exceptions: tuple[DayOff, ...]

    @property
    def known(self) -> bool:
        """Is there anything to tell?"""
        return bool(self.week)

    def off(self, day: date) -> DayOff | None:
        """The exception that holds on a day."""
        return next((each for each in self.exceptions if _holds(each, day)), None)

    def on(self, day: date) -> tuple[Span, ...] | None:
        """The hours of a day, () if it is closed then, None if nobody said."""
        off = self.off(day)
        return off.hours if off else self.week.get(DAYS[day.weekday()])

    def until(self, now: datetime) -> int | None:
        """Until which minute of the day it is open now, None if it is not."""
        minute = now.hour * 60 + now.minute
        for span in self.on(now.date()) or ():
            if span.opens <= minute < end(span):
                return end(span)
        for span in self.on(now.date() - timedelta(days=1)) or ():
            if minute < end(span) - DAY:
                return end(span) - DAY
        return None

    def next(self, now: datetime) -> tuple[date, int] | None:
        """When it opens next, within a week; None where a day between is unknown."""
        minute = now.hour * 60 + now.minute
        for ahead in range(8):
            day = now.date() + timedelta(days=ahead)
            spans = self.on(day)
            if spans is None:
                return None
            opens = [span.opens for span in spans if ahead or span.opens > minute]
            if opens:
                return day, min(opens)
        return None

    def ahead(self, today: date, days: int = AHEAD) -> Iterator[tuple[date, DayOff]]:
        """The exceptions to come, each on its first day from today on."""
        seen: list[DayOff] = []
        for ahead in range(days):
            day = today + timedelta(days=ahead)
            off = self.off(day)
            if off and off not in seen:
                seen.append(off)
                yield day, off

    def runs(self) -> Iterator[tuple[Day, Day, tuple[Span, ...]]]:
        """The week as runs of days with the same hours: first day, last day, hours."""
        known = [day for day in DAYS if day in self.week]
        at = 0
        while at < len(known):
            end = at
            while (end + 1 < len(known) and self.week[known[end + 1]] == self.week[known[at]]
                   and DAYS.index(known[end + 1]) == DAYS.index(known[end]) + 1):  # fmt: skip
                end += 1
            yield known[at], known[end], self.week[known[at]]
            at = end + 1


def of(place: Place, base: Place) -> Opening:
    """The hours of a place, where it leaves them out those of `base`; days off of both, its own first."""
    own = place.exceptions if place is not base else ()
    return Opening(place.hours or base.hours, (*own, *base.exceptions))


def last(off: DayOff, first: date) -> date:
    """The last day of an exception that begins, or goes on, at `first`."""
    day = first
    while _holds(off, day + timedelta(days=1)) and (day - first).days < 40:
        day += timedelta(days=1)
    return day


def clock(minute: int) -> str:
    """600 → "10:00"; midnight is 24:00 where something ends then."""
    hour = minute // 60
    return f"{hour if hour <= 24 else hour - 24:02}:{minute % 60:02}"


def hours(spans: Sequence[Span]) -> str:
    """ "10:00–13:00, 14:00–21:00"."""
    return ", ".join(f"{clock(span.opens)}–{clock(span.closes or DAY)}" for span in spans)


def is_round(spans: Sequence[Span]) -> bool:
    """Around the clock?"""
    return len(spans) == 1 and spans[0].opens == 0 and spans[0].closes in (0, DAY)


def end(span: Span) -> int:
    """The minute at which a span ends, beyond midnight too."""
    return span.closes if span.closes > span.opens else span.closes + DAY


def _holds(off: DayOff, day: date) -> bool:
    if off.until is None:
        return off.on.is_on(day)
    start, end = _in(off.on, day.year), _in(off.until, day.year)
    if not off.on.year and (off.on.month, off.on.day) > (off.until.month, off.until.day):  # over the turn of the year
        return day >= start or day <= end
    return start <= day <= end


def _in(one: CalendarDay, year: int) -> date:
    year = one.year or year
    try:
        return date(year, one.month, one.day)
    except ValueError:  # 29 February of a common year
        return date(year, 3, 1)
