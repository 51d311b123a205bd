"""Reading values that may be of any JSON type: each reader answers something of its type, and never raises."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2009, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NUMBER = 64
_WRITTEN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?", re.ASCII)


def mapping(value: object) -> Mapping[str, object]:
    """The object itself, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def line(value: object) -> str:
    """A text without surrounding whitespace; senders also write numbers where words belong."""
    if isinstance(value, str):
        return value.strip()
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value) if isinstance(value, float) or value.bit_length() <= 4 * _LONGEST_NUMBER else ""


def number(value: object) -> float | None:
    """A finite number, also where it is written as a text."""
    if isinstance(value, Mapping):
        return _long(value)
    written = line(value)
    if len(written) > _LONGEST_NUMBER or not _WRITTEN_NUMBER.fullmatch(written):
        return None
    found = float(written)
    return found if math.isfinite(found) else None


def _long(value: Mapping[str, object]) -> float | None:
    """A 64-bit number as protobuf libraries of JavaScript write it: `{"low": …, "high": …}`."""
    low, high = value.get("low"), value.get("high")
    if isinstance(low, Mapping) or isinstance(high, Mapping):
        return None
    lower, upper = number(low), number(high)
    return None if lower is None else (upper or 0.0) * 2**32 + lower % 2**32


def flag(value: object) -> bool:
    """Yes or no, however it is written."""
    return value is True or line(value).lower() in {"1", "true", "yes"}


def moment(value: object) -> datetime | None:
    """A time: seconds, milliseconds, finer ones, or ISO 8601. None for what cannot be a message's time."""
    seconds = number(value)
    found = _iso(value) if seconds is None else _since_epoch(seconds)
    return found if found and EARLIEST <= found < LATEST else None


def _since_epoch(seconds: float) -> datetime | None:
    for _ in range(3):
        if seconds > 1e11:
            seconds /= 1000
    return _EPOCH + timedelta(seconds=seconds) if 0 < seconds < 1e11 else None


def _iso(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def digest(*parts: str) -> str:
    """A stable hash over texts, whatever characters they hold."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class Scopes:
    """Objects in which a key may stand, in order of trust. A better name in a later scope beats a worse one before."""

    scopes: tuple[Mapping[str, object], ...]

    def every(self, *names: str) -> list[object]:
        """All values under any of `names`, best first."""
        return [scope[name] for name in names for scope in self.scopes if name in scope]

    def line(self, *names: str) -> str:
        """The first text that is not empty. (Plain loops: this is asked twenty times for each webhook.)"""
        for name in names:
            for scope in self.scopes:
                if name in scope and (found := line(scope[name])):
                    return found
        return ""

    def flag(self, *names: str) -> bool:
        """Is any of them set?"""
        return any(map(flag, self.every(*names)))

    def moment(self, *names: str) -> datetime | None:
        """The first readable time."""
        return next(filter(None, map(moment, self.every(*names))), None)
