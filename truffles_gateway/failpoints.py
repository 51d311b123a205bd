"""Named places at which a test may kill the process: `TRUFFLES_CRASH=commit.after:2` dies there the second time.

Nothing happens unless that setting is given. The places are where durability could break.
"""

from __future__ import annotations

import os
import signal

from truffles_gateway.errors import ConfigError

NAMES = (
    "accept.before",
    "accept.after",
    "claim.after",
    "think.after",
    "commit.before",
    "commit.after",
    "send.before",
    "send.after",
    "receipt.before",
    "receipt.after",
    "circuit.before",
    "circuit.after",
    "job.before",
    "job.after",
    "fetch.admitted",
    "fetch.collected",
)

_armed: dict[str, int] = {}


def arm(spec: str) -> None:
    """Die at `name` or, given `name:count`, the count-th time it is reached. "" disarms."""
    _armed.clear()
    if not spec:
        return
    name, _, count = spec.partition(":")
    if name not in NAMES:
        raise ConfigError(f"no such place: {name}", where="TRUFFLES_CRASH", cure=f"One of {', '.join(NAMES)}")
    _armed[name] = int(count or 1)


def reach(name: str) -> None:
    """Die here by SIGKILL if the test asked for it."""
    if name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
