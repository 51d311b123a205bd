"""A database made by the migrations is the one that `tables.py` describes, and every migration follows another one."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from truffles_gateway import migrations
from truffles_gateway.store.tables import metadata


def test_the_migrations_make_what_the_tables_say(database_url: str) -> None:
    migrations.upgrade(database_url)
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_migrations_are_one_chain() -> None:
    assert len(ScriptDirectory(str(migrations.FOLDER)).get_heads()) == 1
