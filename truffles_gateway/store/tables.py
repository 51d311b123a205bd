"""Every table, once, as SQLAlchemy Core. The first migration creates exactly this; a test proves them equal.

Tenant data carries `client_id` in every primary key, unique constraint and foreign key, so that the schema can be
distributed by tenant. Columns of older deployments keep their names; `remote_jid` is the customer's address on any
channel.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMES)


def _id(name: str) -> Column[object]:
    return Column(name, UUID(as_uuid=False), nullable=False)


def _maybe_id(name: str) -> Column[object]:
    return Column(name, UUID(as_uuid=False))


def _time(name: str, *, required: bool = False) -> Column[object]:
    return Column(name, TIMESTAMP(timezone=True), nullable=not required)


def _words(name: str, default: str | None = None) -> Column[object]:
    """A text column; with a default it is required."""
    if default is None:
        return Column(name, Text)
    return Column(name, Text, nullable=False, server_default=default)


def _number(name: str) -> Column[object]:
    return Column(name, Integer, nullable=False, server_default="0")


def _big(name: str) -> Column[object]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _json(name: str, default: str = "{}") -> Column[object]:
    return Column(name, JSONB, nullable=False, server_default=default)


def _of_client() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["client_id"], ["clients.id"], ondelete="CASCADE")


def _link(table: str, *columns: str, name: str = "", deferred: bool = False) -> ForeignKeyConstraint:
    """A foreign key on (client_id, column) to (client_id, id) of `table`."""
    return ForeignKeyConstraint(
        ["client_id", *columns],
        [f"{table}.client_id", f"{table}.id"],
        name=name or None,
        deferrable=deferred or None,
        initially="DEFERRED" if deferred else None,
    )


RANDOM_KEY = "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"
"""32 bytes, 244 of their bits from PostgreSQL's strong random numbers, without an extension."""
OUTCOMES = "'answered', 'escalated', 'forwarded', 'ignored', 'parked', 'handled'"

