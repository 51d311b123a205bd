"""`truffles media usage|cleanup|rotate-links`."""

from __future__ import annotations

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from truffles_gateway.cli.common import console, opened, run
from truffles_gateway.errors import ConfigError
from truffles_gateway.store import links
from truffles_gateway.store.cleanup import Cleaned, Cleanup, Store, stores
from truffles_gateway.store.database import Database

MB = 2**20
TENANT = click.option("--tenant", help="Only this tenant.")


@click.group()
def media() -> None:
    """Look after the files that customers and managers send.

    Example: truffles media usage
    """


@media.command()
@TENANT
def usage(tenant: str | None) -> None:
    """Show how many files each tenant has, what room they take, and what they may take.

    Example: truffles media usage --tenant salon
    """
    found = run(_usage(tenant))
    table = Table("tenant", "files", "MB", "quota, MB", "full", "days", "kept in")
    for each in found:
        used, quota = each.used_bytes / MB, each.media.quota_mb
        place = each.media.storage_dir or "PostgreSQL"
        table.add_row(
            each.tenant,
            str(each.files),
            f"{used:.1f}",
            f"{quota:g}",
            f"{used / quota:.0%}",
            f"{each.media.ttl_days:g}",
            place,
        )
    console.print(table if found else "no tenant yet")


@media.command()
@TENANT
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
def cleanup(tenant: str | None, dry_run: bool) -> None:
    """Delete the files that nobody has put or used for the tenant's media.ttl_days, and what crashes left in folders.

    What still has to be shown or sent is kept, whatever its age. A running worker does the same by itself, now and then;
    both may run at once.

    Example: truffles media cleanup --tenant salon --dry-run
    """
    run(_cleanup(tenant, dry_run=dry_run))


@media.command("rotate-links")
@click.option("--tenant", required=True, help="Whose links end.")
def rotate_links(tenant: str) -> None:
    """End every link to the tenant's files that was handed out so far; new ones are signed with another key.

    Example: truffles media rotate-links --tenant salon
    """
    run(_rotate(tenant))
    console.print(f"[green]✓[/] {tenant}: links made so far open nothing any more")


async def _usage(tenant: str | None) -> list[Store]:
    async with opened(tenants=False) as gateway:
        return await _stores(gateway.database, tenant)


async def _rotate(tenant: str) -> None:
    async with opened(tenants=False) as gateway:
        [store] = await _stores(gateway.database, tenant)
        await links.rotate(gateway.database, store.client_id)


async def _cleanup(tenant: str | None, *, dry_run: bool) -> None:
    async with opened(tenants=False) as gateway:
        found = await _stores(gateway.database, tenant)
        cleaning = Cleanup(gateway.database, gateway.clock, gateway.settings.truffles_data_dir)
        for store in found:
            done = await cleaning.look(store) if dry_run else await _clean(cleaning, store)
            console.print(f"[green]✓[/] {store.tenant}: {_told(done, dry_run=dry_run)}")
        if not found:
            console.print("no tenant yet")


async def _clean(cleaning: Cleanup, store: Store) -> Cleaned:
    """With a bar that fills while batches go."""
    total = (await cleaning.look(store)).files
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(store.tenant, total=total)
        return await cleaning.run(store, lambda count: bar.advance(task, count))


def _told(done: Cleaned, *, dry_run: bool) -> str:
    files = f"{done.files} files, {done.bytes / MB:.1f} MB {'would be deleted' if dry_run else 'deleted'}"
    return f"{files}; {done.leftovers} leftovers of crashes" if done.leftovers else files


async def _stores(database: Database, tenant: str | None) -> list[Store]:
    """Of all tenants, or of the one that is named. Raises `ConfigError` where there is no such tenant."""
    found = await stores(database, tenant)
    if tenant and not found:
        raise ConfigError(f'no tenant "{tenant}"', cure="`truffles tenants show` lists all")
    return found
