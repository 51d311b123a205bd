"""Who said and decided what was learnt, and when the bot last said it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the columns in."""
    op.add_column("learned_responses", sa.Column("answered_by", sa.Text(), server_default="", nullable=False))
    op.add_column("learned_responses", sa.Column("decided_by", sa.Text(), server_default="", nullable=False))
    op.add_column("learned_responses", sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True)))
