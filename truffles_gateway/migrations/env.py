"""Alembic's entry: one connection over asyncpg, one advisory lock, so that processes starting together take turns."""

from __future__ import annotations

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from truffles_gateway.store.tables import metadata

LOCK = 7_201_526


def _run(connection: Connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()


async def _online() -> None:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(context.config.attributes["url"])  # it understands all of libpq's URL options

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_online())
