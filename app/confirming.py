"""Pages to confirm, from the last finished round's predictions: which class, which items, what to show.

Nothing here imports torch: the web server reads the round's files, takes the class's likeliest open items, and lets
`strategies.confirm` put the page together. Its cost grows with the pool by one column of the predictions.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from app.context import ServerContext
from app.items import Json, class_list, finite, item_view
from app.project import Project
from app.round_files import RoundArrays, RoundMeaning, read_arrays, read_meaning
from app.targets import target_shares
from labeling.annotations import Act, LabelTable, current_labels
from labeling.audit_set import audit_keys
from labeling.classes import LabelClass, list_classes
from labeling.groups import LastGroup, last_group
from labeling.round_log import latest_round
from models.vectors import open_vectors
from strategies.confirm import Page, choose_page
from strategies.contract import BoolArray, IntArray, PoolState
from strategies.ranking import best_first

CANDIDATES = 2_048
"""The class's likeliest open items, among which its page is put together."""
LABELS_SHOWN = 64
"""Labels of each class that the page's choice is told of; more would not change it."""
FEWEST_LIKELY = 4
"""A class with fewer likely items is not chosen by itself while another has as many."""


@dataclass(frozen=True)
class PageWish:
    """What a browser asks for.

    Attributes:
        class_id: the class; None for the one that lacks most.
        size: items on the page, at most.
        refused: by class id, the keys of items that the person took out of an earlier page of that class.
    """

    class_id: int | None = None
    size: int = 24
    refused: Mapping[int, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Scene:
    """The pool as the last round left it and people labelled it since. n items, k classes of the round.

    Attributes:
        meaning: what the round's arrays mean.
        arrays: the round's arrays.
        labels: (n,) int64; column of each item's class, -1 where it has none or one that the round did not know.
        closed: (n,) bool; True where anything was said of the item, it cannot be read, or is in the audit set.
    """

    meaning: RoundMeaning
    arrays: RoundArrays
    labels: IntArray
    closed: BoolArray


def confirm_page(context: ServerContext, wish: PageWish) -> Json:
    """Return the next page to confirm.

    Args:
        context: the running server.
        wish: which class, how many items, what was refused.

    Returns:
        `state`: "ready", "no_classes", "no_model" (no round trained one yet), "unknown_class" (added since the last
        round, or without a label and unknown by its name) or "none_likely"; `round`, `class_id`, `reason`, `classes`
        (as the label card has them, with `likely`: open items thought to be of the class), `items` (key, row,
        probability, view) and `undoable`, the last confirmed page.
    """
    project = context.project
    with project.database.reading() as session:
        classes = list_classes(session)
        counts = context.counts.read(session)
        latest = latest_round(session)
        table = current_labels(session)
        held = audit_keys(session)
        undoable = last_group(session, annotator_id=context.annotator_id)
    answer: Json = {
        "instance": context.instance,
        "project": project.config.project.name,
        "round": latest.number if latest else 0,
        "revision": counts.revision,
        "class_id": None,
        "reason": "",
        "items": [],
        "undoable": _told(undoable),
    }
    scene = _scene(project, latest.number, table, held) if latest else None
    likely = _likely_counts(scene, classes) if scene else {}
    listed = class_list(classes, counts.classes)
    answer["classes"] = [entry | {"likely": likely.get(entry["id"], 0)} for entry in listed]
    if not classes:
        return answer | {"state": "no_classes"}
    known = _known_to_model(scene, counts.classes) if scene else set()
    listed_ids = {entry.id for entry in classes}
    wanted = (
        wish.class_id
        if wish.class_id in listed_ids
        else _most_lacking(classes, counts.classes, likely, known)
    )
    answer["class_id"] = wanted
    if scene is None:
        return answer | {"state": "no_model"}
    if wanted not in scene.meaning.class_ids or wanted not in known:
        return answer | {"state": "unknown_class"}
    column = scene.meaning.class_ids.index(wanted)
    found = _page(project, scene, column, wish)
    if found is None:
        return answer | {"state": "none_likely"}
    page, rows = found
    keys = project.pool.keys(rows)
    items = [
        {
            "key": key,
            "row": int(row),
            "probability": finite(float(share)),
            **item_view(project.pool, int(row)),
        }
        for key, row, share in zip(keys, rows, page.probabilities, strict=True)
    ]
    return answer | {"state": "ready", "reason": page.reason, "items": items}


def _told(group: LastGroup | None) -> Json | None:
    if group is None:
        return None
    return {"group": group.uid, "class_id": group.class_id, "count": group.count}


def _scene(project: Project, number: int, table: LabelTable, held: Sequence[str]) -> _Scene | None:
    """Return the pool with the round's answer; None where the round has none for this pool."""
    meaning = read_meaning(project.paths.rounds, number)
    if meaning is None or meaning.hashes.get("pool") != project.pool.hash:
        return None
    arrays = read_arrays(project.paths.rounds, number)
    if arrays is None:
        return None
    column = {class_id: place for place, class_id in enumerate(meaning.class_ids)}
    rows = project.pool.rows(table.item_keys)
    given = np.asarray(
        [
            column.get(int(class_id), -1) if act in (Act.LABEL, Act.ADJUDICATE) else -1
            for act, class_id in zip(table.acts, table.class_ids, strict=True)
        ],
        np.int64,
    )
    inside = rows >= 0
    closed = ~np.asarray(project.pool.readable, dtype=np.bool_)
    labels = np.full(project.pool.n, -1, np.int64)
    closed[rows[inside]] = True
    labels[rows[inside]] = given[inside]
    held_rows = project.pool.rows(held)
    # Held out: neither shown nor learned from.
    closed[held_rows[held_rows >= 0]] = True
    labels[held_rows[held_rows >= 0]] = -1
    return _Scene(meaning, arrays, labels, closed)


def _likely_counts(scene: _Scene, classes: Sequence[LabelClass]) -> dict[int, int]:
    """Return how many open items the round takes for each class, by class id."""
    predicted = np.asarray(scene.arrays.predicted)[~scene.closed]
    counts = np.bincount(predicted[predicted >= 0], minlength=len(scene.meaning.class_ids))
    by_id = dict(zip(scene.meaning.class_ids, counts.tolist(), strict=True))
    return {entry.id: int(by_id.get(entry.id, 0)) for entry in classes}


def _known_to_model(scene: _Scene, counts: Mapping[int, int]) -> set[int]:
    """Return the classes that a page can be of: those with labels now, and those the round knew by their name."""
    named = {
        label_class
        for label_class, share in zip(scene.meaning.class_ids, scene.meaning.prior, strict=False)
        if share > 0
    }
    return named | {label_class for label_class, count in counts.items() if count}


def _most_lacking(
    classes: Sequence[LabelClass],
    counts: Mapping[int, int],
    likely: Mapping[int, int],
    known: Container[int],
) -> int:
    """Return the class with the fewest labels for its target, of those the model knows and that have likely items."""
    shares = target_shares(classes)

    def order(place: int) -> tuple[bool, bool, float]:
        entry = classes[place]
        filled = counts.get(entry.id, 0) / max(float(shares[place]), 1e-9)
        return (entry.id not in known, likely.get(entry.id, 0) < FEWEST_LIKELY, filled)

    return classes[min(range(len(classes)), key=order)].id


def _page(project: Project, scene: _Scene, column: int, wish: PageWish) -> tuple[Page, list[int]] | None:
    """Return the page and its rows in the pool; None where no open item may be of the class."""
    chances = np.asarray(scene.arrays.probabilities[:, column], np.float32)
    open_rows = np.flatnonzero(~scene.closed)
    # The same page for the same round and labels: what a person saw before a reload comes again.
    generator = np.random.default_rng([scene.meaning.number, column, int(scene.closed.sum())])
    best = open_rows[best_first(chances[open_rows], CANDIDATES, generator)]
    rows = np.sort(np.concatenate([best, _some_labelled(scene)]))
    state = _part(project, scene, rows)
    refused = _refused(project, scene, rows, wish.refused)
    page = choose_page(state, generator, size=wish.size, refused=refused, class_index=column)
    if page is None:
        return None
    return page, [int(row) for row in rows[page.rows]]


def _some_labelled(scene: _Scene) -> IntArray:
    """Return up to LABELS_SHOWN labelled rows of each class, so that the choice knows which classes lack labels."""
    parts = [
        np.flatnonzero(scene.labels == place)[:LABELS_SHOWN] for place in range(len(scene.meaning.class_ids))
    ]
    return np.concatenate(parts).astype(np.int64) if parts else np.empty(0, np.int64)


def _part(project: Project, scene: _Scene, rows: IntArray) -> PoolState:
    """Return the state of some rows alone, under the contract of the strategies."""
    vectors = open_vectors(
        project.paths.vectors, expected_rows=project.pool.n, pool_hash=project.pool.hash
    ).array
    # Stored as float16, a row's shares add up to nearly 1.
    shares = _normalised(np.asarray(scene.arrays.probabilities[rows], np.float32))
    prior = np.asarray(scene.meaning.prior, np.float32)
    count = len(scene.meaning.class_ids)
    balanced = _normalised(shares / np.maximum(prior, np.float32(1e-6))) if prior.size == count else shares
    return PoolState(
        vectors=np.asarray(vectors[rows]),
        labels=scene.labels[rows],
        closed=scene.closed[rows],
        class_names=scene.meaning.class_names,
        targets=np.full(count, 1.0 / max(count, 1), np.float32),
        probabilities=shares,
        balanced_probabilities=balanced,
        disagreement=np.zeros(rows.size, np.float32),
        prior=prior if prior.size == count else shares.mean(axis=0),
    )


def _normalised(shares: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    total = shares.sum(axis=1, keepdims=True)
    even = np.float32(1.0 / max(shares.shape[1], 1))
    return np.where(total > 0, shares / np.maximum(total, 1e-12), even).astype(np.float32)


def _refused(
    project: Project, scene: _Scene, rows: IntArray, refused: Mapping[int, Sequence[str]]
) -> BoolArray:
    """Return (m, k) bool: True where the person took one of the rows out of a page of the class."""
    found = np.zeros((rows.size, len(scene.meaning.class_ids)), np.bool_)
    for column, class_id in enumerate(scene.meaning.class_ids):
        keys = refused.get(class_id)
        if keys:
            found[np.isin(rows, project.pool.rows(list(keys))), column] = True
    return found
