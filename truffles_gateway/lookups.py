"""What an order needs from the database, asked before it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from truffles_gateway import clock, orders, pricing, spans
from truffles_gateway.clock import Clock
from truffles_gateway.messages import EventKind, InboundEvent
from truffles_gateway.orders import Order
from truffles_gateway.records import Work
from truffles_gateway.store import connect, knowledge, overrides, today
from truffles_gateway.store.database import Database
from truffles_gateway.tenants import Tenant

CONNECT = "connect"


async def orders_of(database: Database, at: Clock, work: Work, tenant: Tenant) -> Mapping[str, Order]:
    """The orders of a desk's turn, by the ids of their events."""
    found = {stored.id: await _order(database, at, stored.event, tenant) for stored in work.events}
    return {id: order for id, order in found.items() if order}


async def _order(database: Database, at: Clock, event: InboundEvent, tenant: Tenant) -> Order | None:
    command = orders.command_of(event)
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
