"""The audit set: items drawn at random with known probability, held out of training, for honest figures.

Not to be mixed up with the label audit (`labeling.audits`), which looks for wrong labels among those given. An item of
the audit set is never proposed, learned from, confirmed, gold or part of a selection; whoever labels it sees no
suggestion. It is drawn from what nobody has annotated yet. What was drawn stays; more can be drawn, from what is left.

A draw may have a criterion on columns: then it was made from the items that match, and says something of these alone.
Draws without one speak of the whole pool; draws with the same criterion are put together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.bulk import busy_keys, in_parts
from labeling.checks import KEY_MAX, checked_text
from labeling.current import is_open, undone
from labeling.errors import AuditSetError
from labeling.events import EventKind, record_event
from labeling.labels import revision
from labeling.pools.criteria_text import TEXT_MAX
from labeling.tables import AnnotationTable, AnnotatorTable, AuditDrawTable, AuditItemTable

AUDIT = "audit"
"""The kind of an annotation that answers an item of the audit set."""

DESIGNS = ("random", "stratified")


@dataclass(frozen=True)
class AuditStratum:
    """A part of what a draw was made from.

    Attributes:
        name: what it holds, in words.
        size: items in it when it was drawn from.
        drawn: items drawn of it, each with the chance drawn / size.
    """

    name: str
    size: int
    drawn: int


@dataclass(frozen=True)
class NewDraw:
    """A draw to be stored. m items, h strata.

    Attributes:
        design: one of DESIGNS.
        seed: of the draw.
        pool_hash: content hash of the pool.
        strata: h strata, alike ones next to each other.
        item_keys: m keys, in the order in which they are to be answered.
        item_strata: m numbers of strata, from 0.
        round_number: the round whose predictions made the strata; None for none.
        where: the criterion that all it was made from matches, as `normal_criteria` writes it; "" for the whole pool.
    """

    design: str
    seed: int
    pool_hash: str
    strata: tuple[AuditStratum, ...]
    item_keys: tuple[str, ...]
    item_strata: tuple[int, ...]
    round_number: int | None = None
    where: str = ""


@dataclass(frozen=True)
class AuditDraw:
    """A draw as it is stored.

    Attributes:
        id: its number.
        new: what was drawn.
        revision: the label revision it was drawn at: what was annotated by then could not be drawn.
        annotator: who drew it.
        created_at: when, in UTC.
    """

    id: int
    new: NewDraw
    revision: int
    annotator: str
    created_at: datetime


def store_draw(session: Session, *, new: NewDraw, annotator_id: int, now: datetime) -> int:
    """Store a draw and put it on record; return its number.

    Args:
        session: of a write transaction, so that nobody annotates an item meanwhile.
        new: the draw.
        annotator_id: who draws.
        now: the moment, in UTC.

    Raises:
        AuditSetError: the draw does not fit together, or an item of it is annotated or in the audit set already.
    """
    _check(new)
    taken = audit_keys_among(session, new.item_keys) | busy_keys(session, list(new.item_keys))
    if taken:
        raise AuditSetError(
            f"{len(taken)} of the items are annotated or in the audit set by now ({', '.join(sorted(taken)[:5])}); "
            "draw again"
        )
    number = _insert(session, new, at=revision(session), annotator_id=annotator_id, now=now)
    details = {"draw": number, "items": len(new.item_keys), "design": new.design, "seed": new.seed}
    if new.where:
        details["where"] = new.where
    record_event(session, kind=EventKind.AUDIT_SET_DRAWN, annotator_id=annotator_id, now=now, details=details)
    return number


def restore_draw(session: Session, *, new: NewDraw, at: int, annotator_id: int, now: datetime) -> int:
    """Store a draw that was made elsewhere, with its answers or without; return its number.

    Args:
        session: of a write transaction.
        new: the draw.
        at: the label revision it was drawn at, in this database's numbers.
        annotator_id: who drew it.
        now: when, in UTC.

    Raises:
        AuditSetError: the draw does not fit together, or an item of it is in the audit set already.
    """
    _check(new)
    taken = audit_keys_among(session, new.item_keys)
    if taken:
        raise AuditSetError(f"{len(taken)} items are drawn twice ({', '.join(sorted(taken)[:5])})")
    return _insert(session, new, at=at, annotator_id=annotator_id, now=now)


def list_draws(session: Session) -> list[AuditDraw]:
    """Return all draws, the first one first."""
    items: dict[int, list[tuple[str, int]]] = {}
    asked = sa.select(AuditItemTable.draw_id, AuditItemTable.item_key, AuditItemTable.stratum)
    for draw, key, stratum in session.execute(asked.order_by(AuditItemTable.draw_id, AuditItemTable.turn)):
        items.setdefault(draw, []).append((key, stratum))
    rows = session.execute(
        sa.select(AuditDrawTable, AnnotatorTable.name)
        .join(AnnotatorTable, AnnotatorTable.id == AuditDrawTable.annotator_id)
        .order_by(AuditDrawTable.id)
    )
    return [_draw(row, name, items.get(row.id, [])) for row, name in rows]


def list_criteria(session: Session) -> list[str]:
    """Return the criteria that draws have, each once, oldest first; "", the whole pool, before all others."""
    rows = session.execute(sa.select(AuditDrawTable.strata).order_by(AuditDrawTable.id)).scalars()
    found = list(dict.fromkeys(_where(strata) for strata in rows))
    return sorted(found, key=bool)


def audit_keys(session: Session, *, until: int | None = None) -> list[str]:
    """Return the keys of all items of the audit set, in the order in which they are to be answered.

    Args:
        session: of a transaction.
        until: only draws made at this label revision or before; None for all.
    """
    statement = sa.select(AuditItemTable.item_key).order_by(AuditItemTable.draw_id, AuditItemTable.turn)
    if until is not None:
        statement = statement.join(AuditDrawTable).where(AuditDrawTable.revision <= until)
    return list(session.execute(statement).scalars())


def open_audit_keys(session: Session, *, limit: int, without: Collection[str] = ()) -> list[str]:
    """Return the items of the audit set that nobody has answered yet, first to answer first.

    Args:
        session: of a transaction.
        limit: how many at most.
        without: keys that are left out, such as those that others are answering.
    """
    statement = sa.select(AuditItemTable.item_key).where(is_open(AuditItemTable.item_key))
    if without:
        statement = statement.where(AuditItemTable.item_key.not_in(sorted(without)))
    ordered = statement.order_by(AuditItemTable.draw_id, AuditItemTable.turn)
    return list(session.execute(ordered.limit(limit)).scalars())


def count_open_audit(session: Session) -> int:
    """Return how many items of the audit set nobody has answered yet."""
    statement = sa.select(sa.func.count()).select_from(AuditItemTable)
    return session.execute(statement.where(is_open(AuditItemTable.item_key))).scalar_one()


def count_audit_acts(session: Session, *, since: int) -> int:
    """Return how many annotations after a label revision are about the audit set, which no round learns from.

    Args:
        session: of a transaction.
        since: the label revision.
    """
    statement = sa.select(sa.func.count()).select_from(AnnotationTable).where(AnnotationTable.id > since)
    return session.execute(statement.where(held_out(AnnotationTable.item_key))).scalar_one()


def audit_keys_among(session: Session, item_keys: Sequence[str]) -> set[str]:
    """Return those of some keys that are in the audit set."""
    found: set[str] = set()
    for part in in_parts(item_keys):
        asked = sa.select(AuditItemTable.item_key).where(AuditItemTable.item_key.in_(part))
        found |= set(session.execute(asked).scalars())
    return found


def held_out(item_key: Any) -> sa.ColumnElement[bool]:  # noqa: ANN401 - any column or expression
    """Return the condition that the item is in the audit set.

    Args:
        item_key: the column that holds the item's key.
    """
    return sa.exists().where(AuditItemTable.item_key == item_key)


def seen_keys(session: Session) -> set[str]:
    """Return the items of the audit set that somebody answered with the model's suggestion in sight."""
    statement = sa.select(AnnotationTable.item_key).where(
        AnnotationTable.item_key.in_(sa.select(AuditItemTable.item_key)),
        AnnotationTable.suggested_class_id.is_not(None),
        AnnotationTable.act == "label",
        ~undone(AnnotationTable.id),
    )
    return set(session.execute(statement).scalars())


