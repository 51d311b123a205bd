"""`truffles plugins`."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import click
from rich.table import Table

from truffles_gateway.catalog import Catalog, Installed
from truffles_gateway.cli.common import console
from truffles_gateway.hookspecs import CALLS, PROJECT
from truffles_gateway.plugin import Plugin


@click.command()
def plugins() -> None:
    """List the installed plugins: version, hooks, channel, door, what they need, and why one cannot be loaded.

    Example: truffles plugins
    """
    table = Table("plugin", "version", "hooks", "channel", "door", "needs", "commands")
    found = Catalog.scan().installed.values()
    for each in found:
        table.add_row(*_row(each))
    console.print(table)
    for each in found:
        if each.fault:
            console.print(f"[red]✗[/] {each.name}: {each.fault}")
    if not found:
        console.print("no plugins are installed. Try: pip install truffles-chatflow")


def _row(each: Installed) -> tuple[str, ...]:
    plugin = each.plugin
    if plugin is None:
        return each.name, "[red]cannot be loaded[/]"
    fields = plugin.settings.model_fields.items()
    needed = " ".join(name for name, field in fields if field.is_required())
    door = plugin.ingress.path if plugin.ingress else ""
    commands = " ".join(str(command.name) for command in plugin.commands)
    return plugin.name, plugin.version, " ".join(hooks_of(plugin)), plugin.channel, door, needed, commands


def hooks_of(plugin: Plugin) -> list[str]:
    """The hooks that the class of its hook objects implements, as far as `create` tells which class that is."""
    if plugin.implements:
        return [name for name in CALLS if name in plugin.implements]
    made: object = plugin.create
    if not inspect.isclass(made):
        try:
            made = get_type_hints(made).get("return")
        except (NameError, TypeError):
            made = None
    return [name for name in CALLS if hasattr(getattr(made, name, None), f"{PROJECT}_impl")]
