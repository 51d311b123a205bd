"""Replies that wait for a person (mode `approve`)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FENCE = """
CREATE FUNCTION truffles_fence_draft(p_client uuid, p_draft uuid, p_revision integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM drafts WHERE client_id = p_client AND id = p_draft AND revision = p_revision FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'draft % was decided meanwhile', p_draft USING ERRCODE = 'TG002';
    END IF;
END $$
"""


def upgrade() -> None:
    """Bring the table in."""
    op.create_table(
        "drafts",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("conversation_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("turn_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("question", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("status", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("decided_by", sa.Text(), server_default="", nullable=False),
        sa.Column("editor", sa.Text(), server_default="", nullable=False),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('waiting', 'editing', 'sent', 'edited', 'owned', 'withdrawn', 'replaced', 'overdue')",
            name=op.f("ck_drafts_status"),
        ),
        sa.ForeignKeyConstraint(
            ["client_id", "conversation_id"],
            ["conversations.client_id", "conversations.id"],
            name=op.f("fk_drafts_conversations"),
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_drafts")),
    )
    op.create_index(
        "uq_drafts_one_open",
        "drafts",
        ["client_id", "conversation_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('waiting', 'editing')"),
    )
    op.create_index("ix_drafts_turn", "drafts", ["client_id", "turn_id"], unique=False)
    op.execute(FENCE)
