"""`truffles doctor`: what is in order here, what is not, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import click
from rich.markup import escape

from truffles_gateway.app import Gateway
from truffles_gateway.cli.cautions import cautions
from truffles_gateway.cli.common import console, run
from truffles_gateway.errors import TrufflesError
from truffles_gateway.observability import set_up_logging
from truffles_gateway.plugin import Advising
from truffles_gateway.postgres import PostgresError
from truffles_gateway.settings import Settings
from truffles_gateway.store import reports
from truffles_gateway.store.folder import unwritable
from truffles_gateway.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what is wrong with it ("" if nothing), and whether that keeps it from running."""

    what: str
    problem: str = ""
    serious: bool = True


@click.command()
def doctor() -> None:
    """Check environment, database, plugins and tenants; each line says what is wrong and what to do about it.

    Example: truffles doctor
    """
    raise SystemExit(run(_doctor()))


async def _doctor() -> int:
    set_up_logging("error", "console")
    bad = 0
    async for finding in _findings():
        bad += bool(finding.problem and finding.serious)
        sign = "[green]✓[/]" if not finding.problem else "[red]✗[/]" if finding.serious else "[yellow]![/]"
        said = escape(f"{finding.what}{': ' if finding.problem else ''}{finding.problem}")
        console.print(f"{sign} {said}", soft_wrap=True)
    return 1 if bad else 0


async def _findings() -> AsyncIterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(f"Python {version}", "" if sys.version_info >= (3, 11) else "3.11 or newer is needed")
    try:
        settings = Settings.load()
    except TrufflesError as problem:
        yield Finding("settings", str(problem))
        return
    for finding in _environment(settings):
        yield finding
    gateway = Gateway(settings)
    for name, fault in gateway.catalog.faults().items():
        yield Finding(f"plugin {name}", fault, serious=False)
    yield Finding(f"{sum(1 for _ in gateway.catalog.plugins())} plugins can be loaded")
    try:
        async with gateway:
            async for finding in _inside(gateway):
                yield finding
    except (TrufflesError, PostgresError) as problem:
        yield Finding("database", str(problem))


def _environment(settings: Settings) -> Iterator[Finding]:
    place = settings.truffles_data_dir
    nearest = next(each for each in (place, *place.parents) if each.exists())
    writable = os.access(nearest, os.W_OK)
    yield Finding(f"data directory {place}", "" if writable else "cannot be written. Set TRUFFLES_DATA_DIR")
    token = settings.admin_token and settings.admin_token.get_secret_value()
    yield Finding("admin token", "" if token else "not set: /admin is closed. Set ADMIN_TOKEN", serious=False)
    yield Finding("public address", "" if settings.public_url else "not set. Set PUBLIC_URL", serious=False)


async def _inside(gateway: Gateway) -> AsyncIterator[Finding]:
    given = gateway.settings.database_url is not None
    yield Finding("database: DATABASE_URL" if given else "database: private server in the data directory")
    for tenant in gateway.registry:
        async for finding in _of_tenant(gateway, tenant):
            yield finding
    for slug, problem in gateway.registry.broken.items():
        yield Finding(f"tenant {slug}", problem)
    if not gateway.registry.broken and not list(gateway.registry):
        yield Finding("tenants", "none yet. Start one with: truffles tenants new SLUG", serious=False)
    now = await reports.gauges(gateway.database, gateway.clock.now())
    dead = int(now["outbox_dead"])
    yield Finding(
        "outbox", f"{dead} messages were not delivered. See: truffles outbox dead" if dead else "", serious=False
    )
    for each in await reports.failing(gateway.database):
        problem = f"{each['waiting']} messages keep failing, the last one with: {each['error'] or 'no answer'}"
        yield Finding(f"outbox of {each['tenant']}, {each['channel']}", problem, serious=False)
    for circuit in await reports.open_circuits(gateway.database):
        yield Finding(f"channel {circuit['channel']} of {circuit['tenant']}", f"not sent to: {circuit['reason']}")


async def _of_tenant(gateway: Gateway, tenant: Tenant) -> AsyncIterator[Finding]:
    yield Finding(f"tenant {tenant.slug}: mode {tenant.config.mode}, {len(tenant.used)} plugins")
    for caution in cautions(tenant.config, gateway.catalog):
        yield Finding(f"tenant {tenant.slug}", caution, serious=False)
    for name, writer in tenant.knowledge_writers().items():
        yield Finding(f"tenant {tenant.slug}: {name}", await _reached(writer.check()))
    for name, each in tenant.objects.items():
        for line in await _advised(each) if isinstance(each, Advising) else ():
            yield Finding(f"tenant {tenant.slug}: {name}", line, serious=False)
    missing = "" if tenant.secret or tenant.config.accept_webhooks_without_secret else "no webhook_secret is set"
    for finding in _files(gateway, tenant):
        yield finding
    yield Finding(f"tenant {tenant.slug}: webhooks", missing and f"{missing}: all are refused", serious=False)


def _files(gateway: Gateway, tenant: Tenant) -> Iterator[Finding]:
    """Where a tenant's files are kept, and whether who sends them as links has links."""
    if folder := tenant.config.media.storage_dir:
        place = gateway.settings.truffles_data_dir / folder
        problem = unwritable(place)
        cure = (
            "Let the gateway's user write there, or change media.storage_dir; until then files are kept in PostgreSQL"
        )
        yield Finding(f"tenant {tenant.slug}: files in {place}", problem and f"{problem}. {cure}", serious=False)
    linking = [each.plugin.name for each in tenant.used.values() if each.plugin.capabilities.links]
    if linking and not gateway.settings.public_url:
        problem = (
            "sends files as links, and nobody can open any. Set PUBLIC_URL to where the world reaches this gateway"
        )
        yield Finding(f"tenant {tenant.slug}: {', '.join(linking)}", problem, serious=False)


async def _advised(adviser: Advising) -> Sequence[str]:
    try:
        async with asyncio.timeout(10):
            return await adviser.advice()
    except Exception as problem:  # noqa: BLE001 - a plugin's own code
        return [f"does not say what is to be done: {problem!r}"]


async def _reached(check: object) -> str:
    try:
        async with asyncio.timeout(10):
            return str(await check)  # type: ignore[misc]
    except TimeoutError:
        return "does not answer"
    except Exception as problem:  # noqa: BLE001 - a plugin's own code
        return repr(problem)
