"""What can be served and will disappoint all the same: told where configs are checked, and by `truffles doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from truffles_gateway.catalog import Catalog
from truffles_gateway.cli.plugins import hooks_of
from truffles_gateway.plugin import Plugin
from truffles_gateway.tenant_config import TenantConfig


def cautions(config: TenantConfig, catalog: Catalog) -> Iterator[str]:
    """One line for each, key first and cure last."""
    used = [catalog.installed[each.name].plugin for each in config.plugins if each.name in catalog.installed]
    if not any(_shows_handovers(each) for each in used if each):
        yield from _nobody_is_told(config, catalog.plugins())


def _shows_handovers(plugin: Plugin) -> bool:
    return plugin.capabilities.desk or "escalate" in hooks_of(plugin)


def _nobody_is_told(config: TenantConfig, installed: Iterable[Plugin]) -> Iterator[str]:
    """No error: a tenant may answer what it knows and leave the rest to a phone that somebody watches."""
    modes = {"mode": config.mode} | {f"branches[{index}].mode": each.mode for index, each in enumerate(config.branches)}
    desks = ", ".join(each.name for each in installed if _shows_handovers(each)) or "none"
    for where, mode in modes.items() if config.status == "active" else ():
        if mode == "auto":
            yield (
                f'{where}: "auto" promises customers a person, and nobody is told: no plugin here shows handovers to '
                f"people. Add one that does (installed: {desks})"
            )
