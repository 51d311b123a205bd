"""Running the programs of PostgreSQL."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from truffles_gateway.postgres.errors import PostgresError


def run(command: Sequence[str], *, stdin: str = "", user: int | None = None, group: int | None = None) -> str:
    """What the program wrote, as ``user`` if given."""
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env=clean_environment(),
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresError(f"cannot run {command[0]}: {error}") from error
    if done.returncode != 0:
        said = " | ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise PostgresError(f"{Path(command[0]).name} failed: {said}")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """A clean environment: the caller's PGPORT, PGHOST, LANG and the like must not change what we start."""
    return {"PATH": os.defpath, "LC_ALL": "C"}
