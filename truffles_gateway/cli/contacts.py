"""`truffles contacts mute|unmute|list`."""

from __future__ import annotations

import click
from rich.table import Table

from truffles_gateway.cli.common import console, find_tenant, opened, run
from truffles_gateway.errors import ConfigError
from truffles_gateway.store import contacts as store
from truffles_gateway.store.contacts import Contact
from truffles_gateway.tenant_config import digits
from truffles_gateway.tenants import Tenant

CHANNEL = click.option("--channel", default="", help="The channel of the address, where several would take it.")
BY_COMMAND = "truffles contacts"


@click.group()
def contacts() -> None:
    """Say whom the bot leaves alone: relatives, staff, suppliers. What they write is still shown at the desk.

    Example: truffles contacts list salon
    """


@contacts.command()
@click.argument("tenant")
@click.argument("address")
@CHANNEL
def mute(tenant: str, address: str, channel: str) -> None:
    """Do not answer ADDRESS (a phone, or an address of the channel) until that is undone.

    Example: truffles contacts mute salon "+7 701 000 00 00"
    """
    where, spelled = run(_change(tenant, address, channel, silent=True))
    console.print(f"{where} {spelled}: the bot does not answer", markup=False)


@contacts.command()
@click.argument("tenant")
@click.argument("address")
@CHANNEL
def unmute(tenant: str, address: str, channel: str) -> None:
    """Answer ADDRESS again.

    Example: truffles contacts unmute salon "+7 701 000 00 00"
    """
    where, spelled = run(_change(tenant, address, channel, silent=False))
    console.print(f"{where} {spelled}: the bot answers again", markup=False)


@contacts.command("list")
@click.argument("tenant")
def list_(tenant: str) -> None:
    """Show whom the bot does not answer.

    Example: truffles contacts list salon
    """
    found = run(_list(tenant))
    if not found:
        console.print("the bot answers everybody; agents' own numbers are left alone anyway")
        return
    table = Table("channel", "address", "name", "by")
    for each in found:
        table.add_row(each.channel, each.address, each.name, each.by)
    console.print(table)


async def _change(slug: str, address: str, channel: str, *, silent: bool) -> tuple[str, str]:
    async with opened() as gateway:
        tenant = find_tenant(gateway, slug)
        where, spelled = _spelled(tenant, address, channel)
        phone = digits(spelled.partition("@")[0]) if "@" in spelled else ""
        if silent:
            now = gateway.clock.now()
            await store.mute(gateway.database, tenant.id, where, spelled, phone, BY_COMMAND, now)
        elif not await store.unmute(gateway.database, tenant.id, where, spelled, phone):
            raise ConfigError(
                f"{where} {spelled} is not muted", tenant=slug, cure=f"See `truffles contacts list {slug}`"
            )
        return where, spelled


async def _list(slug: str) -> list[Contact]:
    async with opened() as gateway:
        return await store.muted(gateway.database, find_tenant(gateway, slug).id)


def _dialled(address: str) -> str:
    """A phone as channels write it; anything else as it stands."""
    is_phone = not any(letter.isalpha() or letter == "@" for letter in address)
    return digits(address) if is_phone else address


def _spelled(tenant: Tenant, address: str, channel: str) -> tuple[str, str]:
    """The channel and the address in its one spelling. Raises `ConfigError` where no channel takes it."""
    for used in tenant.used.values():
        plugin = used.plugin
        if not plugin.channel or channel not in ("", plugin.channel):
            continue
        spelled = plugin.address(_dialled(address))[0] if plugin.address else address if channel else ""
        if spelled:
            return plugin.channel, spelled
    known = ", ".join(each.plugin.channel for each in tenant.used.values() if each.plugin.channel)
    cure = f"Write a phone with its country's code, or name the channel with --channel ({known or 'none is used'})"
    raise ConfigError(f"{address!r} is no address of any channel of this business", tenant=tenant.slug, cure=cure)
