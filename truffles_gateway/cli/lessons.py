"""`truffles knowledge reconcile|learned|forget`: what was learnt from managers, and what the retrievers hold of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

import click
from rich.markup import escape
from rich.table import Table

from truffles_gateway import clock, compose, lessons
from truffles_gateway.cli.common import WIDE, console, find_tenant, opened, reaching, run
from truffles_gateway.lessons import ABSENT, DIFFERS, PRESENT, Difference, Reconciled
from truffles_gateway.store import learned_list
from truffles_gateway.store.database import Record
from truffles_gateway.tenants import Tenant

SHOWN, OPERATOR = 60, "CLI"
FOUND = {
    ABSENT: "approved, but not known",
    PRESENT: "known, but not approved",
    DIFFERS: "known in other words",
}
HEALED = {ABSENT: "learnt", PRESENT: "forgotten", DIFFERS: "put right"}


@click.command()
@click.argument("tenant")
@click.option("--check", is_flag=True, help="Only look: change nothing, exit code 1 if something differs.")
def reconcile(tenant: str, check: bool) -> None:
    """Compare the learned answers in the database with what the retrievers hold, and heal every difference.

    Approved but unknown answers are learnt, others are forgotten, other words are put right. The database says what is true.

    Example: truffles knowledge reconcile salon --check
    """
    result = run(_reconcile(tenant, heal=not check))
    for each in result.found:
        console.print(_line(each, healed=each not in result.left), markup=False, soft_wrap=True)
    if result.left:
        healable = "Run it without --check" if check else "Run it again"
        console.print(f"{tenant}: {len(result.left)} differences beside {result.approved} approved answers. {healable}")
        raise SystemExit(1)
    where = ", ".join(result.writers) or "nothing (no plugin keeps knowledge)"
    console.print(f"[green]✓[/] {tenant}: {result.approved} learned answers, table and {where} agree")


def _line(what: Difference, *, healed: bool) -> str:
    done = f": {HEALED[what.kind]}" if healed else ""
    return f"{what.writer}: {FOUND[what.kind]}{done}: {what.entry_id} {what.question[:80]}".rstrip()


async def _reconcile(slug: str, *, heal: bool) -> Reconciled:
    async with opened() as gateway:
        tenant = find_tenant(gateway, slug)
        async with reaching(tenant):
            return await lessons.reconcile(gateway.database, tenant, gateway.clock, heal=heal)


@click.command()
@click.argument("tenant")
def learned(tenant: str) -> None:
    """Show what was learnt from managers: at which branch it counts, where there are branches, who answered and who
    decided, how often the bot used it, and when last.

    Example: truffles knowledge learned salon
    """
    rows, owner = run(_learned(tenant))
    zone = clock.zone(owner.config.timezone)
    if not rows:
        console.print(f"{tenant}: nothing was learnt yet")
        return
    if console.width < WIDE:
        for row in rows:
            console.print(_as_line(row, zone, _where(row, owner)), markup=False, soft_wrap=True)
        return
    at = ("branch",) if owner.config.branches else ()
    table = Table("id", *at, "question", "answer", "status", "by", "when", "uses", "last used")
    for row in rows:
        words = [*filter(None, [_where(row, owner)]), *(escape(row[name][:SHOWN]) for name in ("question", "answer"))]
        times = [_time(row[name], zone) for name in ("created_at", "last_used_at")]
        table.add_row(row["id"][:8], *words, row["status"], escape(_who(row)), times[0], str(row["uses"]), times[1])
    console.print(table)


def _where(row: Record, tenant: Tenant) -> str:
    """The branch whose customers hear an answer, "all" where everybody does, "" where a tenant has no branches."""
    if not tenant.config.branches:
        return ""
    branch = tenant.branch_with_id(row["branch_id"])
    return branch.slug if branch and branch.knowledge_tag else "all"


def _as_line(row: Record, zone: tzinfo, where: str) -> str:
    """An answer where a table does not fit."""
    last = f", last {_time(row['last_used_at'], zone)}" if row["uses"] else ""
    what = f"{row['status']} ({where})" if where else row["status"]
    return (
        f"{row['id'][:8]} {what}, {_who(row)}, {_time(row['created_at'], zone)}, used {row['uses']} times{last}: "
        f"{row['question'][:SHOWN]} → {row['answer'][:SHOWN]}"
    )


def _who(row: Record) -> str:
    return " → ".join(dict.fromkeys(filter(None, (row["answered_by"], row["decided_by"]))))


@click.command()
@click.argument("tenant")
@click.argument("id")
def forget(tenant: str, id: str) -> None:
    """Take a learned answer back, as the button does: the bot uses it no longer. The beginning of its ID will do.

    Example: truffles knowledge forget salon 3f2b9c1e
    """
    console.print(run(_forget(tenant, id)), markup=False)


async def _learned(slug: str) -> tuple[Sequence[Record], Tenant]:
    async with opened() as gateway:
        tenant = find_tenant(gateway, slug)
        return await learned_list.everything(gateway.database, tenant.id), tenant


async def _forget(slug: str, beginning: str) -> str:
    async with opened() as gateway:
        tenant, database = find_tenant(gateway, slug), gateway.database
        id = await learned_list.named(database, tenant.id, beginning)
        changed = await learned_list.take_back(
            database, tenant.id, id, desks=compose.desks(tenant), by=OPERATOR, now=gateway.clock.now()
        )
        async with reaching(tenant):
            await lessons.follow(database, tenant, id, gateway.clock)
        return f"{slug}: {id} {'is forgotten' if changed else 'was forgotten already'}"


def _time(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if at else ""
