"""A circuit breaker: a server that keeps failing is left alone for a while, then tried with one request."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from enum import StrEnum

from truffles_gateway.plugin import Clock


class Change(StrEnum):
    """What a request's end did to the circuit."""

    NONE = ""
    OPENED = "opened"
    CLOSED = "closed"


class Circuit:
    """Closed until `failures` happen within `within` seconds; then open for `rest` seconds; then one request is let
    through, and its end decides. One of each tenant, in each process."""

    def __init__(self, clock: Clock, *, failures: int, within: float, rest: float) -> None:
        self._clock, self._most = clock, failures
        self._within, self._rest = timedelta(seconds=within), timedelta(seconds=rest)
        self._failed: deque[datetime] = deque(maxlen=failures)
        self._open_until: datetime | None = None
        self._probing = False

    def enter(self) -> bool:
        """May a request go out? Whoever enters must leave."""
        if self._open_until is None:
            return True
        if self._probing or self._clock.now() < self._open_until:
            return False
        self._probing = True
        return True

    def leave(self, worked: bool | None) -> Change:
        """A request ended: it worked, the server failed, or (None) nothing was learnt about the server."""
        if worked is None:
            self._probing = False
            return Change.NONE
        return self._worked() if worked else self._broke()

    def _worked(self) -> Change:
        was_open, self._open_until = self._open_until is not None, None
        self._probing = False
        self._failed.clear()
        return Change.CLOSED if was_open else Change.NONE

    def _broke(self) -> Change:
        now = self._clock.now()
        self._failed.append(now)
        many = len(self._failed) == self._most and now - self._failed[0] <= self._within
        if not self._probing and (self._open_until is not None or not many):
            return Change.NONE  # a straggler that was sent before the circuit opened, or still few failures
        self._probing = False
        self._open_until = now + self._rest
        return Change.OPENED
