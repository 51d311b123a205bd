"""Gateways without a server or a worker, for tests of single parts; databases come from the kit."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from truffles_gateway.app import Gateway
from truffles_gateway.catalog import Catalog
from truffles_gateway.settings import Settings
from truffles_gateway.store import tenants
from truffles_gateway.tenant_config import TenantConfig

MakeGateway = Callable[..., Awaitable[Gateway]]
Apply = Callable[[Gateway, Mapping[str, Any]], Awaitable[int]]


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """A command of the CLI sets up logging for its process; the tests' own is as it was afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest_asyncio.fixture
async def make_gateway(database_url: str, tmp_path: Path) -> AsyncIterator[MakeGateway]:
    """Open gateways on the test's database; they are closed at its end."""
    opened: list[Gateway] = []

    async def make(catalog: Catalog | None = None, **settings: Any) -> Gateway:
        given = {"database_url": database_url, "truffles_data_dir": tmp_path, "log_format": "console", **settings}
        gateway = Gateway(Settings(**given), catalog=catalog)
        await gateway.__aenter__()
        opened.append(gateway)
        return gateway

    yield make
    for gateway in reversed(opened):
        await gateway.__aexit__(None, None, None)


@pytest.fixture(scope="session")
def apply() -> Apply:
    """Write a tenant's config and let the gateway load it."""

    async def applied(gateway: Gateway, raw: Mapping[str, Any]) -> int:
        config = TenantConfig.model_validate(raw)
        version = await tenants.apply(gateway.database, raw, config, gateway.clock.now())
        await gateway.registry.refresh()
        return version

    return applied
