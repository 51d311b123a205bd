"""The command line in this process, on a database of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from truffles_gateway.cli import main

Truffles = Callable[..., Result]


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "TRUFFLES_DATA_DIR": str(tmp_path),
        "CLI_SECRET": "hush",
        "ADMIN_TOKEN": "admin",
        "TICK_SECONDS": "0.2",
    }


@pytest.fixture
def truffles(environment: dict[str, str]) -> Truffles:
    """Run a command in this process."""

    def call(*args: str, **more: str) -> Result:
        return CliRunner().invoke(main, list(args), env=environment | more)

    return call
