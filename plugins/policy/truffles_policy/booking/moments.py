"""What a text says about a time, before anybody looks into a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

HOUR = 60


@dataclass(frozen=True, slots=True)
class Day:
    """A day, or the days until another one. `weekday` and `week` say how it was named; `rolled`: it has passed this year;
    `no_such`: no calendar has it, as it was said."""

    start: date | None
    end: date | None = None
    weekday: int | None = None
    week: bool = False
    rolled: bool = False
    no_such: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day in minutes after midnight; not `sure`, the other half of the day may be meant. `till` ends a span;
    `bound` is "after" or "before"."""

    minute: int
    sure: bool = False
    till: int | None = None
    bound: str = ""

    @property
    def other(self) -> int:
        """The same hour in the other half of the day."""
        return (self.minute + 12 * HOUR) % (24 * HOUR)


@dataclass(frozen=True, slots=True)
class Moment:
    """All that a text says about when. `ahead`: so many minutes from now. `nothing`: it says nothing."""

    day: Day | None = None
    clock: Clock | None = None
    part: str = ""
    ahead: int | None = None

    @property
    def nothing(self) -> bool:
        """Does it say nothing?"""
        return self.day is None and self.clock is None and not self.part and self.ahead is None


def weekday_day(today: date, weekday: int, which: str = "") -> Day:
    """The next such day; "this" may be today, "next" lies in the week after this one."""
    if which == "next":
        monday = today + timedelta(days=7 - today.weekday())
        return Day(monday + timedelta(days=weekday), weekday=weekday)
    away = (weekday - today.weekday()) % 7
    return Day(today + timedelta(days=away if away or which == "this" else 7), weekday=weekday)


def week_days(today: date, which: str) -> Day:
    """This week or the next one, from today on."""
    monday = today - timedelta(days=today.weekday()) + timedelta(days=7 if which == "next" else 0)
    return Day(max(today, monday), monday + timedelta(days=6), week=True)


def weekend_days(today: date, which: str) -> Day:
    """The coming weekend, or the one after this week's."""
    saturday = today - timedelta(days=today.weekday()) + timedelta(days=5 + (7 if which == "next" else 0))
    sunday = saturday + timedelta(days=1)
    if sunday == today and not which:  # the last day of it is today: the next one is meant
        saturday, sunday = saturday + timedelta(days=7), sunday + timedelta(days=7)
    return Day(max(today, saturday), sunday)


def month_days(today: date, which: str) -> Day:
    """What is left of this month, or the next one."""
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    if which != "next":
        return Day(today, first - timedelta(days=1))
    return Day(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))


def month_day(today: date, month: int, day: int, year: int = 0) -> Day:
    """A day of a month; without a year the next one that comes."""
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return Day(None, no_such=(day, month))
    years = [year] if year else [today.year, today.year + 1]
    for at, each in enumerate(years):
        try:
            found = date(each, month, day)
        except ValueError:
            continue
        if year or found >= today:
            return Day(found, rolled=at > 0)
    return Day(None, no_such=(day, month))


def day_of_month(today: date, day: int) -> Day:
    """The next such day of any month."""
    if not 1 <= day <= 31:
        return Day(None, no_such=(day, 0))
    first = today.replace(day=1)
    for _ in range(3):
        try:
            found = first.replace(day=day)
        except ValueError:
            found = None
        if found is not None and found >= today:
            return Day(found)
        first = (first + timedelta(days=32)).replace(day=1)
    return Day(None, no_such=(day, 0))
