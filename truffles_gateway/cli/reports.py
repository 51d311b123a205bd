"""`truffles ledger` and `truffles why`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from truffles_gateway.cli.common import WIDE, console, opened, run
from truffles_gateway.errors import ConfigError
from truffles_gateway.observability import mask
from truffles_gateway.store import reports

LONGEST_SHOWN = 600
SHOWN_APART = ("stage", "ms", "plugin", "outcome", "why", "reason", "asked")


@click.command()
@click.argument("tenant", required=False)
def ledger(tenant: str | None) -> None:
    """Show what became of every accepted message and check the sums: exit code 1 if one is lost.

    Example: truffles ledger salon
    """
    raise SystemExit(0 if run(_ledger(tenant)) else 1)


@click.command()
@click.argument("message")
def why(message: str) -> None:
    """Show why a message was answered the way it was: each stage, who was asked, what it said, how long it took.

    MESSAGE is the channel's message id, a correlation id, or the id of an event, turn or outgoing row.

    Example: truffles why 3EB0C767D26A1B2E5D1F
    """
    stories = run(_why(message))
    if not stories:
        raise ConfigError(f'no message "{message}"', cure="Give its id, its correlation id or the id of a row")
    for story in stories:
        _tell(story)


async def _ledger(tenant: str | None) -> bool:
    async with opened(tenants=False) as gateway:
        found = await reports.ledger(gateway.database, tenant)
    if tenant and not found:
        raise ConfigError(f'no tenant "{tenant}"', cure="`truffles tenants show` lists all")
    if console.width < WIDE:
        console.print("\n".join(map(_as_line, found)))
        return all(each.balanced for each in found)
    table = Table("tenant", "accepted", *reports.ENDS, "waiting", "lost", "desk", "")
    for each in found:
        ends = [str(each.outcomes[name]) for name in reports.ENDS]
        sign = "[green]balanced[/]" if each.balanced else "[red]does not match[/]"
        desk = f"{sum(each.desk_outcomes.values())}/{each.desk_accepted}"
        table.add_row(each.tenant, str(each.accepted), *ends, str(each.waiting), str(each.lost), desk, sign)
    console.print(table)
    return all(each.balanced for each in found)


def _as_line(line: reports.Ledger) -> str:
    """A tenant's line where a table does not fit: the sum as it is checked."""
    ends = " + ".join(f"{count} {name}" for name, count in line.outcomes.items())
    desk = f"desk {sum(line.desk_outcomes.values())} of {line.desk_accepted} handled"
    sign = "[green]balanced[/]" if line.balanced else "[red]does not match[/]"
    return (
        f"{line.tenant}: {line.accepted} accepted = {ends} + {line.waiting} waiting; {line.lost} lost; {desk}: {sign}"
    )


async def _why(message: str) -> list[dict[str, Any]]:
    async with opened(tenants=False) as gateway:
        return await reports.why(gateway.database, message)


def _tell(story: Mapping[str, Any]) -> None:
    if "stages" not in story:
        outcome = story["outcome"] or "waiting"
        console.print(f"[b]{escape(story['tenant'])}[/] {escape(str(story['text'] or ''))}")
        console.print(f"  → {outcome}: {story['outcome_reason'] or 'not taken up yet'} ({story['correlation_id']})")
        return
    console.print(f"[b]{escape(story['tenant'])}[/] turn {story['turn_id']} ({story['correlation_id']})")
    for event in story["events"] or ():
        text = shortened(event["text"] or "")
        console.print(f"  [cyan]customer[/] {escape(text)}  [dim]{event['event_id']}[/]")
    console.print(_stages(story["stages"]) if console.width >= WIDE else _stage_lines(story["stages"]))
    for fault in story["faults"] or ():
        console.print(f"  [red]fault[/] {fault['plugin']}.{fault['hook']}: {escape(fault['error'])}")
    for draft in story["drafts"] or ():
        by = f" by {draft['by']}" if draft["by"] else ""
        console.print(f"  [yellow]draft[/] {draft['status']}{escape(by)}: {escape(shortened(draft['text']))}")
    for row in story["outgoing"] or ():
        to = escape(mask(f"{row['channel']} {row['recipient']}"))
        console.print(
            f"  [green]{row['kind']}[/] to {to}, {row['status']}: {escape(shortened(row['text'] or ''))} {row['error']}"
        )
    console.print(
        f"  → {story['outcome'] or story['status']} {story['outcome_reason']} {escape(story['error'])}".rstrip()
    )


def shortened(text: str) -> str:
    """A text as one looks at it: of a very long one the beginning, and how long it is."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text)} characters)"


def _stages(stages: list[dict[str, Any]]) -> Table:
    table = Table("stage", "ms", "asked", "came to", "more", box=None, padding=(0, 2))
    for stage in stages:
        came_to = " ".join(str(stage[name]) for name in ("plugin", "outcome", "why", "reason") if stage.get(name))
        more = {name: value for name, value in stage.items() if name not in SHOWN_APART}
        asked = stage.get("asked") or ""
        table.add_row(
            str(stage.get("stage", "")), f"{stage['ms']:.1f}" if "ms" in stage else "", escape(_brief(asked)),
            escape(came_to), escape(_brief(more)),
        )  # fmt: skip
    return table


def _stage_lines(stages: list[dict[str, Any]]) -> Table:
    """The same where that does not fit: what a stage knew stands below what it came to."""
    table = Table("stage", "ms", "came to", box=None, padding=(0, 2))
    for stage in stages:
        came_to = " ".join(str(stage[name]) for name in ("plugin", "outcome", "why", "reason") if stage.get(name))
        more = {name: value for name, value in stage.items() if name not in SHOWN_APART}
        took = f"{stage['ms']:.1f}" if "ms" in stage else ""
        known = f"\n[dim]{escape(_brief(more))}[/]" if more else ""
        table.add_row(str(stage.get("stage", "")), took, f"{escape(came_to)}{known}".strip())
    return table


def _brief(value: Any) -> str:
    if not value or isinstance(value, str):
        return value or ""
    return cut(json.dumps(value, ensure_ascii=False, default=str)[1:-1].replace('"', ""))


def cut(text: str, most: int = 300) -> str:
    """At most so many characters of a text, up to a word's end; what is left out is seen."""
    if len(text) <= most:
        return text
    whole, _, _ = text[: most - 1].rpartition(" ")
    return f"{whole.rstrip()} …" if whole.strip() else f"{text[: most - 1]}…"
