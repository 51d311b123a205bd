"""What all commands share: a console, a gateway, a way to run coroutines."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from truffles_gateway.app import Gateway
from truffles_gateway.errors import ConfigError, TrufflesError
from truffles_gateway.observability import set_up_logging
from truffles_gateway.settings import Settings
from truffles_gateway.tenants import Tenant

Value = TypeVar("Value")
WIDE = 110
AGAIN = "Then run this again"
console = Console(highlight=False, width=None if sys.stdout.isatty() or os.environ.get("COLUMNS") else 200)


class OutputFile(click.Path):
    """A file to be written, looked at before any work is done for it: a run of minutes shall not end in a missing folder."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, if it can be written."""
        path: Path = super().convert(value, param, ctx)  # type: ignore[assignment]
        parent = path.parent
        if not parent.is_dir():
            raise as_told(FileNotFoundError(errno.ENOENT, "", str(path)))
        if not os.access(parent, os.W_OK):
            raise as_told(PermissionError(errno.EACCES, "", str(path)))
        return path


def as_told(problem: OSError) -> ConfigError:
    """What is wrong with a file or folder that a command was to read or write, and what to do."""
    path = Path(str(problem.filename))
    if isinstance(problem, FileNotFoundError) and not path.parent.exists():
        return ConfigError(f"{path}: there is no folder {path.parent}", cure="Make it, or name another file")
    if isinstance(problem, FileNotFoundError):
        return ConfigError(f"{path} is not there", cure="Make it, or name another")
    if isinstance(problem, PermissionError):
        return ConfigError(f"{path} may not be used by this user", cure="Change who may, or name another")
    return ConfigError(f"{path}: {problem.strerror or type(problem).__name__}", cure="Put it right, or name another")


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


@asynccontextmanager
async def reaching(tenant: Tenant) -> AsyncIterator[None]:
    """What fails in the middle of a retriever's work is told as the retriever itself says it: which server, and the cure."""
    try:
        yield
    except TrufflesError:
        raise
    except Exception as error:
        for name, writer in tenant.knowledge_writers().items():
            if problem := await writer.check():
                raise ConfigError(problem, tenant=tenant.slug, where=f"plugins.{name}", cure=AGAIN) from error
        raise
