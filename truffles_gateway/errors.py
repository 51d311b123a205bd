"""Every error of the gateway's own, as one tree.

TrufflesError
├── ConfigError        what an operator wrote is wrong; names tenant, key and cure
├── PluginError        a plugin cannot be loaded, or broke the contract of a hook
├── RejectedRequest    a webhook that must not be stored (bad JSON, too large); becomes a 4xx
├── FileUnavailable    a channel's plugin could not get a file that only it can get
├── StorageFull        a tenant's files have taken all the room that its quota gives them
├── LeaseLost          another worker owns the lane now; this turn's result is void
├── StateChanged       the conversation changed while the turn was thinking; decide again
└── StoreUnavailable   the database cannot be reached
"""

from __future__ import annotations

from collections.abc import Sequence


class TrufflesError(Exception):
    """Base of all errors that the gateway raises on purpose."""


class ConfigError(TrufflesError):
    """A tenant's or the gateway's configuration is wrong.

    `where` is a dotted key such as `plugins.chatflow.token`; `cure` says what to write instead.
    """

    def __init__(self, problem: str, *, tenant: str = "", where: str = "", cure: str = "") -> None:
        self.problem, self.tenant, self.where, self.cure = problem, tenant, where, cure
        place = ": ".join(part for part in (tenant, where) if part)
        super().__init__(f"{place}: {problem}" if place else problem)

    def __str__(self) -> str:
        said = super().__str__()
        return f"{said.rstrip('.')}{'' if said.endswith(('?', '!')) else '.'} {self.cure}" if self.cure else said


def dotted(path: Sequence[str | int]) -> str:
    """A path of keys as `ConfigError.where` tells it: `.services[4].price`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


class PluginError(TrufflesError):
    """A plugin is missing, cannot be imported, or broke the contract of its hooks."""


class RejectedRequest(TrufflesError):
    """A request that is answered with a 4xx and never stored. `status` is the HTTP status code."""

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status


class FileUnavailable(TrufflesError):
    """No bytes of a file that a channel keeps. `too_large` says that they are more than was allowed, `again` that another
    attempt may help."""

    def __init__(self, reason: str, *, too_large: bool = False, again: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.too_large, self.again = reason, too_large, again


class StorageFull(TrufflesError):
    """Bytes were not kept: with them a tenant's files would take more than its quota. `used` and `quota` are in bytes."""

    def __init__(self, *, tenant: str, used: int, quota: int) -> None:
        self.tenant, self.used, self.quota = tenant, used, quota
        taken = f"{used / 2**20:.1f} of {quota / 2**20:g} MB are taken by files"
        cure = f"Raise media.quota_mb, lower media.ttl_days, or run: truffles media cleanup --tenant {tenant}"
        super().__init__(f"{tenant}: {taken}. {cure}")


class LeaseLost(TrufflesError):
    """The fencing token of a lane is no longer ours."""


class StateChanged(TrufflesError):
    """A conversation was changed by someone else between reading and committing."""


class StoreUnavailable(TrufflesError):
    """The database did not answer in time."""
