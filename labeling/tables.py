"""The tables of a project's database: what people did, and what the rounds proposed. Never the pool itself.

The row classes stay inside labeling/; what leaves it are frozen dataclasses. Every change here needs a
migration in `labeling/migrations/versions`; a test compares the two on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints, fixed so that a later migration can name what it changes on any database."""

Identifier = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""64 bits on both databases; SQLite gives automatic numbers to INTEGER primary keys alone."""


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment in UTC: aware on the way in and out, also on SQLite, which knows no time zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment into what the database stores.

        Raises:
            ValueError: the moment has no time zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; pass an aware moment, as datetime.now(UTC) gives")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn what the database stored into an aware moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What all tables share: the names of constraints and the types behind annotations."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's way
        datetime: UtcDateTime(),
        dict[str, Any]: sa.JSON(),
        list[str]: sa.JSON(),
    }


class ProjectTable(Base):
    """The one row that says whose database this is."""

    __tablename__ = "project"
    __table_args__ = (sa.CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uuid: Mapped[str] = mapped_column(sa.String(36))
    name: Mapped[str] = mapped_column(sa.String(200))
    pool_hash: Mapped[str] = mapped_column(sa.String(128))
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime]


class AnnotatorTable(Base):
    """A person of the project. Never deleted: what they did points at them."""

    __tablename__ = "annotator"
    __table_args__ = (
        sa.CheckConstraint("role IN ('admin', 'reviewer', 'annotator', 'viewer')", name="role_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    role: Mapped[str] = mapped_column(sa.String(16), default="annotator", server_default="annotator")
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    created_at: Mapped[datetime | None]


class TokenTable(Base):
    """What lets a person in: a sign-in of a browser, or a token for scripts. The secret itself is not kept."""

    __tablename__ = "token"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('api', 'sign_in')", name="kind_known"),
        sa.Index("ix_token_annotator_id", "annotator_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    annotator_id: Mapped[int] = mapped_column(sa.ForeignKey("annotator.id"))
    kind: Mapped[str] = mapped_column(sa.String(16))
    name: Mapped[str] = mapped_column(sa.String(200))
    secret_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LabelClassTable(Base):
    """A name a label can have. Archived rather than deleted: annotations point at it."""

    __tablename__ = "label_class"
    __table_args__ = (
        sa.Index(
            "ix_label_class_key_active",
            "key",
            unique=True,
            sqlite_where=sa.text("NOT archived"),
            postgresql_where=sa.text("NOT archived"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    position: Mapped[int]
    key: Mapped[str | None] = mapped_column(sa.String(1))
    colour: Mapped[str | None] = mapped_column(sa.String(7))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("label_class.id"))
    description: Mapped[str] = mapped_column(sa.Text)
    target: Mapped[float | None] = mapped_column(sa.Double)
    archived: Mapped[bool]


class AnnotationTable(Base):
    """One act of one person on one item. Triggers refuse every UPDATE and DELETE."""

    __tablename__ = "annotation"
    __table_args__ = (
        sa.CheckConstraint(
            "act IN ('label', 'skip', 'unsure', 'flag', 'undo', 'adjudicate')", name="act_known"
        ),
        sa.CheckConstraint(
            "(class_id IS NOT NULL) = (act IN ('label', 'adjudicate'))", name="class_with_label"
        ),
        sa.CheckConstraint("(undoes_id IS NOT NULL) = (act = 'undo')", name="undoes_with_undo"),
        sa.Index("ix_annotation_item_key_id", "item_key", "id"),
        sa.Index("ix_annotation_annotator_id_id", "annotator_id", "id"),
    )

    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    uid: Mapped[str] = mapped_column(sa.String(64), unique=True)
    item_key: Mapped[str] = mapped_column(sa.String(512))
    act: Mapped[str] = mapped_column(sa.String(16))
    class_id: Mapped[int | None] = mapped_column(sa.ForeignKey("label_class.id"))
    annotator_id: Mapped[int] = mapped_column(sa.ForeignKey("annotator.id"))
    created_at: Mapped[datetime]
    undoes_id: Mapped[int | None] = mapped_column(Identifier, sa.ForeignKey("annotation.id"), unique=True)
    comment: Mapped[str] = mapped_column(sa.Text)
    round_number: Mapped[int | None]
    strategy: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(64))
    suggested_class_id: Mapped[int | None] = mapped_column(sa.ForeignKey("label_class.id"))
    shown_ms: Mapped[int | None]


class ProposalTable(Base):
    """An item that a round offers for labelling."""

    __tablename__ = "proposal"
    __table_args__ = (
        sa.Index("ix_proposal_round_number_rank", "round_number", "rank", unique=True),
        sa.Index("ix_proposal_item_key_round_number", "item_key", "round_number", unique=True),
    )

    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    item_key: Mapped[str] = mapped_column(sa.String(512))
    round_number: Mapped[int]
    rank: Mapped[int]
    score: Mapped[float] = mapped_column(sa.Double)
    kind: Mapped[str] = mapped_column(sa.String(64))
    reason: Mapped[str] = mapped_column(sa.Text)
    strategy: Mapped[str] = mapped_column(sa.String(64))
    class_id: Mapped[int | None] = mapped_column(sa.ForeignKey("label_class.id"))
    probability: Mapped[float | None] = mapped_column(sa.Double)
    runner_up_class_id: Mapped[int | None] = mapped_column(sa.ForeignKey("label_class.id"))
    runner_up_probability: Mapped[float | None] = mapped_column(sa.Double)


class LeaseTable(Base):
    """An item handed to one annotator, in one tab of their browser, until a time."""

    __tablename__ = "lease"
    __table_args__ = (
        sa.UniqueConstraint("item_key", "annotator_id"),
        sa.Index("ix_lease_expires_at", "expires_at"),
    )

    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    item_key: Mapped[str] = mapped_column(sa.String(512))
    annotator_id: Mapped[int] = mapped_column(sa.ForeignKey("annotator.id"))
    expires_at: Mapped[datetime]
    tab: Mapped[str] = mapped_column(sa.String(64), server_default="")


class GoldTable(Base):
    """An adjudicated item that annotators are shown now and then, to see how often they are right."""

    __tablename__ = "gold"

    item_key: Mapped[str] = mapped_column(sa.String(512), primary_key=True)
    annotator_id: Mapped[int] = mapped_column(sa.ForeignKey("annotator.id"))
    created_at: Mapped[datetime]


class AuditDrawTable(Base):
    """One draw of the audit set: how, from what, when. Triggers refuse every UPDATE and DELETE."""

    __tablename__ = "audit_draw"
    __table_args__ = (sa.CheckConstraint("design IN ('random', 'stratified')", name="design_known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    design: Mapped[str] = mapped_column(sa.String(16))
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    pool_hash: Mapped[str] = mapped_column(sa.String(128))
    revision: Mapped[int] = mapped_column(Identifier)
    round_number: Mapped[int | None]
    strata: Mapped[dict[str, Any]]
    annotator_id: Mapped[int] = mapped_column(sa.ForeignKey("annotator.id"))
    created_at: Mapped[datetime]


class AuditItemTable(Base):
    """An item of the audit set, with the probability at which it was drawn. Triggers refuse every UPDATE and DELETE."""

    __tablename__ = "audit_item"
    __table_args__ = (sa.Index("ix_audit_item_draw_id_turn", "draw_id", "turn", unique=True),)

    item_key: Mapped[str] = mapped_column(sa.String(512), primary_key=True)
    draw_id: Mapped[int] = mapped_column(sa.ForeignKey("audit_draw.id"))
    turn: Mapped[int]
    stratum: Mapped[int]
    probability: Mapped[float] = mapped_column(sa.Double)


class RoundTable(Base):
    """A round: one running at most, kept by a partial unique index."""

    __tablename__ = "round"
    __table_args__ = (
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name="state_known"),
        sa.Index(
            "ix_round_state_running",
            "state",
            unique=True,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        ),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(sa.String(16))
    revision: Mapped[int] = mapped_column(Identifier)
    seed: Mapped[int] = mapped_column(sa.BigInteger)
    stage: Mapped[str] = mapped_column(sa.String(64))
    progress: Mapped[float] = mapped_column(sa.Double)
    labels_used: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(sa.Text)
    metrics: Mapped[dict[str, Any]]
    hashes: Mapped[dict[str, Any]]
    owner: Mapped[str] = mapped_column(sa.String(200))
    heartbeat_at: Mapped[datetime]


class SeekTable(Base):
    """What a person said they look for, or that they took that back. Triggers refuse every UPDATE and DELETE."""

    __tablename__ = "seek"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('words', 'example', 'criteria', 'withdrawal')", name="kind_known"),
        sa.CheckConstraint(
            "(withdraws_id IS NOT NULL) = (kind = 'withdrawal')", name="withdraws_with_withdrawal"
        ),
    )

    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    class_id: Mapped[int | None] = mapped_column(sa.ForeignKey("label_class.id"))
    text: Mapped[str] = mapped_column(sa.Text)
    item_keys: Mapped[list[str]]
    annotator_id: Mapped[int] = mapped_column(sa.ForeignKey("annotator.id"))
    created_at: Mapped[datetime]
    withdraws_id: Mapped[int | None] = mapped_column(Identifier, sa.ForeignKey("seek.id"), unique=True)


class SelectionTable(Base):
    """Items kept together under a name; their keys packed as `labeling.selections` says."""

    __tablename__ = "selection"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    how: Mapped[str] = mapped_column(sa.Text)
    item_count: Mapped[int]
    item_keys: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    annotator_id: Mapped[int] = mapped_column(sa.ForeignKey("annotator.id"))
    created_at: Mapped[datetime]


class EventTable(Base):
    """An act that is no annotation, such as a renamed class. Triggers refuse every UPDATE and DELETE."""

    __tablename__ = "event"
    __table_args__ = (sa.Index("ix_event_kind_id", "kind", "id"),)

    id: Mapped[int] = mapped_column(Identifier, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    annotator_id: Mapped[int | None] = mapped_column(sa.ForeignKey("annotator.id"))
    created_at: Mapped[datetime]
    subject: Mapped[str] = mapped_column(sa.String(512))
    details: Mapped[dict[str, Any]]
