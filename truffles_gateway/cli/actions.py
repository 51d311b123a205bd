"""What plugins can do for one tenant: `truffles <plugin> <action> TENANT`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import click

from truffles_gateway.cli.common import console, find_tenant, opened, run
from truffles_gateway.errors import ConfigError, TrufflesError
from truffles_gateway.plugin import Plugin

Action = Callable[[Any], Awaitable[Sequence[str]]]


def group_of(plugin: Plugin) -> click.Group:
    """The actions of a plugin as a group of commands."""
    group = click.Group(name=plugin.name.replace("_", "-"), help=plugin.summary)
    for name, action in plugin.actions.items():
        group.add_command(_command(plugin, name, action))
    return group


def _command(plugin: Plugin, name: str, action: Action) -> click.Command:
    def call(tenant: str) -> None:
        try:
            _print(run(_act(plugin, tenant, action)))
        except TrufflesError as problem:
            _print(getattr(problem, "__notes__", ()))  # what it had found out before
            raise

    about = f"{inspect.getdoc(action) or name}\n\nExample: truffles {plugin.name.replace('_', '-')} {name} salon"
    return click.Command(name, callback=call, params=[click.Argument(["tenant"])], help=about)


def _print(lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, markup=False)


async def _act(plugin: Plugin, slug: str, action: Action) -> Sequence[str]:
    async with opened() as gateway:
        tenant = find_tenant(gateway, slug)
        if plugin.name not in tenant.objects:
            cure = f'Add [[plugins]] with name = "{plugin.name}" to its file and apply it'
            raise ConfigError(f"does not use the plugin {plugin.name}", tenant=slug, cure=cure)
        return await action(tenant.objects[plugin.name])
