"""Pages of labels to check, from the last finished round's out-of-fold predictions: which, what the model says instead.

Nothing here imports torch: the web server reads what the round's cross-validation said of each label it did not see,
and lets `labeling.curation.label_audit` rank them. Its cost grows with the labels, not with the pool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.context import ServerContext
from app.items import Json, class_list, finite, item_view
from app.project import Project
from app.round_files import RoundMeaning, read_meaning, read_unseen
from labeling.annotations import Act, LabelTable, current_labels
from labeling.audits import Audited, audited
from labeling.classes import LabelClass, list_classes
from labeling.curation.label_audit import LabelDoubts, doubt_labels, joint_opinion
from labeling.groups import AUDIT_PREFIX, LastGroup, last_group
from labeling.round_log import latest_round
from models.predictions import OutOfFoldPredictions

AGAIN_MARGIN = 0.5
"""A label that was checked comes again where the model suggests a class it did not suggest then, and its probability
exceeds that of the label by this much."""


@dataclass(frozen=True)
class AuditWish:
    """What a browser asks for.

    Attributes:
        size: items on the page, at most.
        keys: the items to check, doubted or not; None for all labels that the model takes for another class.
        left: keys of items that the person left open on an earlier page.
    """

    size: int = 24
    keys: tuple[str, ...] | None = None
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Doubted:
    """The labels that a page can be made of.

    Attributes:
        meaning: what the round's columns mean.
        unseen: the round's out-of-fold predictions.
        doubts: what they say of the labels, the same order.
    """

    meaning: RoundMeaning
    unseen: OutOfFoldPredictions
    doubts: LabelDoubts


def audit_page(context: ServerContext, wish: AuditWish) -> Json:
    """Return the next page of labels to check, the one most likely wrong first.

    Args:
        context: the running server.
        wish: how many, of which items.

    Returns:
        `state`: "ready", "no_classes", "no_model" (no round with cross-validation of this pool yet), "none_doubted",
        or "all_checked" (of the items asked for); `round`, `classes` (as the label card has them), `labels` (labels
        looked at), `doubted` (of those still to check, how many the model takes for another class), `suspicious` (of
        these, how many it is sure of), `items` (key, row, given and suggested class with their probabilities, view)
        and `undoable`, the last page of checks.
    """
    project = context.project
    with project.database.reading() as session:
        classes = list_classes(session)
        counts = context.counts.read(session)
        latest = latest_round(session)
        table = current_labels(session)
        checked = audited(session)
        undoable = last_group(session, annotator_id=context.annotator_id, prefix=AUDIT_PREFIX)
    answer: Json = {
        "instance": context.instance,
        "project": project.config.project.name,
        "round": latest.number if latest else 0,
        "revision": counts.revision,
        "labels": 0,
        "doubted": 0,
        "suspicious": 0,
        "items": [],
        "classes": class_list(classes, counts.classes),
        "undoable": _told(undoable),
    }
    if not classes:
        return answer | {"state": "no_classes"}
    doubted = _doubted(project, latest.number) if latest else None
    if doubted is None:
        return answer | {"state": "no_model"}
    open_places = _places_to_check(project, doubted, table, classes, checked)
    doubts = doubted.doubts
    answer |= {
        "labels": len(open_places),
        "doubted": int((open_places & doubts.doubted).sum()),
        "suspicious": int((open_places & doubts.suspicious).sum()),
    }
    among = doubts.doubted if wish.keys is None else _among(project, doubted, wish.keys)
    wanted = open_places & among & ~_among(project, doubted, wish.left)
    places = [place for place in doubts.ranked() if wanted[place]][: wish.size]
    if not places:
        return answer | {"state": "none_doubted" if wish.keys is None else "all_checked"}
    return answer | {"state": "ready", "items": [_item(project, doubted, int(place)) for place in places]}


def _told(group: LastGroup | None) -> Json | None:
    return None if group is None else {"group": group.uid, "count": group.count}


def _doubted(project: Project, number: int) -> _Doubted | None:
    """Return what the round says of its labels; None where it says nothing of labels in this pool."""
    meaning = read_meaning(project.paths.rounds, number)
    if meaning is None or meaning.hashes.get("pool") != project.pool.hash:
        return None
    unseen = read_unseen(project.paths.rounds, number)
    if unseen is None or not len(unseen.labels):
        return None
    return _Doubted(
        meaning, unseen, doubt_labels(joint_opinion(unseen.probabilities, unseen.near), unseen.labels)
    )


def _places_to_check(
    project: Project,
    doubted: _Doubted,
    table: LabelTable,
    classes: Sequence[LabelClass],
    checked: Mapping[str, Audited],
) -> npt.NDArray[np.bool_]:
    """Return (m,) bool: labels that stand as the round knew them, of open classes, and need not be left as checked."""
    unseen, doubts = doubted.unseen, doubted.doubts
    ids = np.asarray(doubted.meaning.class_ids, np.int64)
    given, suggested = ids[unseen.labels], ids[doubts.suggested]
    opened = np.isin(ids, [entry.id for entry in classes])
    stands = np.full(project.pool.n, -1, np.int64)
    rows = project.pool.rows(table.item_keys)
    label = (rows >= 0) & np.asarray([act == Act.LABEL for act in table.acts], np.bool_)
    stands[rows[label]] = table.class_ids[label]
    found = (stands[unseen.rows] == given) & opened[unseen.labels] & opened[doubts.suggested]
    place_of = {int(row): place for place, row in enumerate(unseen.rows)}
    check_rows = project.pool.rows(list(checked)) if checked else np.empty(0, np.int64)
    for row, check in zip(check_rows, checked.values(), strict=True):
        place = place_of.get(int(row))
        if place is not None and check.class_id == given[place]:
            again = suggested[place] != (check.suggested_class_id or -1)
            found[place] &= bool(again and doubts.margin[place] <= -AGAIN_MARGIN)
    return found


def _among(project: Project, doubted: _Doubted, keys: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return (m,) bool: labels of some items."""
    if not keys:
        return np.zeros(len(doubted.unseen.rows), np.bool_)
    return np.isin(doubted.unseen.rows, project.pool.rows(list(keys)))


def _item(project: Project, doubted: _Doubted, place: int) -> Json:
    doubts, ids = doubted.doubts, doubted.meaning.class_ids
    row = int(doubted.unseen.rows[place])
    return {
        "key": project.pool.key(row),
        "row": row,
        "given": ids[int(doubted.unseen.labels[place])],
        "given_probability": finite(float(doubts.self_confidence[place])),
        "suggested": ids[int(doubts.suggested[place])],
        "suggested_probability": finite(float(doubts.suggested_confidence[place])),
        **item_view(project.pool, row),
    }
