"""The command `truffles`. Each group lives in a module of its own, imported when it is used: the start stays fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from truffles_gateway import __version__

if TYPE_CHECKING:
    from truffles_gateway.plugin import Plugin

COMMANDS = {
    "serve": ("serve:serve", "Serve webhooks and, unless told otherwise, work on what comes in."),
    "worker": ("serve:worker", "Work on what comes in, without serving webhooks."),
    "demo": ("demo:demo", "Play real dialogues before your eyes, without any key."),
    "doctor": ("doctor:doctor", "Check environment, database, plugins and tenants."),
    "smoke": ("remote:smoke", "Check a running deployment from outside."),
    "metrics": ("metrics:metrics", "Show how well customers were served."),
    "tenants": ("tenants:tenants", "Check, apply and show the configs of businesses."),
    "plugins": ("plugins:plugins", "List the installed plugins."),
    "knowledge": ("knowledge:knowledge", "Load a business's facts, look after what was learnt."),
    "contacts": ("contacts:contacts", "Say whom the bot leaves alone: relatives, staff, suppliers."),
    "media": ("media:media", "Look after customers' files: how much room they take, and for how long."),
    "outbox": ("outbox:outbox", "Look at outgoing messages and send spent ones again."),
    "ledger": ("reports:ledger", "Show what became of every accepted message, and check the sums."),
    "why": ("reports:why", "Show why a message was answered the way it was."),
    "eval": ("evals:evals", "Try out what the bot would say, without reaching anybody."),
    "db": ("db:db", "Create and upgrade the database's tables."),
}


CLICKS_OWN = (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError)
"""What click itself ends as it should: a pipe that its reader has closed, without a word."""
OF_PLUGINS = "truffles_gateway.commands"


class Commands(click.Group):
    """The host's commands, and behind them those that plugins bring."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The host's names; plugins are imported only when one of theirs is called."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of a command; a plugin cannot replace one of the host's."""
        if name in COMMANDS:
            module, attribute = COMMANDS[name][0].split(":")
            found: click.Command = getattr(import_module(f"truffles_gateway.cli.{module}"), attribute)
            return found
        from truffles_gateway.catalog import Catalog

        plugins = list(Catalog.scan().plugins())
        commands = (command for plugin in plugins for command in plugin.commands)
        found_there = next((command for command in commands if command.name == name), None)
        return found_there or _actions_of(plugins, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `truffles --help`, without importing any of them: plugins say in their metadata that they bring some."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])
        if brought := sorted(_brought()):
            with formatter.section("Commands of plugins"):
                formatter.write_dl(brought)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; an error becomes one line with cause and cure."""
        try:
            return super().invoke(ctx)
        except CLICKS_OWN:
            raise
        except Exception as problem:
            from truffles_gateway.cli.errors import as_click_error

            if ctx.params.get("debug"):
                raise
            raise as_click_error(problem) from problem


def _brought() -> Iterator[tuple[str, str]]:
    """The commands that installed plugins name as entry points, and what their packages are."""
    from importlib.metadata import entry_points

    for each in entry_points(group=OF_PLUGINS):
        summary = each.dist.metadata["Summary"] if each.dist else ""
        yield each.name.replace("_", "-"), summary or ""


def _actions_of(plugins: Sequence[Plugin], name: str) -> click.Command | None:
    """What the plugin `name` can do for one tenant, as a group of commands."""
    from truffles_gateway.cli.actions import group_of

    acting = (plugin for plugin in plugins if plugin.actions and name in {plugin.name, plugin.name.replace("_", "-")})
    return next(map(group_of, acting), None)


@click.group(
    cls=Commands,
    epilog="`truffles plugins` names every command that a plugin brings.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="truffles")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """A self-hosted AI front desk for messaging channels.

    Example: truffles demo
    """
