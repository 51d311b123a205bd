"""Errors as one line each with cause and cure."""

from __future__ import annotations

from pathlib import Path

import click

from truffles_gateway.cli.common import as_told
from truffles_gateway.errors import StoreUnavailable, TrufflesError
from truffles_gateway.postgres import PostgresError
from truffles_gateway.tenants import BadConfig


def as_click_error(problem: Exception) -> click.ClickException:
    """The line to print for `problem`."""
    if isinstance(problem, BadConfig) and len(problem.problems) > 1:
        return click.ClickException("".join(f"\n  {each}" for each in problem.problems))
    text = " ".join(str(problem).split())
    if isinstance(problem, StoreUnavailable) and "DATABASE_URL" not in text:
        text = f"{text}. Check that the database runs and that DATABASE_URL is right"
    if isinstance(problem, (TrufflesError, PostgresError)):
        return click.ClickException(text)
    if isinstance(problem, OSError) and isinstance(problem.filename, (str, Path)):
        return click.ClickException(str(as_told(problem)))
    kind = type(problem).__name__
    return click.ClickException(f"unexpected {kind}: {text}. Run `truffles --debug …` and report what it shows")
