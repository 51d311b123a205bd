"""`truffles metrics`: how well customers were served, or the raw figures of a running gateway."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import click
from rich.table import Table

from truffles_gateway.cli.common import WIDE, console, opened, run
from truffles_gateway.cli.remote import show_figures
from truffles_gateway.errors import ConfigError
from truffles_gateway.store.outcomes import Outcomes, outcomes

# What a business aims at.
DEFLECTION, GOAL, CSAT = 0.40, 0.60, 4.0
BAR = 24


@click.command()
@click.argument("tenant", required=False)
@click.option("--days", type=click.IntRange(1, 366), default=14, show_default=True, help="How far to look back.")
@click.option("--json", "as_json", is_flag=True, help="For machines: one line a tenant, branch and day.")
def metrics(tenant: str | None, days: int, as_json: bool) -> None:
    """Show how well customers were served: dialogues, deflection, goal completion, repeats, times.

    Without TENANT all of them. With a gateway's address instead of TENANT its raw figures are shown.

    Example: truffles metrics salon --days 30
    Example: truffles metrics http://127.0.0.1:8080
    """
    if tenant and tenant.startswith(("http://", "https://")):
        show_figures(tenant)
        return
    summed, daily = run(_found(tenant, days))
    if as_json:
        click.echo(json.dumps([each.as_json() for each in daily], default=str, ensure_ascii=False))
        return
    if not summed:
        console.print(f"No dialogue began within the last {days} days.")
        return
    _table(summed)
    _by_branch(daily)
    _chart(daily)


async def _found(tenant: str | None, days: int) -> tuple[list[Outcomes], list[Outcomes]]:
    async with opened(tenants=False) as gateway:
        if tenant and not await gateway.database.fetch("SELECT 1 FROM clients WHERE slug = $1", tenant):
            raise ConfigError(f'no tenant "{tenant}"', cure="`truffles tenants show` lists all")
        now = gateway.clock.now()
        summed = await outcomes(gateway.database, now, days=days, tenant=tenant)
        return summed, await outcomes(gateway.database, now, days=days, tenant=tenant, by_day=True)


def _table(found: Sequence[Outcomes]) -> None:
    if console.width < WIDE:
        for each in found:
            console.print(
                f"[b]{each.tenant}[/]: {each.dialogues} dialogues ({each.open} open), deflection "
                f"{_share(each.deflection)}, goals {_against(each.goal_completion, GOAL)}, came back "
                f"{_share(each.repeat_rate)}, to a human {_share(each.escalation_rate)}, first response "
                f"{_time(each.first_response)}, resolved in {_time(each.resolution)}, CSAT {_mark(each)}, "
                f"quality deflection {_against(each.quality_deflection, DEFLECTION)}"
            )
        return
    table = Table(
        "tenant", "dialogues", "open", "deflection", f"goals (> {GOAL:.0%})", "came back", "to a human",
        "first response", "resolved in", f"CSAT (> {CSAT:g})", f"quality deflection (> {DEFLECTION:.0%})",
    )  # fmt: skip
    for each in found:
        table.add_row(
            each.tenant, str(each.dialogues), str(each.open), _share(each.deflection),
            _against(each.goal_completion, GOAL), _share(each.repeat_rate), _share(each.escalation_rate),
            _time(each.first_response), _time(each.resolution), _mark(each),
            _against(each.quality_deflection, DEFLECTION),
        )  # fmt: skip
    console.print(table)


def _by_branch(daily: Sequence[Outcomes]) -> None:
    """One line a branch, where a tenant has some."""
    named = dict.fromkeys((each.tenant, each.branch) for each in daily if each.branch)
    for tenant, branch in named:
        of = [each for each in daily if (each.tenant, each.branch) == (tenant, branch)]
        ended = sum(each.dialogues for each in of)
        deflected = _share(sum(each.deflected for each in of) / ended) if ended else "–"
        console.print(f"  {tenant}, branch {branch}: {ended} dialogues, deflection {deflected}")


def _chart(daily: Sequence[Outcomes]) -> None:
    """A bar a day: what the bot did alone, and the rest."""
    days: dict[date, tuple[int, int]] = {}
    for each in daily:
        if each.day:
            alone, ended = days.get(each.day, (0, 0))
            days[each.day] = alone + each.deflected, ended + each.dialogues
    most = max((ended for _, ended in days.values()), default=0)
    if not most:
        return
    console.print("\n[green]█[/] by the bot alone  [yellow]█[/] with a human, or came back")
    for day, (alone, ended) in sorted(days.items()):
        bot = round(BAR * alone / most)
        rest = round(BAR * ended / most) - bot
        console.print(f"{day:%d.%m} [green]{'█' * bot}[/][yellow]{'█' * rest}[/] {alone} of {ended}", highlight=False)


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _against(share: float | None, target: float) -> str:
    return "–" if share is None else f"[{'green' if share > target else 'yellow'}]{share:.0%}[/]"


def _mark(each: Outcomes) -> str:
    if each.csat is None:
        return "–"
    return f"[{'green' if each.csat > CSAT else 'yellow'}]{each.csat:.1f}[/] ({each.ratings})"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
