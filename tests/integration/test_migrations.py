"""A database made by the migrations is the one that `tables.py` describes, and every migration follows another one."""

from __future__ import annotations

from typing import Any

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from truffles_gateway import migrations
from truffles_gateway.store.database import Database
from truffles_gateway.store.tables import metadata

CHECKS = "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"


async def test_the_migrations_make_what_the_tables_say(database_url: str) -> None:
    """Tables, columns, indexes, foreign and unique keys as the comparison of the library knows them; checks by name."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database_url), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
    database = Database(database_url)
    await database.connect()
    made = {row["conname"] for row in await database.fetch(CHECKS)}
    await database.close()
    wanted = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert made == wanted


def differences(connection: Connection) -> list[Any]:
    """What a migration would still have to do."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def test_the_migrations_are_one_chain() -> None:
    scripts = ScriptDirectory.from_config(migrations.config("postgresql://nowhere"))
    assert scripts.get_heads() == [migrations.newest()]
    assert len(list(scripts.walk_revisions())) == len(list((migrations.HERE / "versions").glob("[0-9]*.py")))
