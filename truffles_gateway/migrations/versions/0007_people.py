"""People of a desk as they are seen there, and what an earlier turn made of words that are thought about again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OLD_KEY = "uq_agent_identities_client_id_channel_external_id_username"


def upgrade() -> None:
    """A phone for an agent; identities that the config does not list; what became of words before."""
    op.add_column("agents", sa.Column("phone", sa.Text(), nullable=False, server_default=""))
    op.add_column("agent_identities", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.add_column("agent_identities", sa.Column("last_seen_at", sa.TIMESTAMP(timezone=True), nullable=True))
    op.alter_column("agent_identities", "agent_id", nullable=True)
    op.drop_constraint(op.f(OLD_KEY), "agent_identities")
    op.create_index(
        "uq_agent_identities_listed", "agent_identities", ["client_id", "channel", "external_id", "username"],
        unique=True, postgresql_where=sa.text("agent_id IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "uq_agent_identities_seen", "agent_identities", ["client_id", "channel", "external_id"],
        unique=True, postgresql_where=sa.text("agent_id IS NULL"),
    )  # fmt: skip
    about = "of a turn whose draft was taken back: its words are thought about again"
    op.add_column("inbox_events", sa.Column("earlier_outcome", sa.Text(), nullable=True, comment=about))


def downgrade() -> None:
    """Whoever the config does not list is forgotten."""
    op.drop_column("inbox_events", "earlier_outcome")
    op.execute("DELETE FROM agent_identities WHERE agent_id IS NULL")
    op.drop_index("uq_agent_identities_seen", "agent_identities")
    op.drop_index("uq_agent_identities_listed", "agent_identities")
    op.create_unique_constraint(
        op.f(OLD_KEY), "agent_identities", ["client_id", "channel", "external_id", "username"]
    )  # fmt: skip
    op.alter_column("agent_identities", "agent_id", nullable=False)
    op.drop_column("agent_identities", "last_seen_at")
    op.drop_column("agent_identities", "name")
    op.drop_column("agents", "phone")
