"""pytest fixtures: a private PostgreSQL for the session, a fresh migrated database and a movable clock for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from truffles_gateway import migrations
from truffles_gateway.postgres import PrivatePostgres, temporary_postgres
from truffles_gateway.testing.clock import MovedClock
from truffles_gateway.testing.rig import Rig

TEMPLATE = "migrated"
RigOf = Callable[..., Awaitable[Rig]]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A private server of this test session, with a migrated database to copy."""
    with temporary_postgres() as server:
        server.create_database(TEMPLATE)
        migrations.upgrade(server.url(TEMPLATE))
        yield server


@pytest.fixture
def database_url(postgres: PrivatePostgres) -> Iterator[str]:
    """The address of a fresh database with the newest schema."""
    name = f"t{uuid4().hex}"
    postgres.create_database(name, TEMPLATE)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def moved_clock(tmp_path: Path) -> MovedClock:
    """A clock that the test moves."""
    return MovedClock(tmp_path / "clock")


@pytest_asyncio.fixture
async def rig_of(database_url: str, moved_clock: MovedClock) -> AsyncIterator[RigOf]:
    """Starts gateways on the test's database: `rig = await rig_of(tenant_config, …, work=True)`."""
    async with AsyncExitStack() as stack:

        async def start(*configs: dict[str, Any], **more: Any) -> Rig:
            rig = await stack.enter_async_context(Rig(database_url, moved_clock, **more))
            await rig.apply(*configs)
            return rig

        yield start
