"""Codes that make a group a desk: short, for a quarter of an hour, used once. Only their digests are stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from truffles_gateway.clock import Clock
from truffles_gateway.store.counters import StoredCounters
from truffles_gateway.store.database import Database

LIVE = timedelta(minutes=15)
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # nothing that is read for something else
LENGTH = 10
GUESSES, GUESSES_OF_ALL = 5, 100
"""Wrong codes within the life of one, from one place and from all places together."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that may still be used."""

    id: str
    branch: str


async def new_code(database: Database, client_id: str, branch: str, now: datetime) -> str:
    """A code for the desk of a branch ("" is the business as a whole). Older codes for it stop working, and what is no
    longer live is forgotten."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    async with database.transaction() as connection:
        await connection.execute(
            """DELETE FROM connect_codes
               WHERE client_id = $1 AND used_at IS NULL AND (branch = $2 OR expires_at <= $3)""",
            client_id, branch, now,
        )  # fmt: skip
        await connection.execute(
            """INSERT INTO connect_codes (client_id, id, branch, digest, expires_at, created_at)
               VALUES ($1, $2, $3, $4, $5, $6)""",
            client_id, str(uuid4()), branch, digest(client_id, letters), now + LIVE, now,
        )  # fmt: skip
    return f"{letters[:5]}-{letters[5:]}"


async def find(database: Database, clock: Clock, client_id: str, code: str, place: str) -> Code | None:
    """The code that somebody wrote in `place`, None if it is none, or if too many wrong ones came before it."""
    counters = StoredCounters(database, client_id, "connect", clock)
    seconds = LIVE.total_seconds()
    here, all_ = await counters.spent(place, seconds), await counters.spent("all", seconds)
    if here >= GUESSES or all_ >= GUESSES_OF_ALL:
        return None
    row = await database.fetch_one(
        """SELECT id, branch FROM connect_codes
           WHERE client_id = $1 AND digest = $2 AND used_at IS NULL AND expires_at > $3""",
        client_id, digest(client_id, code), clock.now(), retry=True,
    )  # fmt: skip
    if row:
        return Code(row["id"], row["branch"])
    await counters.spend(place, 1, limit=GUESSES, seconds=seconds)
    await counters.spend("all", 1, limit=GUESSES_OF_ALL, seconds=seconds)
    return None


def digest(client_id: str, code: str) -> str:
    """What is stored of a code, however it was spelled."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(f"{client_id}:{plain}".encode()).hexdigest()
