"""Links to a tenant's files, signed with a key of its own that all processes read from the database."""

from __future__ import annotations

import math
from dataclasses import dataclass

from truffles_gateway.clock import Clock
from truffles_gateway.links import Link
from truffles_gateway.store.blobs import OPEN
from truffles_gateway.store.database import Database
from truffles_gateway.store.folder import SHA256
from truffles_gateway.store.tables import RANDOM_KEY

KEY = "SELECT link_key FROM blob_stores WHERE client_id = $1"

# Whoever gets a link shall find the file: it lives on from here.
USE = f"WITH used AS (UPDATE blobs SET used_at = GREATEST(used_at, $3) WHERE client_id = $1 AND sha256 = $2) {KEY}"

ROTATE = f"""
INSERT INTO blob_stores (client_id) VALUES ($1) ON CONFLICT (client_id) DO UPDATE SET link_key = {RANDOM_KEY}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLinks:
    """One tenant's links. `base` is where the world reaches the gateway, "" if that is not known."""

    database: Database
    clock: Clock
    client_id: str
    tenant: str
    base: str

    async def to(self, blob: str, *, mime: str = "", name: str = "", seconds: float = 3600.0) -> str:
        """A link that anybody may open for `seconds`; "" where nobody could, or where `blob` is no hash."""
        if not self.base or not SHA256.fullmatch(blob):
            return ""
        now = self.clock.now()
        row = await self.database.fetch_one(USE, self.client_id, blob, now, retry=True)
        if row is None:
            await self.database.fetch(OPEN, self.client_id, retry=True)
            row = await self.database.fetch_one(KEY, self.client_id, retry=True)
        assert row is not None
        expires = math.ceil(now.timestamp() + seconds)
        return Link(self.tenant, blob, expires, mime, name).url(self.base, bytes(row["link_key"]))


async def key(database: Database, client_id: str | None) -> bytes | None:
    """The key that signs a tenant's links; None if there is none. Nobody's costs as much as somebody's."""
    row = await database.fetch_one(KEY, client_id, retry=True)
    return bytes(row["link_key"]) if row else None


async def rotate(database: Database, client_id: str) -> None:
    """Another key: every link that was handed out so far ends."""
    await database.execute(ROTATE, client_id)
