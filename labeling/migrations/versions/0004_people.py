"""People with a role, and what they show to be let in: sign-ins and API tokens, as hashes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROLES = "role IN ('admin', 'reviewer', 'annotator', 'viewer')"


def upgrade() -> None:
    # Who annotated before there were roles goes on annotating; the local person becomes admin when the server starts.
    # In plain SQL: SQLite cannot add a constraint later, and would have to drop the table that annotations point at.
    op.execute(
        "ALTER TABLE annotator ADD COLUMN role VARCHAR(16) DEFAULT 'annotator' NOT NULL "
        f"CONSTRAINT {op.f('ck_annotator_role_known')} CHECK ({ROLES})"
    )
    op.add_column("annotator", sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("annotator", sa.Column("created_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('api', 'sign_in')", name=op.f("ck_token_kind_known")),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("fk_token_annotator_id_annotator")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_token_secret_hash")),
    )
    op.create_index("ix_token_annotator_id", "token", ["annotator_id"])


def downgrade() -> None:
    op.drop_table("token")
    op.drop_column("annotator", "created_at")
    op.drop_column("annotator", "active")
    op.drop_column("annotator", "role")
