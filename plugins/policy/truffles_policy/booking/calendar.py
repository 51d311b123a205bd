"""Whether a wished time lies in the hours of a business or of one branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from truffles_policy.booking.moments import HOUR
from truffles_policy.pack import opening
from truffles_policy.pack.opening import Opening
from truffles_policy.pack.schema import Pack
from truffles_policy.pack.values import Span

WINDOWS = {
    "morning": (5, 12), "noon": (12, 14), "day": (11, 17), "afternoon": (12, 18), "evening": (17, 24), "night": (22, 24),
}  # fmt: skip
"""Hours of the parts of a day."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The hours that a wish is held against."""

    opening: Opening

    @classmethod
    def of(cls, pack: Pack, branch: str = "") -> Calendar:
        """The hours of a branch; of the business without one."""
        here = next((each for each in pack.branches if each.slug == branch), pack.place)
        return cls(opening.of(here, pack.place))

    def spans(self, day: date) -> Sequence[Span] | None:
        """When it is open that day; () closed, None unknown."""
        return self.opening.on(day)

    def is_open(self, day: date, minute: int) -> bool | None:
        """Is it open then? None: unknown."""
        spans = self.spans(day)
        return None if spans is None else any(_holds(span, minute) for span in spans)

    def is_ever_open(self, minute: int) -> bool | None:
        """Is it open at that time on any day of the week?"""
        known = [_holds(span, minute) for spans in self.opening.week.values() for span in spans]
        return any(known) if known else None

    def has_part(self, day: date, part: str) -> bool | None:
        """Is it open in that part of the day at all?"""
        spans = self.spans(day)
        if spans is None or part not in WINDOWS:
            return None
        begins, ends = (hour * HOUR for hour in WINDOWS[part])
        return any(span.opens < ends and opening.end(span) > begins for span in spans)

    def closing(self, day: date) -> int | None:
        """The minute at which it closes that day."""
        spans = self.spans(day)
        return max(map(opening.end, spans)) if spans else None

    def told(self, day: date) -> str:
        """The hours of a day: "10:00–13:00, 14:00–21:00"."""
        return opening.hours(self.spans(day) or ())


def _holds(span: Span, minute: int) -> bool:
    return span.opens <= minute < opening.end(span) or minute < opening.end(span) - opening.DAY
