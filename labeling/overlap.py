"""How many people shall annotate an item, and which items wait for one more of them.

The state is worked out from the annotations, by label revision, and kept up to date by looking only at what is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.current import undone
from labeling.labels import MERGED, revision
from labeling.tables import AnnotationTable

NOT_FROM_THE_QUEUE = ("", "gold", "audit")
"""Kinds of annotations that answer no proposal: a label given elsewhere asks for no second one."""


@dataclass(frozen=True)
class Overlap:
    """How many people shall annotate an item.

    Attributes:
        labels: by how many people an item in the share is annotated; 1 for no overlap.
        share: share of the items that are annotated so often, 0 to 1; the others are annotated once.
        seed: which items are in the share follows from it, on all servers alike.
    """

    labels: int = 1
    share: float = 1.0
    seed: int = 0

    def wanted(self, item_key: str) -> int:
        """Return by how many people an item shall be annotated."""
        if self.labels == 1 or self.share >= 1.0:
            return self.labels
        return self.labels if lot(f"{self.seed}:{item_key}") < self.share else 1


@dataclass(frozen=True)
class Begun:
    """The items that some, but not enough people have annotated, at a label revision.

    Attributes:
        revision: the label revision; 0 and no items is where every project starts.
        voters: who has annotated each of them, by item key, about the first begun first.
    """

    revision: int = 0
    voters: Mapping[str, frozenset[int]] = field(default_factory=dict)


def lot(text: str) -> float:
    """Return a number from 0 to below 1 that a text always draws, spread evenly over different texts."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def update_begun(session: Session, *, known: Begun, overlap: Overlap) -> Begun:
    """Bring the begun items up to date, looking only at those annotated since.

    An item is begun by an answer to a proposal; one that was adjudicated is decided, and waits for nobody.

    Args:
        session: of a transaction that has stored no annotation itself.
        known: of an earlier label revision of the same database and the same overlap; `Begun()` to start.
        overlap: how many people shall annotate an item.
    """
    now = revision(session)
    if now == known.revision:
        return known
    voters = dict(known.voters)
    if known.revision == 0:
        found = _gather(session.execute(_acts()))
        touched = list(found)
    else:
        found = _gather(session.execute(_acts_of_touched(), {"since": known.revision}))
        touched = _touched(session, known.revision, now)
    for key in touched:
        people, begun = found.get(key, (frozenset(), False))
        if begun and len(people) < overlap.wanted(key):
            voters[key] = people
        else:
            voters.pop(key, None)
    return Begun(now, voters)


def _gather(rows: Iterable[Any]) -> dict[str, tuple[frozenset[int], bool]]:
    """Return who has annotated each item, and whether it is begun and not decided."""
    people: dict[str, set[int]] = {}
    queued: set[str] = set()
    decided: set[str] = set()
    for key, annotator_id, act, kind in rows:
        people.setdefault(key, set()).add(annotator_id)
        if act == "adjudicate":
            decided.add(key)
        if kind not in NOT_FROM_THE_QUEUE:
            queued.add(key)
    return {key: (frozenset(found), key in queued and key not in decided) for key, found in people.items()}


def _touched(session: Session, since: int, until: int) -> list[str]:
    statement = sa.select(AnnotationTable.item_key).where(
        AnnotationTable.id > since, AnnotationTable.id <= until
    )
    return list(dict.fromkeys(session.execute(statement.order_by(AnnotationTable.id)).scalars()))


@cache
def _acts() -> sa.Select[*tuple[Any, ...]]:
    statement: sa.Select[*tuple[Any, ...]] = sa.select(
        AnnotationTable.item_key, AnnotationTable.annotator_id, AnnotationTable.act, AnnotationTable.kind
    )
    # Who merges two classes has looked at none of their items.
    return statement.where(
        AnnotationTable.act != "undo", AnnotationTable.strategy != MERGED, ~undone(AnnotationTable.id)
    ).order_by(AnnotationTable.id)


@cache
def _acts_of_touched() -> sa.Select[*tuple[Any, ...]]:
    touched = sa.select(AnnotationTable.item_key).where(
        AnnotationTable.id > sa.bindparam("since", type_=sa.Integer)
    )
    return _acts().where(AnnotationTable.item_key.in_(touched))
