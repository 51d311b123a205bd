"""Tenants in PostgreSQL: the applied config, the last good one, and the tables that are derived from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from truffles_gateway.overrides import Override
from truffles_gateway.store import overrides
from truffles_gateway.store.database import Connection, Database, Record
from truffles_gateway.tenant_config import Agent, Branch, TenantConfig

CHANGED = overrides.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTenant:
    """A row of `clients`, with the ids of its branches by slug and when each was first applied. Older deployments name one
    managers' group and the owner in `client_settings`: they count where neither branch nor identity answers first. Groups
    that were bound by a code (`bound_chats`, by branch) count where the config names none; `used_chats` are those, and all
    that ever showed a customer."""

    id: str
    slug: str
    version: int
    config: Mapping[str, Any]
    last_good: Mapping[str, Any]
    error: str
    created_at: datetime
    branch_ids: Mapping[str, str]
    branch_times: Mapping[str, datetime]
    older_chat: str = ""
    older_owner: str = ""
    overrides: tuple[Override, ...] = ()
    overrides_version: int = 0
    bound_chats: Mapping[str, str] = field(default_factory=dict)
    used_chats: frozenset[str] = frozenset()


# From one group to the next along the index: a tenant has many threads and few groups.
SHOWN_IN = """
coalesce((WITH RECURSIVE shown (chat) AS (
    SELECT min(chat) FROM desk_threads WHERE client_id = c.id
    UNION ALL SELECT (SELECT min(t.chat) FROM desk_threads t WHERE t.client_id = c.id AND t.chat > s.chat) FROM shown s
    WHERE s.chat IS NOT NULL
) SELECT jsonb_agg(chat) FROM shown WHERE chat <> ''), '[]')
"""

LOAD = f"""
SELECT c.id, c.slug, c.config_version, c.config, c.last_good_config, c.config_error, c.created_at,
       coalesce((SELECT jsonb_object_agg(b.slug, b.id) FROM branches b WHERE b.client_id = c.id), '{{}}') AS branch_ids,
       coalesce((SELECT jsonb_object_agg(b.slug, b.created_at) FROM branches b WHERE b.client_id = c.id), '{{}}')
           AS branch_times,
       coalesce((SELECT jsonb_object_agg(g.branch, g.chat) FROM desk_groups g WHERE g.client_id = c.id), '{{}}')
           AS bound_chats,
       {SHOWN_IN} AS shown_in,
       {overrides.ACTIVE_ONES} AS overrides, c.overrides_version,
       coalesce(s.telegram_chat_id, '') AS older_chat, coalesce(s.owner_telegram_id, '') AS older_owner
FROM clients c LEFT JOIN client_settings s ON s.client_id = c.id
"""


def _stored(row: Record) -> StoredTenant:
    return StoredTenant(
        id=row["id"], slug=row["slug"], version=row["config_version"], config=row["config"],
        last_good=row["last_good_config"], error=row["config_error"], created_at=row["created_at"],
        branch_ids=row["branch_ids"],
        branch_times={slug: datetime.fromisoformat(at) for slug, at in row["branch_times"].items()},
        older_chat=row["older_chat"], older_owner=row["older_owner"],
        overrides=tuple(map(overrides.of_json, row["overrides"])), overrides_version=row["overrides_version"],
        bound_chats=row["bound_chats"], used_chats=frozenset([*row["shown_in"], *row["bound_chats"].values()]),
    )  # fmt: skip


async def load(database: Database, slugs: Sequence[str] | None = None) -> list[StoredTenant]:
    """All tenants that have a config, or those with these slugs."""
    sql = LOAD + "WHERE c.config <> '{}' AND ($1::text[] IS NULL OR c.slug = ANY($1)) ORDER BY c.slug"
    return [_stored(row) for row in await database.fetch(sql, slugs, retry=True)]


async def versions(database: Database) -> dict[str, int]:
    """The applied version of each tenant's config, by slug: cheap, for the poll."""
    sql = "SELECT slug, config_version FROM clients WHERE config <> '{}'"
    return {row["slug"]: row["config_version"] for row in await database.fetch(sql, retry=True)}


