"""The clock of a throwaway gateway: it stands where it is put, and goes on from there."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class StageClock:
    """A clock to set."""

    def __init__(self) -> None:
        self._at = datetime.now(UTC)
        self._set = time.monotonic()

    def now(self) -> datetime:
        """The moment it was set to, and what has passed since."""
        return self._at + timedelta(seconds=time.monotonic() - self._set)

    def set(self, moment: datetime) -> None:
        """It is `moment` now."""
        self._at, self._set = moment, time.monotonic()

    def pass_(self, span: timedelta) -> None:
        """So much time goes by."""
        self.set(self.now() + span)
