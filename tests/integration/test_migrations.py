"""A database made by the migrations is the one that `tables.py` describes, and every migration follows another one."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from alembic import command
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


async def test_files_of_an_earlier_version_are_counted_and_found_again(database_url: str) -> None:
    """Down and up: what is in the database survives both ways, what lies in a folder is unknown to the earlier version."""
    database = Database(database_url)
    await database.connect()
    client = "11111111-1111-4111-8111-111111111111"
    await database.execute(
        "INSERT INTO clients (id, slug, created_at, updated_at) VALUES ($1, 'a', now(), now())", client
    )
    put = """INSERT INTO blobs (client_id, sha256, size, data, folder, created_at, used_at)
             VALUES ($1, $2, 3, $3, $4, now() - interval '99 days', now() - interval '99 days')"""
    await database.execute(put, client, "a" * 64, b"abc", "")
    await database.execute(put, client, "b" * 64, None, "files")
    await database.close()
    await asyncio.to_thread(command.downgrade, migrations.config(database_url), "0007")
    await asyncio.to_thread(command.upgrade, migrations.config(database_url), "head")
    await database.connect()
    [blob] = await database.fetch("SELECT sha256, data, used_at > now() - interval '1 hour' AS fresh FROM blobs")
    assert (blob["sha256"], bytes(blob["data"]), blob["fresh"]) == ("a" * 64, b"abc", True)
    [store] = await database.fetch("SELECT used_bytes, length(link_key) AS bytes FROM blob_stores")
    assert (store["used_bytes"], store["bytes"]) == (3, 32)
    await database.close()
