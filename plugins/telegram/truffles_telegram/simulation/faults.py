"""How the simulated API fails: on demand, and by Telegram's own limits."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class ApiError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How the next `count` calls of `method` ("" is every one) end.

    status, description, retry_after   answered with this error, not carried out
    drop       "before": hung up and not carried out; "after": carried out, then hung up
    delay, delay_before   seconds between carrying out and answering, and before carrying out
    skip       so many calls pass first
    """

    method: str = ""
    count: int = 1
    status: int = 0
    description: str = ""
    retry_after: int = 0
    drop: str = ""
    delay: float = 0.0
    delay_before: float = 0.0
    skip: int = 0


@dataclass
class Script:
    """What was asked for, used up in order."""

    wishes: list[Behaviour] = field(default_factory=list)

    def add(self, wish: Mapping[str, Any]) -> None:
        """One more wish. Raises `TypeError` for a key that means nothing."""
        self.wishes.append(Behaviour(**wish))

    def next(self, method: str) -> Behaviour:
        """How this call ends."""
        for wish in self.wishes:
            if wish.method not in ("", method) or wish.count <= 0:
                continue
            if wish.skip > 0:
                wish.skip -= 1
                continue
            wish.count -= 1
            return wish
        return Behaviour()


class FloodControl:
    """Telegram's own limits in sliding windows; a limit of 0 is none."""

    def __init__(self, clock: Callable[[], float], *, per_second: int = 30, per_minute: int = 20) -> None:
        self.per_second, self.per_minute = per_second, per_minute
        self._clock = clock
        self._calls: dict[object, deque[float]] = defaultdict(deque)

    def count(self, group: int, amount: int) -> None:
        """Count a call, and what it shows in `group` (0 for none). Raises 429 when it is too much; nothing is counted then."""
        now = self._clock()
        counted = [("bot", self.per_second, 1.0, 1), (group, self.per_minute, 60.0, amount)]
        wanted = [each for each in counted if each[1] and each[3] and each[0]]
        for name, limit, seconds, more in wanted:
            self._ask(self._calls[name], now, limit, seconds, more)
        for name, _, _, more in wanted:
            self._calls[name].extend([now] * more)

    @staticmethod
    def _ask(calls: deque[float], now: float, limit: int, seconds: float, more: int) -> None:
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        if calls and len(calls) + more > limit:
            wait = max(1, math.ceil(calls[0] + seconds - now))
            raise ApiError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
