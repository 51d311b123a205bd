"""The hours of a business or of one branch, day by day, and whether a wished time lies in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from truffles_policy.booking.moments import HOUR
from truffles_policy.pack.schema import DayOff, Pack, Place
from truffles_policy.pack.values import DAYS, OneDay, Span, Week

WINDOWS = {
    "morning": (5, 12), "noon": (12, 14), "day": (11, 17), "afternoon": (12, 18), "evening": (17, 24), "night": (22, 24),
}  # fmt: skip
"""Hours of the parts of a day."""
SHORT = {
    "ru": ("пн", "вт", "ср", "чт", "пт", "сб", "вс"),
    "kk": ("дс", "сс", "ср", "бс", "жм", "сн", "жс"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
CLOSED = {"ru": "выходной", "kk": "демалыс", "en": "closed"}


@dataclass(frozen=True, slots=True)
class Calendar:
    """Opening hours by weekday and the days that have others; a day that nobody names is unknown."""

    week: Week
    exceptions: Sequence[DayOff] = ()

    @classmethod
    def of(cls, pack: Pack, branch: str = "") -> Calendar:
        """The hours of a branch, what it leaves out as in the place; of the business without one."""
        place = pack.place
        here: Place = next((each for each in pack.branches if each.slug == branch), place)
        return cls(here.hours or place.hours, here.exceptions or place.exceptions)

    def spans(self, day: date) -> Sequence[Span] | None:
        """When it is open that day; () closed, None unknown."""
        for off in self.exceptions:
            if _covers(off, day):
                return off.hours
        return self.week.get(DAYS[day.weekday()])

    def is_open(self, day: date, minute: int) -> bool | None:
        """Is it open then? None: unknown."""
        spans = self.spans(day)
        return None if spans is None else any(_holds(span, minute) for span in spans)

    def is_ever_open(self, minute: int) -> bool | None:
        """Is it open at that time on any day of the week?"""
        known = [_holds(span, minute) for spans in self.week.values() for span in spans]
        return any(known) if known else None

    def has_part(self, day: date, part: str) -> bool | None:
        """Is it open in that part of the day at all?"""
        spans = self.spans(day)
        if spans is None or part not in WINDOWS:
            return None
        begins, ends = (hour * HOUR for hour in WINDOWS[part])
        return any(span.opens < ends and _closing(span) > begins for span in spans)

    def closing(self, day: date) -> int | None:
        """The minute at which it closes that day."""
        spans = self.spans(day)
        return max(map(_closing, spans)) if spans else None

    def told(self, day: date) -> str:
        """The hours of a day: "10:00–13:00, 14:00–21:00"."""
        return ", ".join(f"{_hour(span.opens)}–{_hour(span.closes)}" for span in self.spans(day) or ())

    def told_week(self, language: str) -> str:
        """The hours of the week, alike days together: "пн–пт 10:00–21:00, сб 11:00–18:00"."""
        names, rows = SHORT.get(language, SHORT["ru"]), list[tuple[int, int, str]]()
        for at, day in enumerate(DAYS):
            if day not in self.week:
                continue
            hours = ", ".join(f"{_hour(span.opens)}–{_hour(span.closes)}" for span in self.week[day])
            hours = hours or CLOSED.get(language, CLOSED["ru"])
            if rows and rows[-1][1] == at - 1 and rows[-1][2] == hours:
                rows[-1] = (rows[-1][0], at, hours)
            else:
                rows.append((at, at, hours))
        return "; ".join(f"{names[a]}{f'–{names[b]}' if b > a else ''} {hours}" for a, b, hours in rows)


def _holds(span: Span, minute: int) -> bool:
    if span.closes > span.opens:
        return span.opens <= minute < span.closes
    return minute >= span.opens or minute < span.closes  # it closes after midnight


def _closing(span: Span) -> int:
    return span.closes if span.closes > span.opens else span.closes + 24 * HOUR


def _hour(minute: int) -> str:
    return f"{minute // HOUR % 24:02}:{minute % HOUR:02}" if minute != 24 * HOUR else "24:00"


def _covers(off: DayOff, day: date) -> bool:
    if off.until is None:
        return off.on.is_on(day)
    first, last = _on(off.on, day.year), _on(off.until, day.year)
    if last < first and not off.until.year:  # over the turn of the year
        return day >= first or day <= last
    return first <= day <= last


def _on(day: OneDay, year: int) -> date:
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return date(day.year or year, day.month, last)
