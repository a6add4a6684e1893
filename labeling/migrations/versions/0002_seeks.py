"""What people say they seek, and the triggers that keep it append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

REFUSAL = "what was sought is append-only: withdraw it with another row"


def upgrade() -> None:
    op.create_table(
        "seek",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("item_keys", sa.JSON(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdraws_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(withdraws_id IS NOT NULL) = (kind = 'withdrawal')",
            name=op.f("ck_seek_withdraws_with_withdrawal"),
        ),
        sa.CheckConstraint(
            "kind IN ('words', 'example', 'criteria', 'withdrawal')", name=op.f("ck_seek_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("fk_seek_annotator_id_annotator")
        ),
        sa.ForeignKeyConstraint(["class_id"], ["label_class.id"], name=op.f("fk_seek_class_id_label_class")),
        sa.ForeignKeyConstraint(["withdraws_id"], ["seek.id"], name=op.f("fk_seek_withdraws_id_seek")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seek")),
        sa.UniqueConstraint("withdraws_id", name=op.f("uq_seek_withdraws_id")),
    )
    _protect()


def downgrade() -> None:
    op.drop_table("seek")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_seek_change()")


def _protect() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER seek_no_{act.lower()} BEFORE {act} ON seek "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_seek_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    # FOR EACH STATEMENT, so that one which would touch no row is refused too.
    op.execute(
        "CREATE TRIGGER seek_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seek "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_seek_change()"
    )
