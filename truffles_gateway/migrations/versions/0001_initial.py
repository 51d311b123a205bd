"""The whole schema, and the fences of a commit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A fence locks its row and raises when the caller's view of it is out of date; it is the main query of a batch of
# writes, so that work of a lost lease or of an outdated state is never committed.
FENCES = (
    """
    CREATE FUNCTION truffles_fence_lane(p_client uuid, p_lane text, p_token bigint, p_arrivals bigint) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE found_arrivals bigint;
    BEGIN
        SELECT arrivals INTO found_arrivals FROM lanes
        WHERE client_id = p_client AND lane = p_lane AND lease_token = p_token AND lease_owner IS NOT NULL FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'lease of lane % lost', p_lane USING ERRCODE = 'TG001';
        END IF;
        IF p_arrivals IS NOT NULL AND found_arrivals <> p_arrivals THEN
            RAISE EXCEPTION 'more arrived in lane %', p_lane USING ERRCODE = 'TG003';
        END IF;
    END $$
    """,
    """
    CREATE FUNCTION truffles_fence_job(p_client uuid, p_job uuid, p_token bigint) RETURNS void
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM jobs
        WHERE client_id = p_client AND id = p_job AND lease_token = p_token AND status = 'waiting' FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'lease of job % lost', p_job USING ERRCODE = 'TG001';
        END IF;
    END $$
    """,
    """
    CREATE FUNCTION truffles_fence_conversation(p_client uuid, p_conversation uuid, p_version bigint) RETURNS void
    LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM conversations
        WHERE client_id = p_client AND id = p_conversation AND version = p_version FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'conversation % changed meanwhile', p_conversation USING ERRCODE = 'TG002';
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("slug", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("last_good_config", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("config_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("config_error", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('active', 'suspended')", name=op.f("ck_clients_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("slug", name=op.f("uq_clients_slug")),
    )
    op.create_table(
        "agents",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), server_default="manager", nullable=False),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.CheckConstraint("role IN ('owner', 'admin', 'manager', 'support')", name=op.f("ck_agents_role")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_agents_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_agents")),
        sa.UniqueConstraint("client_id", "name", name=op.f("uq_agents_client_id_name")),
    )
    op.create_table(
        "alarms",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("raised_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_alarms_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_alarms")),
    )
    op.create_index("ix_alarms_cause", "alarms", ["client_id", "cause", "raised_at"], unique=False)
    op.create_table(
        "blobs",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("mime", sa.Text(), server_default="", nullable=False),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_blobs_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "sha256", name=op.f("pk_blobs")),
    )
    op.create_table(
        "branches",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("slug", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=True),
        sa.Column("telegram_chat_id", sa.Text(), nullable=True),
        sa.Column("knowledge_tag", sa.Text(), server_default="", nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_branches_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_branches")),
        sa.UniqueConstraint("client_id", "slug", name=op.f("uq_branches_client_id_slug")),
    )
    op.create_table(
        "circuits",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("instance", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="closed", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("probe_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("probes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("probe_seconds", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("state IN ('closed', 'open')", name=op.f("ck_circuits_state")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_circuits_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "channel", "instance", name=op.f("pk_circuits")),
    )
    op.create_table(
        "client_settings",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("telegram_chat_id", sa.Text(), nullable=True),
        sa.Column("owner_telegram_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_settings_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_settings")),
    )
    op.create_table(
        "faults",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("plugin", sa.Text(), server_default="", nullable=False),
        sa.Column("hook", sa.Text(), server_default="", nullable=False),
        sa.Column("correlation_id", sa.Text(), server_default="", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_faults_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_faults")),
    )
    op.create_index("ix_faults_at", "faults", ["client_id", "at"], unique=False)
    op.create_table(
        "inbox_events",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "event_id",
            sa.Text(),
            nullable=True,
            comment="forgotten (null) after 8 days, so that the id counts as new again",
        ),
        sa.Column("kind", sa.Text(), server_default="customer", nullable=False),
        sa.Column("lane", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("event", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("correlation_id", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("turn_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind <> 'customer') OR outcome IS DISTINCT FROM 'handled'", name=op.f("ck_inbox_events_customer")
        ),
        sa.CheckConstraint(
            "(kind = 'customer') OR outcome IS NULL OR outcome IN ('handled', 'ignored', 'parked')",
            name=op.f("ck_inbox_events_desk"),
        ),
        sa.CheckConstraint(
            "outcome <> 'ignored' OR outcome_reason <> ''", name=op.f("ck_inbox_events_ignored_has_a_reason")
        ),
        sa.CheckConstraint(
            "outcome IN ('answered', 'escalated', 'forwarded', 'ignored', 'parked', 'handled')",
            name=op.f("ck_inbox_events_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_inbox_events_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_inbox_events")),
        sa.UniqueConstraint(
            "client_id", "channel", "event_id", name=op.f("uq_inbox_events_client_id_channel_event_id")
        ),
    )
    op.create_index(
        "ix_inbox_events_echo",
        "inbox_events",
        ["client_id", "channel", "received_at"],
        unique=False,
        postgresql_where=sa.text("kind = 'echo'"),
    )
    op.create_index(
        "ix_inbox_events_open",
        "inbox_events",
        ["client_id", "lane", "seq"],
        unique=False,
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_index("ix_inbox_events_received", "inbox_events", ["received_at"], unique=False, postgresql_using="brin")
    op.create_index("ix_inbox_events_turn", "inbox_events", ["client_id", "turn_id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("conversation_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("correlation_id", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_owner", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("lease_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("status IN ('waiting', 'done', 'cancelled', 'dead')", name=op.f("ck_jobs_status")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_jobs_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("client_id", "key", name=op.f("uq_jobs_client_id_key")),
    )
    op.create_index(
        "ix_jobs_conversation",
        "jobs",
        ["client_id", "conversation_id"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_jobs_due", "jobs", ["run_at"], unique=False, postgresql_where=sa.text("status = 'waiting'"))
    op.create_index(
        "ix_jobs_ended", "jobs", ["finished_at"], unique=False, postgresql_where=sa.text("status <> 'waiting'")
    )
    op.create_table(
        "knowledge_chunks",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("question", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("knowledge_tag", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("vector", sa.LargeBinary(), server_default="", nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_knowledge_chunks_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_knowledge_chunks")),
    )
    op.create_table(
        "knowledge_versions",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_knowledge_versions_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_knowledge_versions")),
    )
    op.create_table(
        "lanes",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("lane", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="customer", nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("open_since", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ready_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("not_before", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("arrivals", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("turn_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("last_turn_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("lease_owner", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("lease_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("lease_token", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_lanes_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "lane", name=op.f("pk_lanes")),
    )
    op.create_index(
        "ix_lanes_lease_owner",
        "lanes",
        ["lease_owner"],
        unique=False,
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
    )
    op.create_index(
        "ix_lanes_ready",
        "lanes",
        ["client_id", "ready_at"],
        unique=False,
        postgresql_where=sa.text("ready_at IS NOT NULL"),
    )
    op.create_index(
        "ix_lanes_unfinished",
        "lanes",
        ["client_id"],
        unique=False,
        postgresql_where=sa.text("turn_id IS NOT NULL"),
    )
    op.create_table(
        "outbox_messages",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("instance", sa.Text(), server_default="", nullable=False),
        sa.Column("recipient", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="reply", nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("turn_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("conversation_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("handover_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("correlation_id", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("repeat", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("held_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("failed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("provider_id", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_owner", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("lease_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'sending', 'sent', 'dead', 'expired', 'flagged', 'withdrawn')",
            name=op.f("ck_outbox_messages_status"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_outbox_messages_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_outbox_messages")),
        sa.UniqueConstraint("client_id", "key", name=op.f("uq_outbox_messages_client_id_key")),
    )
    op.create_index(
        "ix_outbox_messages_dead",
        "outbox_messages",
        ["client_id"],
        unique=False,
        postgresql_where=sa.text("status = 'dead'"),
    )
    op.create_index(
        "ix_outbox_messages_due",
        "outbox_messages",
        ["client_id", "channel", "instance", "due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index(
        "ix_outbox_messages_failed",
        "outbox_messages",
        ["client_id", "channel", "failed_at"],
        unique=False,
        postgresql_where=sa.text("failed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_messages_recipient",
        "outbox_messages",
        ["client_id", "channel", "recipient", "seq"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'sending')"),
    )
    op.create_index(
        "ix_outbox_messages_sending",
        "outbox_messages",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_index(
        "ix_outbox_messages_sent_to", "outbox_messages", ["client_id", "channel", "recipient", "sent_at"], unique=False
    )
    op.create_index("ix_outbox_messages_turn", "outbox_messages", ["client_id", "turn_id"], unique=False)
    op.create_table(
        "rate_limits",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("bucket", sa.Text(), server_default="", nullable=False),
        sa.Column("free_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("granted", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_rate_limits_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "bucket", name=op.f("pk_rate_limits")),
    )
    op.create_table(
        "tenant_service",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("served_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_tenant_service_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_tenant_service")),
    )
    op.create_table(
        "turns",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("lane", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="customer", nullable=False),
        sa.Column("conversation_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("status", sa.Text(), server_default="running", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("correlation_id", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stages", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('running', 'done', 'superseded', 'parked')", name=op.f("ck_turns_status")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_turns_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_turns")),
    )
    op.create_table(
        "users",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("remote_jid", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), server_default="", nullable=False),
        sa.Column("telegram_topic_id", sa.Text(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_users_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint("client_id", "channel", "remote_jid", name=op.f("uq_users_client_id_channel_remote_jid")),
    )
    op.create_table(
        "agent_identities",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("agent_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("external_id", sa.Text(), server_default="", nullable=False),
        sa.Column("username", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "agent_id"],
            ["agents.client_id", "agents.id"],
            name=op.f("fk_agent_identities_agents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_agent_identities")),
        sa.UniqueConstraint(
            "client_id",
            "channel",
            "external_id",
            "username",
            name=op.f("uq_agent_identities_client_id_channel_external_id_username"),
        ),
    )
    op.create_table(
        "conversations",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="bot_active", nullable=False),
        sa.Column("telegram_topic_id", sa.Text(), nullable=True),
        sa.Column("bot_status", sa.Text(), server_default="active", nullable=False),
        sa.Column("bot_muted_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("mute_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_message_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_customer_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_bot_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_manager_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("branch_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("instance_id", sa.Text(), server_default="", nullable=False),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("open_handover_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column(
            "handover_status",
            sa.Text(),
            sa.Computed(
                "CASE state WHEN 'pending' THEN 'pending' WHEN 'manager_active' THEN 'active' END", persisted=True
            ),
            nullable=True,
        ),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(state = 'bot_active') = (open_handover_id IS NULL)", name=op.f("ck_conversations_open_handover")
        ),
        sa.CheckConstraint("state IN ('bot_active', 'pending', 'manager_active')", name=op.f("ck_conversations_state")),
        sa.ForeignKeyConstraint(
            ["client_id", "user_id"], ["users.client_id", "users.id"], name=op.f("fk_conversations_users")
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_conversations")),
        sa.UniqueConstraint(
            "client_id", "id", "open_handover_id", name=op.f("uq_conversations_client_id_id_open_handover_id")
        ),
        sa.UniqueConstraint("client_id", "user_id", "channel", name=op.f("uq_conversations_client_id_user_id_channel")),
    )
    op.create_table(
        "handovers",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("conversation_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("trigger_type", sa.Text(), server_default="manual", nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("user_message", sa.Text(), server_default="", nullable=False),
        sa.Column("manager_response", sa.Text(), nullable=True),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("telegram_message_id", sa.Text(), nullable=True),
        sa.Column("branch_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("turn_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("times_out", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("correlation_id", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("taken_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "open_for",
            sa.UUID(as_uuid=False),
            sa.Computed("CASE WHEN status IN ('pending', 'active') THEN id END", persisted=True),
            nullable=True,
        ),
        sa.CheckConstraint("(status = 'resolved') = (resolution IS NOT NULL)", name=op.f("ck_handovers_resolution")),
        sa.CheckConstraint(
            "resolution IN ('resolved', 'returned', 'cancelled', 'timed_out')",
            name=op.f("ck_handovers_resolution_known"),
        ),
        sa.CheckConstraint("status IN ('pending', 'active', 'resolved')", name=op.f("ck_handovers_status")),
        sa.ForeignKeyConstraint(
            ["client_id", "conversation_id", "open_for"],
            ["conversations.client_id", "conversations.id", "conversations.open_handover_id"],
            name="fk_handovers_open_for",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "conversation_id"],
            ["conversations.client_id", "conversations.id"],
            name=op.f("fk_handovers_conversations"),
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_handovers")),
        sa.UniqueConstraint("client_id", "id", "status", name=op.f("uq_handovers_client_id_id_status")),
    )
    op.create_index(
        "uq_handovers_one_open",
        "handovers",
        ["client_id", "conversation_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'active')"),
    )
    op.create_table(
        "messages",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("conversation_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("role", sa.Text(), server_default="user", nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("turn_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("correlation_id", sa.Text(), server_default="", nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('user', 'assistant', 'manager', 'system')", name=op.f("ck_messages_role")),
        sa.ForeignKeyConstraint(
            ["client_id", "conversation_id"],
            ["conversations.client_id", "conversations.id"],
            name=op.f("fk_messages_conversations"),
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_conversation", "messages", ["client_id", "conversation_id", "seq"], unique=False)
    op.create_index("ix_messages_turn", "messages", ["client_id", "turn_id"], unique=False)
    op.create_table(
        "state_changes",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("conversation_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("handover_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("from_state", sa.Text(), server_default="", nullable=False),
        sa.Column("to_state", sa.Text(), server_default="", nullable=False),
        sa.Column("event", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("correlation_id", sa.Text(), server_default="", nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "conversation_id"],
            ["conversations.client_id", "conversations.id"],
            name=op.f("fk_state_changes_conversations"),
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_state_changes")),
    )
    op.create_index(
        "ix_state_changes_conversation", "state_changes", ["client_id", "conversation_id", "at"], unique=False
    )
    op.create_table(
        "learned_responses",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("handover_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("question", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("qdrant_point_id", sa.Text(), nullable=True),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'approved', 'rejected')", name=op.f("ck_learned_responses_status")),
        sa.ForeignKeyConstraint(
            ["client_id", "handover_id"],
            ["handovers.client_id", "handovers.id"],
            name=op.f("fk_learned_responses_handovers"),
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_learned_responses")),
        sa.UniqueConstraint("client_id", "handover_id", name=op.f("uq_learned_responses_client_id_handover_id")),
    )
    op.create_foreign_key(
        "fk_conversations_open_handover",
        "conversations",
        "handovers",
        ["client_id", "open_handover_id", "handover_status"],
        ["client_id", "id", "status"],
        initially="DEFERRED",
        deferrable=True,
    )
    for function in FENCES:
        op.execute(function)
