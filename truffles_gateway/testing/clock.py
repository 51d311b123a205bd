"""A clock that a test moves for all processes at once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from truffles_gateway.clock import FileClock


class MovedClock:
    """The machine's clock plus an offset that lives in a file; processes get the file as `TRUFFLES_CLOCK_FILE`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0.0
        self._write()
        self._clock = FileClock(path)

    def now(self) -> datetime:
        """The moved time."""
        return self._clock.now()

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Move every process's clock forward."""
        self._offset += seconds + 60 * minutes + 3600 * hours
        self._write()

    def _write(self) -> None:
        fresh = self.path.with_suffix(".new")
        fresh.write_text(str(self._offset))
        fresh.replace(self.path)
