"""What all commands share: a console, a gateway, a way to run coroutines."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from rich.console import Console

from truffles_gateway.app import Gateway
from truffles_gateway.errors import ConfigError
from truffles_gateway.observability import set_up_logging
from truffles_gateway.settings import Settings
from truffles_gateway.tenants import Tenant

Value = TypeVar("Value")
WIDE = 110
console = Console(highlight=False, width=None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 200)


def run(work: Coroutine[Any, Any, Value]) -> Value:
    """Run a coroutine to its end, on uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


@asynccontextmanager
async def opened(*, tenants: bool = True) -> AsyncIterator[Gateway]:
    """A gateway for a command that looks or changes something and ends; only warnings are logged. Without `tenants` no
    plugin is imported, which takes seconds."""
    set_up_logging("error", "console")
    async with Gateway(Settings.load(), tenants=tenants) as gateway:
        yield gateway


def find_tenant(gateway: Gateway, slug: str) -> Tenant:
    """The tenant, or an error that says which there are."""
    found = gateway.registry.get(slug)
    if found is None:
        problem = gateway.registry.broken.get(slug)
        known = ", ".join(sorted(each.slug for each in gateway.registry)) or "none yet"
        cure = f"Known: {known}. Apply it with: truffles tenants apply FILE"
        raise ConfigError(problem or f'no tenant "{slug}"', cure=cure)
    return found
