"""Desks with threads, counts over all processes, learned answers that change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FENCE = """
CREATE FUNCTION truffles_fence_learned(p_client uuid, p_learned uuid, p_revision integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM learned_responses
    WHERE client_id = p_client AND id = p_learned AND revision = p_revision FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'learned answer % changed meanwhile', p_learned USING ERRCODE = 'TG002';
    END IF;
END $$
"""


def upgrade() -> None:
    """Bring the tables in."""
    op.add_column("learned_responses", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.add_column("learned_responses", sa.Column("replaces", sa.UUID(as_uuid=False), nullable=True))
    op.create_table(
        "desk_threads",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("user_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("desk", sa.Text(), server_default="", nullable=False),
        sa.Column("chat", sa.Text(), server_default="", nullable=False),
        sa.Column("thread", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id", "user_id"], ["users.client_id", "users.id"], name=op.f("fk_desk_threads_users")
        ),
        sa.PrimaryKeyConstraint("client_id", "user_id", "desk", "chat", name=op.f("pk_desk_threads")),
        sa.UniqueConstraint("client_id", "chat", "thread", name=op.f("uq_desk_threads_client_id_chat_thread")),
    )
    op.create_table(
        "counters",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("keep_until", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_counters_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_counters")),
    )
    op.create_index(
        "ix_counters_name", "counters", ["client_id", "name", "at"], unique=False, postgresql_include=["amount"]
    )
    op.create_index("ix_counters_keep_until", "counters", ["keep_until"], unique=False)
    op.create_table(
        "totals",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_totals_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "name", name=op.f("pk_totals")),
    )
    op.create_index(
        "ix_outbox_messages_handover",
        "outbox_messages",
        ["client_id", "handover_id", "kind"],
        unique=False,
        postgresql_where=sa.text("handover_id IS NOT NULL"),
    )
    op.execute(FENCE)
