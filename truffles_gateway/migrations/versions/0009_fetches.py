"""Files are fetched by jobs with hands of their own: neither kind looks through the other's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An index for each of the two, and one for what came earlier in a lane."""
    op.drop_index("ix_jobs_due", "jobs")
    op.create_index(
        "ix_jobs_due", "jobs", ["run_at"], postgresql_where=sa.text("status = 'waiting' AND kind <> 'fetch'")
    )
    op.create_index(
        "ix_jobs_fetch", "jobs", ["run_at"], postgresql_where=sa.text("status = 'waiting' AND kind = 'fetch'")
    )
    op.create_index(
        "ix_jobs_fetch_lane", "jobs", ["client_id", sa.text("(payload ->> 'lane')")],
        postgresql_where=sa.text("status = 'waiting' AND kind = 'fetch' AND NOT payload ? 'judged'"),
    )  # fmt: skip


def downgrade() -> None:
    """One index for both; files that still wait are fetched with their turn."""
    op.execute("UPDATE jobs SET status = 'cancelled' WHERE kind IN ('fetch', 'fetch.late') AND status = 'waiting'")
    op.drop_index("ix_jobs_fetch_lane", "jobs")
    op.drop_index("ix_jobs_fetch", "jobs")
    op.drop_index("ix_jobs_due", "jobs")
    op.create_index("ix_jobs_due", "jobs", ["run_at"], postgresql_where=sa.text("status = 'waiting'"))
