"""`truffles outbox list|dead|resubmit`."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.table import Table

from truffles_gateway.cli.common import console, find_tenant, opened, run
from truffles_gateway.errors import ConfigError
from truffles_gateway.observability import mask
from truffles_gateway.store import reports

TENANT = click.option("--tenant", help="Only this tenant.")


@click.group()
def outbox() -> None:
    """Look at outgoing messages and send spent ones again.

    Example: truffles outbox dead
    """


@outbox.command("list")
@TENANT
def waiting(tenant: str | None) -> None:
    """Show what waits to be sent.

    Example: truffles outbox list --tenant salon
    """
    run(_show(("queued", "sending"), tenant, "nothing waits to be sent"))


@outbox.command()
@TENANT
def dead(tenant: str | None) -> None:
    """Show what was not delivered: dead (all attempts spent), expired (not worth sending any more) and flagged (may
    have arrived).

    Example: truffles outbox dead
    """
    run(_show(reports.UNDELIVERED, tenant, "everything was delivered"))


@outbox.command()
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All dead rows.")
def resubmit(ids: tuple[str, ...], everything: bool) -> None:
    """Send rows again under their old keys: those with these IDs, or all dead ones.

    Example: truffles outbox resubmit --all
    """
    if everything == bool(ids):
        raise ConfigError("no rows are named", cure="Give IDs from `truffles outbox dead`, or --all")
    count = run(_resubmit(None if everything else ids))
    console.print(f"{count} queued again")
    if ids and count < len(set(ids)):
        raise ConfigError(f"{len(set(ids)) - count} of them are not spent rows", cure="See `truffles outbox dead`")


async def _resubmit(ids: Sequence[str] | None) -> int:
    async with opened(tenants=False) as gateway:
        return await reports.resubmit(gateway.database, gateway.clock.now(), ids)


async def _show(statuses: Sequence[str], tenant: str | None, none: str) -> None:
    async with opened() as gateway:
        if tenant and tenant not in gateway.registry.broken:
            find_tenant(gateway, tenant)
        found = await reports.outbox(gateway.database, statuses, tenant)
    if not found:
        console.print(none)
        return
    table = Table("id", "tenant", "to", "kind", "status", "attempts", "text", "error")
    for row in found:
        to = mask(f"{row['channel']} {row['recipient']}")
        text = str(row["payload"].get("text", ""))[:60]
        table.add_row(
            row["id"], row["tenant"], to, row["kind"], row["status"], str(row["attempts"]), text, mask(row["error"])
        )
    console.print(table)
