"""Leases of several people on one item, each of one tab of a browser; gold items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("lease") as lease:
        lease.add_column(sa.Column("tab", sa.String(length=64), server_default="", nullable=False))
        lease.drop_constraint("uq_lease_item_key", type_="unique")
        lease.create_unique_constraint("uq_lease_item_key_annotator_id", ["item_key", "annotator_id"])
    op.create_table(
        "gold",
        sa.Column("item_key", sa.String(length=512), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("fk_gold_annotator_id_annotator")
        ),
        sa.PrimaryKeyConstraint("item_key", name=op.f("pk_gold")),
    )


def downgrade() -> None:
    op.drop_table("gold")
    # An older goldpan has one lease for each item; all of them end within minutes anyway.
    op.execute("DELETE FROM lease WHERE id NOT IN (SELECT min(id) FROM lease GROUP BY item_key)")
    with op.batch_alter_table("lease") as lease:
        lease.drop_constraint("uq_lease_item_key_annotator_id", type_="unique")
        lease.create_unique_constraint("uq_lease_item_key", ["item_key"])
        lease.drop_column("tab")
