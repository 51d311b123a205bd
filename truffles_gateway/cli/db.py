"""`truffles db upgrade`."""

from __future__ import annotations

import click

from truffles_gateway.cli.common import console, opened, run


@click.group()
def db() -> None:
    """Create and upgrade the database's tables.

    Example: truffles db upgrade
    """


@db.command()
def upgrade() -> None:
    """Bring the tables to the newest revision. `serve` and `worker` do the same when they start.

    Example: DATABASE_URL=postgresql://… truffles db upgrade
    """
    run(_upgrade())
    console.print("[green]✓[/] the database is up to date")


async def _upgrade() -> None:
    async with opened():  # opening upgrades
        pass
