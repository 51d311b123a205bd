"""How long something shall hold, as people write it: "2ч", "1 ч 30 мин", "до 18:00", "30 минут", "until 6". Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

LONGEST = timedelta(days=30)
_UNITS = {
    "minutes": r"минут\w*|мин\.?|м|minutes?|mins?|m",
    "hours": r"час\w*|ч\.?|сағат\w*|сағ\.?|с|hours?|hrs?|h",
    "days": r"дн\w*|день|д|сут\w*|күн\w*|days?|d",
}
_PIECE = re.compile(
    rf"\s*(?:на\s+|for\s+)?(?P<number>\d{{1,4}}(?:[.,]\d)?)\s*(?:{'|'.join(f'(?P<{u}>{p})' for u, p in _UNITS.items())})(?![^\W\d_])",
    re.IGNORECASE,
)
_HOUR = r"(?P<hour>[01]?\d|2[0-4])(?:[:.](?P<minute>[0-5]\d))?"
_UNTIL = (
    re.compile(rf"(?<!\w)(?:до|till|until)\s+{_HOUR}(?![\d:.]\d|\d)(?:\s*(?:ч\.?|часов|час)(?!\w))?", re.IGNORECASE),
    re.compile(rf"(?<![\d:.]){_HOUR}(?:\s*-?\s*(?:[гқк][еа]))?\s+дейін", re.IGNORECASE),
)


def length(text: str) -> timedelta | None:
    """The length that `text` says and nothing else, None if it cannot be read or nobody would mean it."""
    total, at = timedelta(), 0
    while at < len(text.rstrip()):
        piece = _PIECE.match(text, at)
        if piece is None:
            return None
        unit = next(name for name in _UNITS if piece[name])
        total += timedelta(**{unit: float(piece["number"].replace(",", "."))})
        at = piece.end()
    return total if timedelta() < total <= LONGEST else None


def until(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment of this day up to which `text` holds; None if it names none. It may lie in the past."""
    found = next(filter(None, (pattern.search(text) for pattern in _UNTIL)), None)
    if found is None:
        return None
    if int(found["hour"]) == 24:
        return midnight(now, zone)
    return _at(now, zone, time(int(found["hour"]), int(found["minute"] or 0)))


def only_until(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The same where `text` says nothing else."""
    return until(text, now, zone) if any(pattern.fullmatch(text.strip()) for pattern in _UNTIL) else None


def midnight(now: datetime, zone: tzinfo) -> datetime:
    """The end of the day."""
    return _at(now + timedelta(days=1), zone, time())


def today(now: datetime, zone: tzinfo) -> datetime:
    """Its beginning."""
    return _at(now, zone, time())


def shown(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """A moment as people read it: the time alone on the same day, else with its date."""
    there, here = moment.astimezone(zone), now.astimezone(zone)
    if there.date() == here.date():
        return f"{there:%H:%M}"
    return "24:00" if moment == midnight(now, zone) else f"{there:%d.%m %H:%M}"


def _at(day: datetime, zone: tzinfo, hour: time) -> datetime:
    return datetime.combine(day.astimezone(zone).date(), hour, tzinfo=zone).astimezone(UTC)
