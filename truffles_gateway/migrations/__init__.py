"""Schema migrations. `upgrade(url)` brings a database to the newest revision; safe to call from many processes."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config


def config(url: str) -> Config:
    """Alembic's configuration for this package."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.attributes["url"] = url
    return made


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest revision. Blocks; must not be called inside a running event loop."""
    command.upgrade(config(url), "head")
