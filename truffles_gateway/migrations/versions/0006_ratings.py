"""Marks that customers give."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A handover may have a mark."""
    op.add_column("handovers", sa.Column("rating", sa.SmallInteger(), nullable=True))
    op.create_check_constraint(op.f("ck_handovers_rating"), "handovers", "rating BETWEEN 1 AND 5")


def downgrade() -> None:
    """The marks go with the column."""
    op.drop_column("handovers", "rating")
