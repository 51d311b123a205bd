"""What a desk's turn needs from the database before anything is carried out: who they are, and what their orders are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from truffles_gateway import clock, orders, people, pricing, spans
from truffles_gateway.clock import Clock
from truffles_gateway.commands import Command
from truffles_gateway.messages import EventKind, InboundEvent, Person
from truffles_gateway.orders import Order
from truffles_gateway.records import StoredEvent, Work
from truffles_gateway.store import connect, events, knowledge, overrides, today
from truffles_gateway.store import people as met
from truffles_gateway.store.database import Database
from truffles_gateway.tenants import Tenant

CONNECT = "connect"
LONGEST_ID = 200


async def introduced(database: Database, at: Clock, work: Work, tenant: Tenant) -> Work:
    """The turn with everybody under the name that the desk calls them by. What they call themselves is kept."""
    known = {(each.channel, each.id): each for each in map(_somebody, work.events) if each}
    if not known:
        return work
    shared = await met.meet(database, tenant.id, list(known.values()), at.now())
    names = {key: people.name_of(tenant, each, (each.name,) if key in shared else ()) for key, each in known.items()}
    return replace(work, events=tuple(_named(each, names) for each in work.events))


def _somebody(stored: StoredEvent) -> Person | None:
    """Who acts at a desk of this tenant; a group that nobody knows is none, nor is a former one."""
    event, person = stored.event, stored.event.person
    if (
        person is None
        or event.ignore
        or event.action in {CONNECT, orders.FORMER}
        or not 0 < len(person.id) <= LONGEST_ID
    ):
        return None
    return replace(person, name=people.plain(person.name), username=people.plain(person.username.lstrip("@")))


def _named(stored: StoredEvent, names: Mapping[tuple[str, str], str]) -> StoredEvent:
    event, person = stored.event, stored.event.person
    name = names.get((person.channel, person.id)) if person else None
    if person is None or name is None:
        return stored
    return replace(stored, event=replace(event, person=replace(person, name=name)))


async def orders_of(database: Database, at: Clock, work: Work, tenant: Tenant) -> Mapping[str, Order]:
    """The orders of a desk's turn, by the ids of their events."""
    found = {
        stored.id: await _order(database, at, stored.event, tenant) or await _was_one(database, work, stored)
        for stored in work.events
    }
    return {id: order for id, order in found.items() if order}


async def _was_one(database: Database, work: Work, stored: StoredEvent) -> Order | None:
    """Words in the place of a command: the customer never read that one, so to them there is nothing to put right."""
    event = stored.event
    if not event.replaces or event.ignore or event.kind is not EventKind.MANAGER or orders.command_of(event):
        return None
    earlier = await events.versions(database, work.client_id, stored, work.turn_id)
    commands = [each for each, _ in earlier if orders.command_of(each)]
    was_said = any(outcome == "handled" for each, outcome in earlier if each not in commands)
    return Order(command=Command(orders.EDITED)) if commands and not was_said else None


async def _order(database: Database, at: Clock, event: InboundEvent, tenant: Tenant) -> Order | None:
    command = orders.command_of(event)
    if event.action == orders.FORMER and not event.ignore and (command is None or command.name != CONNECT):
        return Order(command=command or Command(""), former=True)
    if command is None or event.ignore:
        return None
    branches = orders.place_of(event, tenant)
    known = event.action != CONNECT
    order = Order(command=command, branches=branches, role=orders.role_at(tenant, event.person, branches), known=known)
    if command.name == CONNECT:
        place = event.thread.rpartition(":")[0] or event.channel
        return replace(order, code=await connect.find(database, at, tenant.id, command.rest, place))
    if event.kind is EventKind.CALLBACK:
        return await _button(database, event, tenant, order)
    return await _facts(database, at, tenant, order) if order.role == orders.OWNER else order


async def _button(database: Database, event: InboundEvent, tenant: Tenant, order: Order) -> Order:
    """A button holds where that does which it is about, whatever the group in which it was pressed."""
    about = await overrides.find(database, tenant.id, event.target)
    where = tuple(about.branch.split()) if about else ()
    return replace(order, override=about, role=orders.role_at(tenant, event.person, where))


async def _facts(database: Database, at: Clock, tenant: Tenant, order: Order) -> Order:
    if order.command.name == "totals":
        now = at.now()
        since = spans.today(now, clock.zone(tenant.config.timezone))
        found = await today.totals(database, tenant.id, since, now, order.branches or None)
        return replace(order, totals=found)
    asked = pricing.asked(order.command.rest) if order.command.name == "price" else None
    return replace(order, texts=await _texts(database, tenant, asked[0], order.branches)) if asked else order


async def _texts(
    database: Database, tenant: Tenant, subject: str, branches: tuple[str, ...]
) -> tuple[pricing.Text, ...]:
    tags = {each.knowledge_tag for each in tenant.config.branches if each.slug in branches}
    rows = await knowledge.texts(database, tenant.id, subject, [*tags, ""] if branches else None)
    return (*(pricing.Text(fact) for fact in tenant.config.facts), *(pricing.Text(*row) for row in rows))
