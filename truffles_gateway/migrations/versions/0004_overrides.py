"""What owners say that holds before the knowledge; groups that are bound by a code."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OVERRIDE = """
CREATE FUNCTION truffles_fence_override(p_client uuid, p_override uuid, p_status text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM overrides WHERE client_id = p_client AND id = p_override AND status = p_status FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'what the owner said % changed meanwhile', p_override USING ERRCODE = 'TG002';
    END IF;
END $$
"""
CODE = """
CREATE FUNCTION truffles_fence_connect_code(p_client uuid, p_code uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM connect_codes WHERE client_id = p_client AND id = p_code AND used_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'code % was used meanwhile', p_code USING ERRCODE = 'TG002';
    END IF;
END $$
"""


def upgrade() -> None:
    """Bring the tables in."""
    op.add_column("clients", sa.Column("overrides_version", sa.Integer(), server_default="0", nullable=False))
    _overrides()
    op.create_table(
        "desk_groups",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("desk", sa.Text(), server_default="", nullable=False),
        sa.Column("chat", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("connected_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_desk_groups_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "branch", name=op.f("pk_desk_groups")),
    )
    op.create_table(
        "connect_codes",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_connect_codes_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_connect_codes")),
        sa.UniqueConstraint("client_id", "digest", name=op.f("uq_connect_codes_client_id_digest")),
    )
    op.execute(OVERRIDE)
    op.execute(CODE)


def _overrides() -> None:
    op.create_table(
        "overrides",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("branch", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('pause', 'notice', 'price')", name=op.f("ck_overrides_kind")),
        sa.CheckConstraint("status IN ('proposed', 'active', 'ended')", name=op.f("ck_overrides_status")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_overrides_clients"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("client_id", "id", name=op.f("pk_overrides")),
    )
    op.create_index(
        "ix_overrides_active",
        "overrides",
        ["client_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
    )
