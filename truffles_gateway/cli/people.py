"""`truffles tenants people`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

import click
from rich.markup import escape
from rich.table import Table

from truffles_gateway import clock
from truffles_gateway import people as names
from truffles_gateway.cli.common import WIDE, console, find_tenant, opened, run
from truffles_gateway.store import people as store
from truffles_gateway.store.people import Seen
from truffles_gateway.tenant_config import Agent
from truffles_gateway.tenants import Tenant

COLUMNS = ("name", "role", "branch", "on the channel", "username", "id", "phone", "last seen")
Row = tuple[str, ...]


@click.command()
@click.argument("tenant")
def people(tenant: str) -> None:
    """Show who works at the desks of a business: those whom its config lists, and whoever else has answered there.

    Example: truffles tenants people salon
    """
    rows = run(_people(tenant))
    if not rows:
        console.print("nobody is listed, and nobody was seen at a desk")
    elif console.width < WIDE:
        for row in rows:
            console.print(" · ".join(filter(None, row)), markup=False, soft_wrap=True)
    else:
        table = Table(*COLUMNS)
        for row in rows:
            table.add_row(*map(escape, row))
        console.print(table)


async def _people(slug: str) -> list[Row]:
    async with opened() as gateway:
        tenant = find_tenant(gateway, slug)
        seen = await store.seen(gateway.database, tenant.id)
        return [*_listed(tenant, seen), *_unlisted(tenant, seen)]


def _listed(tenant: Tenant, seen: Sequence[Seen]) -> Iterator[Row]:
    """Everybody in the config, once for each way in which they were seen."""
    for agent in tenant.config.agents:
        theirs = [each for each in seen if names.agent_of(tenant, each.person) is agent]
        for each in theirs:
            yield _row(tenant, agent, each)
        if not theirs:
            known = agent.identities[0] if agent.identities else None
            handle, id = (_handle(known.username), known.id) if known else ("", "")
            yield (agent.name, agent.role, agent.branch, "", handle, id, _phone(agent), "")


def _unlisted(tenant: Tenant, seen: Sequence[Seen]) -> Iterator[Row]:
    """Whoever has no right here, the latest first."""
    return (_row(tenant, None, each) for each in seen if names.agent_of(tenant, each.person) is None)


def _row(tenant: Tenant, agent: Agent | None, seen: Seen) -> Row:
    person, zone = seen.person, clock.zone(tenant.config.timezone)
    shown = agent.name if agent else names.name_of(tenant, person)
    own = (person.name, _handle(person.username), person.id)
    role, branch, phone = (agent.role, agent.branch, _phone(agent)) if agent else ("", "", "")
    return (shown, role, branch, *own, phone, _time(seen.at, zone))


def _handle(username: str) -> str:
    return f"@{username.lstrip('@')}" if username else ""


def _phone(agent: Agent) -> str:
    return f"+{agent.phone}" if agent.phone else ""


def _time(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
