"""The first tables, and the triggers that keep annotations append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

REFUSAL = "annotations are append-only: undo with another annotation"


def upgrade() -> None:
    _create_annotator()
    _create_label_class()
    _create_project()
    _create_round()
    _create_annotation()
    _create_lease()
    _create_proposal()
    _protect_annotations()


def downgrade() -> None:
    tables = ("proposal", "lease", "annotation", "round", "project", "label_class", "annotator")
    for table in tables:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_annotation_change()")


def _protect_annotations() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER annotation_no_{act.lower()} BEFORE {act} ON annotation "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_annotation_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    # FOR EACH STATEMENT, so that one which would touch no row is refused too.
    op.execute(
        "CREATE TRIGGER annotation_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON annotation "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_annotation_change()"
    )


def _create_annotator() -> None:
    op.create_table(
        "annotator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotator")),
        sa.UniqueConstraint("name", name=op.f("uq_annotator_name")),
    )


def _create_label_class() -> None:
    op.create_table(
        "label_class",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=1), nullable=True),
        sa.Column("colour", sa.String(length=7), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("target", sa.Double(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["label_class.id"], name=op.f("fk_label_class_parent_id_label_class")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_class")),
        sa.UniqueConstraint("name", name=op.f("uq_label_class_name")),
    )
    op.create_index(
        "ix_label_class_key_active",
        "label_class",
        ["key"],
        unique=True,
        sqlite_where=sa.text("NOT archived"),
        postgresql_where=sa.text("NOT archived"),
    )


def _create_project() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("pool_hash", sa.String(length=128), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_project_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )


def _create_round() -> None:
    op.create_table(
        "round",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("labels_used", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("hashes", sa.JSON(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_round_state_known")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_round")),
    )
    op.create_index(
        "ix_round_state_running",
        "round",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def _create_annotation() -> None:
    op.create_table(
        "annotation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("item_key", sa.String(length=512), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undoes_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=True),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("suggested_class_id", sa.Integer(), nullable=True),
        sa.Column("shown_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(class_id IS NOT NULL) = (act IN ('label', 'adjudicate'))",
            name=op.f("ck_annotation_class_with_label"),
        ),
        sa.CheckConstraint(
            "(undoes_id IS NOT NULL) = (act = 'undo')", name=op.f("ck_annotation_undoes_with_undo")
        ),
        sa.CheckConstraint(
            "act IN ('label', 'skip', 'unsure', 'flag', 'undo', 'adjudicate')",
            name=op.f("ck_annotation_act_known"),
        ),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("fk_annotation_annotator_id_annotator")
        ),
        sa.ForeignKeyConstraint(
            ["class_id"], ["label_class.id"], name=op.f("fk_annotation_class_id_label_class")
        ),
        sa.ForeignKeyConstraint(
            ["suggested_class_id"],
            ["label_class.id"],
            name=op.f("fk_annotation_suggested_class_id_label_class"),
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["annotation.id"], name=op.f("fk_annotation_undoes_id_annotation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotation")),
        sa.UniqueConstraint("uid", name=op.f("uq_annotation_uid")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_annotation_undoes_id")),
    )
    op.create_index("ix_annotation_annotator_id_id", "annotation", ["annotator_id", "id"], unique=False)
    op.create_index("ix_annotation_item_key_id", "annotation", ["item_key", "id"], unique=False)


def _create_lease() -> None:
    op.create_table(
        "lease",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_key", sa.String(length=512), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("fk_lease_annotator_id_annotator")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lease")),
        sa.UniqueConstraint("item_key", name=op.f("uq_lease_item_key")),
    )
    op.create_index("ix_lease_expires_at", "lease", ["expires_at"], unique=False)


def _create_proposal() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_key", sa.String(length=512), nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("runner_up_class_id", sa.Integer(), nullable=True),
        sa.Column("runner_up_probability", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["class_id"], ["label_class.id"], name=op.f("fk_proposal_class_id_label_class")
        ),
        sa.ForeignKeyConstraint(
            ["runner_up_class_id"],
            ["label_class.id"],
            name=op.f("fk_proposal_runner_up_class_id_label_class"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(
        "ix_proposal_item_key_round_number", "proposal", ["item_key", "round_number"], unique=True
    )
    op.create_index("ix_proposal_round_number_rank", "proposal", ["round_number", "rank"], unique=True)