def _check(new: NewDraw) -> None:
    if new.design not in DESIGNS:
        raise AuditSetError(f"the design is {new.design!r:.40}; allowed are {', '.join(DESIGNS)}")
    checked_text(new.where, what="the criterion", error=AuditSetError, longest=TEXT_MAX)
    for key in new.item_keys:
        checked_text(key, what="the item's key", error=AuditSetError, longest=KEY_MAX, shortest=1)
    if not new.item_keys or len(set(new.item_keys)) != len(new.item_keys):
        raise AuditSetError(
            f"a draw holds at least one item, each once; this one has {len(new.item_keys)}, "
            f"{len(set(new.item_keys))} of them different"
        )
    counts = [0] * len(new.strata)
    for stratum in new.item_strata:
        if not 0 <= stratum < len(counts):
            raise AuditSetError(f"there is no stratum {stratum}; the draw has {len(counts)}")
        counts[stratum] += 1
    told = [entry.drawn for entry in new.strata]
    if len(new.item_strata) != len(new.item_keys) or told != counts:
        raise AuditSetError(f"the strata say that {told} items were drawn of them, but {counts} are given")
    if any(entry.drawn > entry.size for entry in new.strata):
        raise AuditSetError("more items were drawn of a stratum than it holds")


def _insert(session: Session, new: NewDraw, *, at: int, annotator_id: int, now: datetime) -> int:
    row = AuditDrawTable(
        design=new.design,
        seed=new.seed,
        pool_hash=new.pool_hash,
        revision=at,
        round_number=new.round_number,
        strata={
            "names": [entry.name for entry in new.strata],
            "sizes": [entry.size for entry in new.strata],
            "drawn": [entry.drawn for entry in new.strata],
            **({"where": new.where} if new.where else {}),
        },
        annotator_id=annotator_id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    chances = [entry.drawn / entry.size if entry.size else 0.0 for entry in new.strata]
    rows = [
        {
            "item_key": key,
            "draw_id": row.id,
            "turn": turn,
            "stratum": stratum,
            "probability": chances[stratum],
        }
        for turn, (key, stratum) in enumerate(zip(new.item_keys, new.item_strata, strict=True))
    ]
    session.execute(sa.insert(AuditItemTable), rows)
    return row.id


def _draw(row: AuditDrawTable, annotator: str, items: Sequence[tuple[str, int]]) -> AuditDraw:
    strata: dict[str, Any] = row.strata
    told = zip(strata["names"], strata["sizes"], strata["drawn"], strict=True)
    new = NewDraw(
        design=row.design,
        seed=row.seed,
        pool_hash=row.pool_hash,
        strata=tuple(AuditStratum(str(name), int(size), int(drawn)) for name, size, drawn in told),
        item_keys=tuple(key for key, _ in items),
        item_strata=tuple(stratum for _, stratum in items),
        round_number=row.round_number,
        where=_where(strata),
    )
    return AuditDraw(row.id, new, row.revision, annotator, row.created_at)


def _where(strata: dict[str, Any]) -> str:
    """Return the criterion of a draw: it is kept beside the strata, which are parts of what matches it."""
    return str(strata.get("where", ""))