clients = Table(
    "clients",
    metadata,
    _id("id"),
    _words("slug", ""),
    _words("name", ""),
    _words("status", "active"),
    _json("config"),
    _json("last_good_config"),
    _number("config_version"),
    _words("config_error", ""),
    _time("created_at", required=True),
    _time("updated_at", required=True),
    _number("overrides_version"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("slug"),
    CheckConstraint("status IN ('active', 'suspended')", name="status"),
)

client_settings = Table(
    "client_settings",
    metadata,
    _id("client_id"),
    _words("telegram_chat_id"),
    _words("owner_telegram_id"),
    PrimaryKeyConstraint("client_id"),
    _of_client(),
)

branches = Table(
    "branches",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("slug", ""),
    _words("name", ""),
    _words("instance_id"),
    _words("telegram_chat_id"),
    _words("knowledge_tag", ""),
    _words("mode"),
    Column("active", Boolean, nullable=False, server_default="true"),
    _time("created_at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "slug"),
    _of_client(),
)

agents = Table(
    "agents",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("name", ""),
    _words("role", "manager"),
    _words("branch"),
    Column("active", Boolean, nullable=False, server_default="true"),
    _words("phone", ""),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "name"),
    CheckConstraint("role IN ('owner', 'admin', 'manager', 'support')", name="role"),
    _of_client(),
)

# What the config says has an agent; what a desk has seen has none, so that nobody gets a right from being seen, and a new
# config forgets nobody. The two meet when they are read.
agent_identities = Table(
    "agent_identities",
    metadata,
    _id("client_id"),
    _id("id"),
    _maybe_id("agent_id"),
    _words("channel", ""),
    _words("external_id", ""),
    _words("username", ""),
    _words("name", ""),
    _time("last_seen_at"),
    PrimaryKeyConstraint("client_id", "id"),
    ForeignKeyConstraint(["client_id", "agent_id"], ["agents.client_id", "agents.id"], ondelete="CASCADE"),
    Index(
        "uq_agent_identities_listed",
        "client_id",
        "channel",
        "external_id",
        "username",
        unique=True,
        postgresql_where=text("agent_id IS NOT NULL"),
    ),
    Index(
        "uq_agent_identities_seen",
        "client_id",
        "channel",
        "external_id",
        unique=True,
        postgresql_where=text("agent_id IS NULL"),
    ),
)

users = Table(
    "users",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("channel", ""),
    _words("remote_jid", ""),
    _words("name", ""),
    _words("phone", ""),
    _words("telegram_topic_id"),
    _json("metadata"),
    _time("created_at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "channel", "remote_jid"),
    _of_client(),
)

# `handover_status` and `handovers.open_for` are computed so that two deferred foreign keys can hold the invariant
# "pending/manager_active if and only if exactly one handover is open, with the matching status" in both directions.
conversations = Table(
    "conversations",
    metadata,
    _id("client_id"),
    _id("id"),
    _id("user_id"),
    _words("channel", ""),
    _words("state", "bot_active"),
    _words("telegram_topic_id"),
    _words("bot_status", "active"),
    _time("bot_muted_until"),
    _number("mute_count"),
    _time("last_message_at"),
    _time("last_customer_at"),
    _time("last_bot_at"),
    _time("last_manager_at"),
    _maybe_id("branch_id"),
    _words("instance_id", ""),
    _json("context"),
    _maybe_id("open_handover_id"),
    Column(
        "handover_status",
        Text,
        Computed("CASE state WHEN 'pending' THEN 'pending' WHEN 'manager_active' THEN 'active' END", persisted=True),
    ),
    _big("version"),
    _time("created_at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "user_id", "channel"),
    UniqueConstraint("client_id", "id", "open_handover_id"),
    CheckConstraint("state IN ('bot_active', 'pending', 'manager_active')", name="state"),
    CheckConstraint("(state = 'bot_active') = (open_handover_id IS NULL)", name="open_handover"),
    _link("users", "user_id"),
    ForeignKeyConstraint(
        ["client_id", "open_handover_id", "handover_status"],
        ["handovers.client_id", "handovers.id", "handovers.status"],
        name="fk_conversations_open_handover",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
)

handovers = Table(
    "handovers",
    metadata,
    _id("client_id"),
    _id("id"),
    _id("conversation_id"),
    _id("user_id"),
    _words("status", "pending"),
    _words("trigger_type", "manual"),
    _words("resolution"),
    _words("reason", ""),
    _words("user_message", ""),
    _words("manager_response"),
    _words("assigned_to"),
    _words("telegram_message_id"),
    _maybe_id("branch_id"),
    _maybe_id("turn_id"),
    Column("times_out", Boolean, nullable=False, server_default="true"),
    _words("correlation_id", ""),
    _time("created_at", required=True),
    _time("taken_at"),
    _time("closed_at"),
    Column("rating", SmallInteger),
    Column(
        "open_for",
        UUID(as_uuid=False),
        Computed("CASE WHEN status IN ('pending', 'active') THEN id END", persisted=True),
    ),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "id", "status"),
    CheckConstraint("status IN ('pending', 'active', 'resolved')", name="status"),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    CheckConstraint("(status = 'resolved') = (resolution IS NOT NULL)", name="resolution"),
    CheckConstraint("resolution IN ('resolved', 'returned', 'cancelled', 'timed_out')", name="resolution_known"),
    _link("conversations", "conversation_id"),
    ForeignKeyConstraint(
        ["client_id", "conversation_id", "open_for"],
        ["conversations.client_id", "conversations.id", "conversations.open_handover_id"],
        name="fk_handovers_open_for",
        deferrable=True,
        initially="DEFERRED",
    ),
    Index(
        "uq_handovers_one_open",
        "client_id",
        "conversation_id",
        unique=True,
        postgresql_where=text("status IN ('pending', 'active')"),
    ),
)

state_changes = Table(
    "state_changes",
    metadata,
    _id("client_id"),
    _id("id"),
    _id("conversation_id"),
    _maybe_id("handover_id"),
    _words("from_state", ""),
    _words("to_state", ""),
    _words("event", ""),
    _words("actor", ""),
    _words("why", ""),
    _words("correlation_id", ""),
    _time("at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    _link("conversations", "conversation_id"),
    Index("ix_state_changes_conversation", "client_id", "conversation_id", "at"),
)

messages = Table(
    "messages",
    metadata,
    _id("client_id"),
    _id("id"),
    _id("conversation_id"),
    _words("role", "user"),
    _words("content", ""),
    _json("metadata"),
    _maybe_id("turn_id"),
    _words("correlation_id", ""),
    Column("seq", BigInteger, Identity(), nullable=False),
    _time("created_at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    CheckConstraint("role IN ('user', 'assistant', 'manager', 'system')", name="role"),
    _link("conversations", "conversation_id"),
    Index("ix_messages_conversation", "client_id", "conversation_id", "seq"),
    Index("ix_messages_turn", "client_id", "turn_id"),
)

learned_responses = Table(
    "learned_responses",
    metadata,
    _id("client_id"),
    _id("id"),
    _id("handover_id"),
    _words("question", ""),
    _words("answer", ""),
    _words("status", "pending"),
    _words("qdrant_point_id"),
    _number("uses"),
    _time("last_used_at"),
    _number("revision"),
    _maybe_id("replaces"),
    _words("answered_by", ""),
    _words("decided_by", ""),
    _time("created_at", required=True),
    _time("updated_at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "handover_id"),
    CheckConstraint("status IN ('pending', 'approved', 'rejected')", name="status"),
    _link("handovers", "handover_id"),
)

# A reply that waits for a person: one at most in a conversation. Its id is that of the handover which it becomes when
# nobody decides.
drafts = Table(
    "drafts",
    metadata,
    _id("client_id"),
    _id("id"),
    _id("conversation_id"),
    _id("turn_id"),
    _words("question", ""),
    _words("text", ""),
    _json("payload"),
    _words("status", "waiting"),
    _number("revision"),
    _words("decided_by", ""),
    _words("editor", ""),
    _time("since", required=True),
    _time("created_at", required=True),
    _time("decided_at"),
    PrimaryKeyConstraint("client_id", "id"),
    CheckConstraint(
        "status IN ('waiting', 'editing', 'sent', 'edited', 'owned', 'withdrawn', 'replaced', 'overdue')", name="status"
    ),
    _link("conversations", "conversation_id"),
    Index(
        "uq_drafts_one_open",
        "client_id",
        "conversation_id",
        unique=True,
        postgresql_where=text("status IN ('waiting', 'editing')"),
    ),
    Index("ix_drafts_turn", "client_id", "turn_id"),
)

# Two groups may have a topic of the same number: a thread is known by its chat and its own name together.
desk_threads = Table(
    "desk_threads",
    metadata,
    _id("client_id"),
    _id("user_id"),
    _words("desk", ""),
    _words("chat", ""),
    _words("thread", ""),
    _time("created_at", required=True),
    PrimaryKeyConstraint("client_id", "user_id", "desk", "chat"),
    UniqueConstraint("client_id", "chat", "thread"),
    _link("users", "user_id"),
)

inbox_events = Table(
    "inbox_events",
    metadata,
    _id("client_id"),
    _id("id"),
    Column("seq", BigInteger, Identity(), nullable=False),
    _words("channel", ""),
    Column("event_id", Text, comment="forgotten (null) after 8 days, so that the id counts as new again"),
    _words("kind", "customer"),
    _words("lane", ""),
    _words("address", ""),
    _json("event"),
    Column("raw", LargeBinary),
    _words("correlation_id", ""),
    _time("received_at", required=True),
    _maybe_id("turn_id"),
    _words("outcome"),
    _words("outcome_reason", ""),
    _time("outcome_at"),
    Column("earlier_outcome", Text, comment="of a turn whose draft was taken back: its words are thought about again"),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "channel", "event_id"),
    CheckConstraint(f"outcome IN ({OUTCOMES})", name="outcome"),
    CheckConstraint("outcome <> 'ignored' OR outcome_reason <> ''", name="ignored_has_a_reason"),
    CheckConstraint(
        "(kind = 'customer') OR outcome IS NULL OR outcome IN ('handled', 'ignored', 'parked')", name="desk"
    ),
    CheckConstraint("(kind <> 'customer') OR outcome IS DISTINCT FROM 'handled'", name="customer"),
    _of_client(),
    Index("ix_inbox_events_open", "client_id", "lane", "seq", postgresql_where=text("outcome IS NULL")),
    Index("ix_inbox_events_turn", "client_id", "turn_id"),
    # Rows come in by time, so a block index finds a time at the cost of a few bytes for each block.
    Index("ix_inbox_events_received", "received_at", postgresql_using="brin"),
    Index("ix_inbox_events_echo", "client_id", "channel", "received_at", postgresql_where=text("kind = 'echo'")),
)

lanes = Table(
    "lanes",
    metadata,
    _id("client_id"),
    _words("lane", ""),
    _words("kind", "customer"),
    _words("channel", ""),
    _words("address", ""),
    _time("open_since"),
    _time("ready_at"),
    _time("not_before"),
    _big("arrivals"),
    _maybe_id("turn_id"),
    _maybe_id("last_turn_id"),
    _maybe_id("lease_owner"),
    _time("lease_until"),
    _big("lease_token"),
    PrimaryKeyConstraint("client_id", "lane"),
    _of_client(),
    Index("ix_lanes_ready", "client_id", "ready_at", postgresql_where=text("ready_at IS NOT NULL")),
    Index("ix_lanes_unfinished", "client_id", postgresql_where=text("turn_id IS NOT NULL")),
    Index("ix_lanes_lease_owner", "lease_owner", postgresql_where=text("lease_owner IS NOT NULL")),
)

tenant_service = Table(
    "tenant_service",
    metadata,
    _id("client_id"),
    _time("served_at", required=True),
    PrimaryKeyConstraint("client_id"),
    _of_client(),
)

turns = Table(
    "turns",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("lane", ""),
    _words("kind", "customer"),
    _maybe_id("conversation_id"),
    _words("status", "running"),
    _words("outcome"),
    _words("outcome_reason", ""),
    _words("correlation_id", ""),
    _number("attempts"),
    _json("stages", "[]"),
    _words("error", ""),
    _time("started_at", required=True),
    _time("finished_at"),
    PrimaryKeyConstraint("client_id", "id"),
    CheckConstraint("status IN ('running', 'done', 'superseded', 'parked')", name="status"),
    _of_client(),
)

outbox_messages = Table(
    "outbox_messages",
    metadata,
    _id("client_id"),
    _id("id"),
    Column("seq", BigInteger, Identity(), nullable=False),
    _words("key", ""),
    _words("channel", ""),
    _words("instance", ""),
    _words("recipient", ""),
    _words("kind", "reply"),
    _json("payload"),
    _maybe_id("turn_id"),
    _maybe_id("conversation_id"),
    _maybe_id("handover_id"),
    _words("correlation_id", ""),
    _words("status", "queued"),
    _number("attempts"),
    Column("repeat", Boolean, nullable=False, server_default="false"),
    _time("created_at", required=True),
    _time("due_at", required=True),
    _time("held_until"),
    _time("expires_at"),
    _time("failed_at"),
    _time("sent_at"),
    _words("error", ""),
    _words("provider_id", ""),
    _maybe_id("lease_owner"),
    _time("lease_until"),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "key"),
    CheckConstraint(
        "status IN ('queued', 'sending', 'sent', 'dead', 'expired', 'flagged', 'withdrawn')", name="status"
    ),
    _of_client(),
    Index(
        "ix_outbox_messages_due",
        "client_id",
        "channel",
        "instance",
        "due_at",
        postgresql_where=text("status = 'queued'"),
    ),
    Index(
        "ix_outbox_messages_recipient",
        "client_id",
        "channel",
        "recipient",
        "seq",
        postgresql_where=text("status IN ('queued', 'sending')"),
    ),
    Index("ix_outbox_messages_sending", "lease_until", postgresql_where=text("status = 'sending'")),
    Index(
        "ix_outbox_messages_failed", "client_id", "channel", "failed_at", postgresql_where=text("failed_at IS NOT NULL")
    ),
    Index("ix_outbox_messages_dead", "client_id", postgresql_where=text("status = 'dead'")),
    Index("ix_outbox_messages_turn", "client_id", "turn_id"),
    Index(
        "ix_outbox_messages_handover",
        "client_id",
        "handover_id",
        "kind",
        postgresql_where=text("handover_id IS NOT NULL"),
    ),
    Index("ix_outbox_messages_sent_to", "client_id", "channel", "recipient", "sent_at"),
)

circuits = Table(
    "circuits",
    metadata,
    _id("client_id"),
    _words("channel", ""),
    _words("instance", ""),
    _words("state", "closed"),
    _words("reason", ""),
    _time("opened_at"),
    _time("probe_at"),
    _number("probes"),
    _number("probe_seconds"),
    PrimaryKeyConstraint("client_id", "channel", "instance"),
    CheckConstraint("state IN ('closed', 'open')", name="state"),
    _of_client(),
)

rate_limits = Table(
    "rate_limits",
    metadata,
    _id("client_id"),
    _words("bucket", ""),
    _time("free_at", required=True),
    _number("granted"),
    PrimaryKeyConstraint("client_id", "bucket"),
    _of_client(),
)

counters = Table(
    "counters",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("name", ""),
    _big("amount"),
    _time("at", required=True),
    _time("keep_until", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    _of_client(),
    Index("ix_counters_name", "client_id", "name", "at", postgresql_include=["amount"]),
    Index("ix_counters_keep_until", "keep_until"),
)

totals = Table(
    "totals",
    metadata,
    _id("client_id"),
    _words("name", ""),
    _big("amount"),
    _time("at", required=True),
    PrimaryKeyConstraint("client_id", "name"),
    _of_client(),
)

jobs = Table(
    "jobs",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("key", ""),
    _words("kind", ""),
    _json("payload"),
    _maybe_id("conversation_id"),
    _words("correlation_id", ""),
    _words("status", "waiting"),
    _number("attempts"),
    _time("run_at", required=True),
    _time("created_at", required=True),
    _time("finished_at"),
    _words("error", ""),
    _maybe_id("lease_owner"),
    _time("lease_until"),
    _big("lease_token"),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "key"),
    CheckConstraint("status IN ('waiting', 'done', 'cancelled', 'dead')", name="status"),
    _of_client(),
    Index("ix_jobs_due", "run_at", postgresql_where=text("status = 'waiting' AND kind <> 'fetch'")),
    Index("ix_jobs_fetch", "run_at", postgresql_where=text("status = 'waiting' AND kind = 'fetch'")),
    Index(
        "ix_jobs_fetch_lane",
        "client_id",
        text("(payload ->> 'lane')"),
        postgresql_where=text("status = 'waiting' AND kind = 'fetch' AND NOT payload ? 'judged'"),
    ),
    Index("ix_jobs_ended", "finished_at", postgresql_where=text("status <> 'waiting'")),
    Index("ix_jobs_conversation", "client_id", "conversation_id", postgresql_where=text("status = 'waiting'")),
)

blobs = Table(
    "blobs",
    metadata,
    _id("client_id"),
    _words("sha256", ""),
    _words("mime", ""),
    _big("size"),
    Column("data", LargeBinary, comment="null where the bytes are in a file"),
    Column(
        "folder", Text, nullable=False, server_default="", comment="the storage_dir of that file, as it was configured"
    ),
    _time("created_at", required=True),
    Column(
        "used_at",
        TIMESTAMP(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="last put or used: from here on it ages",
    ),
    PrimaryKeyConstraint("client_id", "sha256"),
    CheckConstraint("(data IS NULL) = (folder <> '')", name="bytes_are_somewhere"),
    _of_client(),
    Index("ix_blobs_used", "client_id", "used_at"),
)

# A quota is held by the one row that all processes lock before they add to it.
blob_stores = Table(
    "blob_stores",
    metadata,
    _id("client_id"),
    _big("used_bytes"),
    Column(
        "link_key",
        LargeBinary,
        nullable=False,
        server_default=text(RANDOM_KEY),
        comment="signs the links to these blobs",
    ),
    PrimaryKeyConstraint("client_id"),
    _of_client(),
)

knowledge_chunks = Table(
    "knowledge_chunks",
    metadata,
    _id("client_id"),
    _words("id", ""),
    _words("source", ""),
    _words("title", ""),
    _words("question", ""),
    _words("answer", ""),
    _words("content", ""),
    _words("knowledge_tag", ""),
    _words("digest", ""),
    _words("model", ""),
    Column("vector", LargeBinary, nullable=False, server_default=""),
    _json("metadata"),
    _time("updated_at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    _of_client(),
)

knowledge_versions = Table(
    "knowledge_versions",
    metadata,
    _id("client_id"),
    _big("version"),
    PrimaryKeyConstraint("client_id"),
    _of_client(),
)

faults = Table(
    "faults",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("plugin", ""),
    _words("hook", ""),
    _words("correlation_id", ""),
    _words("error", ""),
    _time("at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    _of_client(),
    Index("ix_faults_at", "client_id", "at"),
)

alarms = Table(
    "alarms",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("cause", ""),
    _words("message", ""),
    _time("raised_at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    _of_client(),
    Index("ix_alarms_cause", "client_id", "cause", "raised_at"),
)

# What an owner said that holds before config and knowledge, until it expires.
overrides = Table(
    "overrides",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("kind", ""),
    _words("branch", ""),
    _words("subject", ""),
    _words("text", ""),
    _json("data"),
    _time("until"),
    _words("status", "active"),
    _words("actor", ""),
    _time("created_at", required=True),
    _time("updated_at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    CheckConstraint("kind IN ('pause', 'notice', 'price')", name="kind"),
    CheckConstraint("status IN ('proposed', 'active', 'ended')", name="status"),
    _of_client(),
    Index("ix_overrides_active", "client_id", "created_at", postgresql_where=text("status = 'active'")),
)

# Groups that were bound by a code and not by the config, which goes before them.
desk_groups = Table(
    "desk_groups",
    metadata,
    _id("client_id"),
    _words("branch", ""),
    _words("desk", ""),
    _words("chat", ""),
    _words("actor", ""),
    _time("connected_at", required=True),
    PrimaryKeyConstraint("client_id", "branch"),
    _of_client(),
)

connect_codes = Table(
    "connect_codes",
    metadata,
    _id("client_id"),
    _id("id"),
    _words("branch", ""),
    _words("digest", ""),
    _time("expires_at", required=True),
    _time("used_at"),
    _time("created_at", required=True),
    PrimaryKeyConstraint("client_id", "id"),
    UniqueConstraint("client_id", "digest"),
    _of_client(),
)
