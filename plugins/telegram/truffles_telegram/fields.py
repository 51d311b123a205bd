"""Reading an update's values, which may be of any JSON type: each reader answers something of its type, and never raises."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

EMPTY: Mapping[str, object] = {}
_LARGEST = 2**63


def mapping(value: object) -> Mapping[str, object]:
    """The object itself, or an empty one for anything else."""
    return value if isinstance(value, dict) else EMPTY


def text(value: object) -> str:
    """A text; "" for anything else."""
    return value if isinstance(value, str) else ""


def integer(value: object) -> int | None:
    """A whole number that fits into 64 bits."""
    return value if type(value) is int and -_LARGEST <= value < _LARGEST else None


def number(value: object) -> float:
    """A number that is no absurd one; 0 for anything else."""
    found = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
    return float(found) if abs(found) < _LARGEST else 0.0


def moment(value: object) -> datetime | None:
    """A Unix time in seconds, between 2013 (no Telegram before that) and 2100."""
    seconds = integer(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 1_356_998_400 < seconds < 4e9 else None
