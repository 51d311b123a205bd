"""Several writes as one statement: one round trip, one transaction, all or nothing.

PostgreSQL runs each part of a WITH clause against the same snapshot and checks foreign keys at the end, so parts may
refer to each other's new rows by id but must not read them. The fence is the statement's main query and runs first.
"""

from __future__ import annotations

import re
from typing import Any

from truffles_gateway.store.database import Database

PLACE = re.compile(r"\$(\d+)")


class Batch:
    """Collects INSERT, UPDATE and DELETE statements with `$1…` parameters of their own."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._args: list[Any] = []
        self._fences: list[str] = []

    def fence(self, call: str, *args: Any) -> None:
        """A function call that raises when the batch must not be committed, such as `truffles_fence_lane($1, $2)`."""
        self._fences.append(self._shift(call, args))

    def add(self, sql: str, *args: Any) -> str:
        """One write. Returns its name: what it RETURNs may be read under it by a later one."""
        self._parts.append(self._shift(sql, args))
        return f"p{len(self._parts) - 1}"

    def _shift(self, sql: str, args: tuple[Any, ...]) -> str:
        base = len(self._args)
        self._args.extend(args)
        return PLACE.sub(lambda match: f"${int(match[1]) + base}", sql) if base else sql

    @property
    def sql(self) -> str:
        """The one statement."""
        parts = ",\n".join(f"p{number} AS ({part})" for number, part in enumerate(self._parts))
        main = "SELECT " + (", ".join(self._fences) or "1")
        return f"WITH {parts}\n{main}" if parts else main

    async def run(self, database: Database) -> None:
        """Send it. Raises LeaseLost, StateChanged or MoreArrived when a fence objects: then nothing was written."""
        await database.execute(self.sql, *self._args)