async def mark_good(database: Database, client: str, version: int) -> None:
    """Version `version` was built and works: it is what a restart falls back to."""
    sql = """UPDATE clients SET last_good_config = config, config_error = ''
             WHERE id = $1 AND config_version = $2 AND (config_error <> '' OR last_good_config <> config)"""
    await database.execute(sql, client, version)


async def mark_bad(database: Database, client: str, version: int, error: str) -> None:
    """Version `version` could not be used, and why."""
    sql = "UPDATE clients SET config_error = $3 WHERE id = $1 AND config_version = $2 AND config_error <> $3"
    await database.execute(sql, client, version, error)


async def apply(database: Database, raw: Mapping[str, Any], config: TenantConfig, now: datetime) -> int:
    """Write a checked config and everything derived from it in one transaction; returns its version.

    Rows keep their ids as long as they keep their slug or name; what the config no longer names becomes inactive,
    because conversations refer to it.
    """
    async with database.transaction() as connection:
        row = await connection.fetchrow(
            """INSERT INTO clients (id, slug, name, status, config, config_version, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, 1, $6, $6)
               ON CONFLICT (slug) DO UPDATE SET name = excluded.name, status = excluded.status, updated_at = $6,
                   config = excluded.config, config_version = clients.config_version + 1, config_error = ''
               RETURNING id, config_version""",
            str(uuid4()), config.slug, config.name, config.status, dict(raw), now,
        )  # fmt: skip
        await _branches(connection, row["id"], config.branches, now)
        await _agents(connection, row["id"], config.agents)
        await connection.execute("SELECT pg_notify($1, $2)", CHANGED, config.slug)
        return int(row["config_version"])


def _id(*names: str) -> str:
    """The same id for the same names, so that an agent who is removed and added again is the same agent."""
    return str(uuid5(UUID(names[0]), "/".join(names[1:])))


async def _branches(connection: Connection, client: str, branches: Sequence[Branch], now: datetime) -> None:
    await connection.execute("UPDATE branches SET active = false WHERE client_id = $1", client)
    await connection.executemany(
        """INSERT INTO branches (client_id, id, slug, name, instance_id, knowledge_tag, mode, telegram_chat_id, active,
               created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, true, $9)
           ON CONFLICT (client_id, slug) DO UPDATE SET name = excluded.name, instance_id = excluded.instance_id,
               knowledge_tag = excluded.knowledge_tag, mode = excluded.mode,
               telegram_chat_id = excluded.telegram_chat_id, active = true""",
        [
            (client, _id(client, "branch", each.slug), each.slug, each.name, each.instance_id or None,
             each.knowledge_tag, each.mode, each.telegram_chat_id or None, now)
            for each in branches
        ],
    )  # fmt: skip


async def _agents(connection: Connection, client: str, agents: Sequence[Agent]) -> None:
    await connection.execute("UPDATE agents SET active = false WHERE client_id = $1", client)
    await connection.executemany(
        """INSERT INTO agents (client_id, id, name, role, branch, phone, active) VALUES ($1, $2, $3, $4, $5, $6, true)
           ON CONFLICT (client_id, name) DO UPDATE SET role = excluded.role, branch = excluded.branch,
               phone = excluded.phone, active = true""",
        [
            (client, _id(client, "agent", each.name), each.name, each.role, each.branch or None, each.phone or "")
            for each in agents
        ],
    )
    await connection.execute("DELETE FROM agent_identities WHERE client_id = $1 AND agent_id IS NOT NULL", client)
    await connection.executemany(
        """INSERT INTO agent_identities (client_id, id, agent_id, channel, external_id, username)
           SELECT $1, $2, id, $4, $5, $6 FROM agents WHERE client_id = $1 AND name = $3""",
        [
            (client, _id(client, "identity", each.name, known.channel, known.id, known.username), each.name,
             known.channel, known.id, known.username.removeprefix("@"))
            for each in agents
            for known in each.identities
        ],
    )  # fmt: skip
