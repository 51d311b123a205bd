"""`truffles knowledge reconcile|learned|forget`: what was learnt from managers, and what the retrievers hold of it."""

from __future__ import annotations

import click

from truffles_gateway import lessons
from truffles_gateway.cli.common import console, find_tenant, opened, run
from truffles_gateway.lessons import ABSENT, DIFFERS, PRESENT, Difference, Reconciled

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
        console.print(_line(each, healed=each not in result.left), markup=False)
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
        return await lessons.reconcile(gateway.database, find_tenant(gateway, slug), gateway.clock, heal=heal)
