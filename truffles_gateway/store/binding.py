"""A group becomes a desk by a code: what waited for one is due, and the open handovers move there."""

from __future__ import annotations

from datetime import timedelta

from truffles_gateway.messages import DESK_KINDS
from truffles_gateway.records import Commit, Connected
from truffles_gateway.store.batch import Batch

SETTLED = timedelta(seconds=3)
"""By then every process knows the group: what is sent sooner might still be shown in the former one."""
# A change without words: the desk looks where the handover is shown, and brings its card along.
MOVE = """
INSERT INTO outbox_messages (client_id, id, key, channel, recipient, kind, payload, handover_id, conversation_id,
    correlation_id, created_at, due_at)
SELECT c.client_id, gen_random_uuid(), 'moved:' || $2 || ':' || h.id, $3, c.id::text, 'update',
    jsonb_build_object('channel', $3::text, 'recipient', c.id::text, 'text', '', 'kind', 'update',
        'handover_id', h.id::text, 'data', jsonb_build_object('status', h.status)),
    h.id, c.id, $4, $5, $6
FROM conversations c JOIN handovers h ON h.client_id = c.client_id AND h.id = c.open_handover_id
LEFT JOIN branches b ON b.client_id = c.client_id AND b.id = c.branch_id
WHERE c.client_id = $1 AND COALESCE(b.slug, '') = ANY($7::text[]) AND EXISTS (
    SELECT 1 FROM outbox_messages o WHERE o.client_id = c.client_id AND o.handover_id = h.id AND o.channel = $3
        AND o.kind IN ('card', 'update') AND o.status = 'sent' AND o.provider_id <> '')
ON CONFLICT (client_id, key) DO NOTHING
"""


def add(batch: Batch, what: Commit, new: Connected) -> None:
    """The config's version grows, too: plugins know their groups from the moment they are made."""
    batch.fence("truffles_fence_connect_code($1, $2)", what.client_id, new.code_id)
    batch.add(
        "UPDATE connect_codes SET used_at = $3 WHERE client_id = $1 AND id = $2", what.client_id, new.code_id, what.now
    )
    batch.add(
        """
        INSERT INTO desk_groups (client_id, branch, desk, chat, actor, connected_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (client_id, branch) DO UPDATE SET desk = excluded.desk, chat = excluded.chat,
            actor = excluded.actor, connected_at = excluded.connected_at
        """,
        what.client_id, new.branch, new.desk, new.chat, new.actor, what.now,
    )  # fmt: skip
    batch.add("UPDATE clients SET config_version = config_version + 1 WHERE id = $1", what.client_id)
    _move(batch, what, new)


def _move(batch: Batch, what: Commit, new: Connected) -> None:
    due = what.now + SETTLED
    batch.add(
        """
        UPDATE outbox_messages SET due_at = $4
        WHERE client_id = $1 AND channel = $2 AND kind = ANY($3) AND status = 'queued' AND due_at > $4
        """,
        what.client_id, new.desk, sorted(DESK_KINDS), due,
    )  # fmt: skip
    if new.moves:
        batch.add(
            MOVE, what.client_id, new.code_id, new.desk, what.correlation_id, what.now, due, list(new.moves)
        )  # fmt: skip
