"""One clock for everything but leases, which live on the database's clock.

Tests move the clock of all processes at once by writing an offset in seconds into the file that `TRUFFLES_CLOCK_FILE`
names; without that setting the clock is the system's. Time zones come from the pinned `tzdata` package and not from the
machine, whose tables may be years old (Almaty moved to UTC+5 in March 2024).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the time, timezone-aware, in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)


class FileClock:
    """The machine's clock plus the offset that stands in a file; the file is read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = -1
        self._offset = timedelta()

    def now(self) -> datetime:
        """The present moment, moved by the offset in the file (a missing file means none)."""
        try:
            stamp = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return datetime.now(UTC)
        if stamp != self._seen:
            self._offset = timedelta(seconds=float(self._path.read_text() or 0))
            self._seen = stamp
        return datetime.now(UTC) + self._offset


def make_clock(clock_file: str = "") -> Clock:
    """The clock that the settings ask for."""
    return FileClock(Path(clock_file)) if clock_file else SystemClock()


@cache
def zone_names() -> frozenset[str]:
    """Every IANA time zone that is known here."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone `name`, for example "Asia/Almaty". Raises `KeyError` for an unknown one."""
    if name not in zone_names():
        raise KeyError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
