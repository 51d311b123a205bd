"""Files of tenants: bytes may lie in a folder, have a quota and an age, and are shown by signed links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RANDOM_KEY = "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"
AGES = "last put or used: from here on it ages"


def upgrade() -> None:
    """What is kept already starts to age now: nobody knows when it was used last."""
    op.alter_column("blobs", "data", nullable=True, comment="null where the bytes are in a file")
    where = "the storage_dir of that file, as it was configured"
    op.add_column("blobs", sa.Column("folder", sa.Text(), nullable=False, server_default="", comment=where))
    op.add_column("blobs", sa.Column("used_at", sa.TIMESTAMP(timezone=True), nullable=True, comment=AGES))
    op.execute("UPDATE blobs SET used_at = now()")
    op.alter_column("blobs", "used_at", nullable=False, server_default=sa.text("now()"))  # older processes name none
    op.create_check_constraint(op.f("ck_blobs_bytes_are_somewhere"), "blobs", "(data IS NULL) = (folder <> '')")
    op.create_index("ix_blobs_used", "blobs", ["client_id", "used_at"])
    op.create_table(
        "blob_stores",
        sa.Column("client_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column(
            "link_key", sa.LargeBinary(), nullable=False, server_default=sa.text(RANDOM_KEY),
            comment="signs the links to these blobs",
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_blob_stores")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_blob_stores_clients"), ondelete="CASCADE"
        ),
    )  # fmt: skip
    op.execute(
        """INSERT INTO blob_stores (client_id, used_bytes)
           SELECT id, coalesce((SELECT sum(size) FROM blobs b WHERE b.client_id = c.id), 0) FROM clients c"""
    )


def downgrade() -> None:
    """An earlier version finds no bytes in folders: it must not know of them. The files themselves stay."""
    op.drop_table("blob_stores")
    op.execute("DELETE FROM blobs WHERE data IS NULL")
    op.drop_index("ix_blobs_used", "blobs")
    op.drop_constraint(op.f("ck_blobs_bytes_are_somewhere"), "blobs")
    op.drop_column("blobs", "used_at")
    op.drop_column("blobs", "folder")
    op.alter_column(
        "blobs", "data", nullable=False, comment=None, existing_comment="null where the bytes are in a file"
    )
