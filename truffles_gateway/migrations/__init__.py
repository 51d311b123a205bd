"""Schema migrations. `upgrade(url)` brings a database to the newest revision; safe to call from many processes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent


def newest() -> str:
    """The newest revision: files are called after theirs, `0001_initial.py`."""
    return max(path.name.partition("_")[0] for path in (HERE / "versions").glob("[0-9]*.py"))


def config(url: str) -> Config:
    """Alembic's configuration for this package."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(HERE).replace("%", "%%"))
    made.attributes["url"] = url
    return made


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest revision. Blocks; must not be called inside a running event loop.

    Most starts find it there already: they do not wait for the library that would change it.
    """
    if asyncio.run(_revision(url)) != newest():
        from alembic import command

        command.upgrade(config(url), "head")


async def _revision(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("SELECT version_num FROM alembic_version"))
    except asyncpg.UndefinedTableError:
        return ""
    finally:
        await connection.close()
