"""A circuit breaker: a server that keeps failing is left alone for a while."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from truffles_gateway.plugin import Clock


class Circuit:
    """Closed until `failures` happen within `within` seconds; then open for `rest` seconds. The next failure opens it again,
    the next success closes it. One of each tenant, in each process."""

    def __init__(self, clock: Clock, *, failures: int, within: float, rest: float) -> None:
        self._clock = clock
        self._within, self._rest = timedelta(seconds=within), timedelta(seconds=rest)
        self._failed: deque[datetime] = deque(maxlen=failures)
        self._until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Is the server to be left alone?"""
        return self._until is not None and self._clock.now() < self._until

    def worked(self) -> None:
        """A request succeeded."""
        self._failed.clear()
        self._until = None

    def failed(self) -> None:
        """A request failed, and the server is to blame."""
        now = self._clock.now()
        self._failed.append(now)
        many = len(self._failed) == self._failed.maxlen and now - self._failed[0] <= self._within
        if not self.is_open and (many or self._until):  # not by a straggler that was sent before it opened
            self._until = now + self._rest
