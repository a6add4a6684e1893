"""What an item is to be compared with: the labelled items most like it, one for each class."""

from __future__ import annotations

import numpy as np

from app.context import ServerContext
from app.errors import RequestError
from app.items import Json, item_view
from app.selecting import spread_rows
from labeling.audit_set import audit_keys_among
from labeling.classes import list_classes
from models.vectors import open_vectors

CLASSES_SHOWN = 3
MOST_LABELLED = 20_000
"""Of more labelled items evenly spaced ones are looked at."""


def nearest_labelled(context: ServerContext, key: str) -> Json:
    """Return, for the classes nearest to an item, the labelled item of each that is most like it.

    Args:
        context: the running server.
        key: of the item.

    Returns:
        `items`, the nearest first, as many as CLASSES_SHOWN: `key`, `row`, `class_id`, `name` and `colour` of its
        class, `view`, `extra`. None where nothing is labelled, the item cannot be read, or is in the audit set.

    Raises:
        RequestError: the pool has no such item.
    """
    project = context.project
    row = project.pool.row(key)
    if row is None:
        raise RequestError(f"the pool has no item {key[:80]!r}; it may have changed, reload the page")
    with project.database.reading() as session:
        if audit_keys_among(session, [key]):
            # The audit set is labelled blind.
            return {"items": []}
        labels = context.labelled.read(session)
        classes = {entry.id: entry for entry in list_classes(session)}
    rows = np.flatnonzero(np.isin(labels, list(classes)))
    rows = spread_rows(rows[rows != row], MOST_LABELLED)
    vectors = open_vectors(
        project.paths.vectors, expected_rows=project.pool.n, pool_hash=project.pool.hash
    ).array
    wanted = np.asarray(vectors[row], np.float32)
    items: list[Json] = []
    if not len(rows) or not wanted.any():
        return {"items": items}
    distances = np.square(np.asarray(vectors[rows], np.float32) - wanted).sum(axis=1)
    shown: set[int] = set()
    for place in np.argsort(distances, kind="stable"):
        entry = classes[int(labels[rows[place]])]
        if entry.id in shown:
            continue
        shown.add(entry.id)
        found = int(rows[place])
        told = {"class_id": entry.id, "name": entry.name, "colour": entry.colour or ""}
        items.append({"key": project.pool.key(found), "row": found, **told, **item_view(project.pool, found)})
        if len(items) == CLASSES_SHOWN:
            break
    return {"items": items}
