"""What is wrong with a pool, and what belongs together in it: duplicates, outliers, unreadable items; free of torch.

Everything is computed from the vectors and the pool's snapshot, never from the hidden truth. Vectors are searched in
cells (`models.near_rows`), contents hashed a block at a time, so that memory is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.curation_columns import pool_vectors
from app.exporting import labels_frame
from app.project import Project
from labeling.curation.duplicates import content_hashes, equal_groups
from labeling.curation.groups import join_groups
from models.near_duplicates import NearDuplicates, near_duplicates
from models.neighbourhoods import NEIGHBOURS, find_neighbourhoods
from models.outliers import FAR, class_far_scores, far_scores

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Curated:
    """What was found in a pool.

    Attributes:
        n: items of the pool.
        duplicates: a row for each item of a set of duplicates, set by set: `set` (from 1), `kind` ("exact" where a
            model reads the same of it as of another of the set, else "near"), `item_key`, `row`, `distance` to the
            nearest other of the set, `class_name` (missing without a label), `conflict` (whether labels of the set
            differ).
        outliers: a row for each outlier, the farthest first: `scope` ("pool", or "class" for one that is far from the
            others of its class), `item_key`, `row`, `class_name`, `score`, `distance` (to the k-th neighbour in the
            pool).
        unreadable: `item_key`, `row`, `problem`.
        ratio: how near counts as a near-duplicate, as a share of the distance to the 10th neighbour.
    """

    n: int
    duplicates: pd.DataFrame
    outliers: pd.DataFrame
    unreadable: pd.DataFrame
    ratio: float


def curate_pool(project: Project, *, ratio: float | None = None) -> Curated:
    """Look for duplicates, outliers and unreadable items.

    Args:
        project: the opened project.
        ratio: how near counts as a near-duplicate, as a share of the distance to the 10th neighbour; None to choose it
            from the distances.

    Raises:
        VectorsError: there are no vectors of this pool; a round makes them.
        ValueError: the ratio is not between 0 and 1.
    """
    pool = project.pool
    readable = np.asarray(pool.readable)
    rows = np.flatnonzero(readable)
    vectors = pool_vectors(project, rows)
    neighbours = find_neighbourhoods(vectors, seed=project.config.project.seed)
    near = near_duplicates(neighbours, ratio=ratio)
    exact = equal_groups(content_hashes(pool), readable)[rows]
    labels = _class_names(project)
    return Curated(
        n=pool.n,
        duplicates=_duplicate_table(project, rows, exact, near, labels),
        outliers=_outlier_table(project, rows, vectors, neighbours.farthest, labels),
        unreadable=_unreadable_table(project),
        ratio=near.ratio,
    )


def _class_names(project: Project) -> npt.NDArray[np.object_]:
    """Return (n,) the class name of each item's label, None without one."""
    labels = labels_frame(project)
    labels = labels[labels["row"].notna() & labels["class_name"].notna()]
    names = np.full(project.pool.n, None, dtype=object)
    names[labels["row"].to_numpy(np.int64)] = labels["class_name"].to_numpy(object)
    return names


def _duplicate_table(
    project: Project,
    rows: IntArray,
    exact: IntArray,
    near: NearDuplicates,
    labels: npt.NDArray[np.object_],
) -> pd.DataFrame:
    """Return the sets, those with most items first; an item's copies and likenesses are one set."""
    joined = join_groups(exact, near.groups)
    sizes = np.bincount(joined, minlength=1)
    places = np.flatnonzero(sizes[joined] > 1) if len(joined) else np.empty(0, np.int64)
    places = places[np.lexsort((places, joined[places], -sizes[joined[places]]))]
    sets = pd.factorize(joined[places])[0] + 1
    table = pd.DataFrame(
        {
            "set": sets,
            "kind": np.where(exact[places] >= 0, "exact", "near"),
            "item_key": project.pool.keys(rows[places]),
            "row": rows[places],
            "distance": np.where(exact[places] >= 0, 0, near.distances[places]),
            "class_name": labels[rows[places]],
        }
    )
    table["conflict"] = table.groupby("set")["class_name"].transform("nunique") > 1
    return table


def _outlier_table(
    project: Project,
    rows: IntArray,
    vectors: FloatArray,
    distances: FloatArray,
    labels: npt.NDArray[np.object_],
) -> pd.DataFrame:
    scores = far_scores(distances)
    labelled = np.flatnonzero(labels[rows] != None)  # noqa: E711 - elementwise
    codes = pd.factorize(labels[rows[labelled]], sort=True)[0].astype(np.int64)
    within = class_far_scores(np.asarray(vectors[labelled]), codes, seed=project.config.project.seed)
    parts = [("pool", np.arange(len(rows)), scores), ("class", labelled, within)]
    tables = []
    for scope, places, found in parts:
        far = np.flatnonzero(found >= FAR)
        far = far[np.argsort(-found[far], kind="stable")]
        chosen = places[far]
        tables.append(
            pd.DataFrame(
                {
                    "scope": np.full(len(far), scope, dtype=object),
                    "item_key": project.pool.keys(rows[chosen]),
                    "row": rows[chosen],
                    "class_name": labels[rows[chosen]],
                    "score": found[far].round(2),
                    "distance": distances[chosen],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _unreadable_table(project: Project) -> pd.DataFrame:
    rows = np.flatnonzero(~np.asarray(project.pool.readable))
    return pd.DataFrame(
        {"item_key": project.pool.keys(rows), "row": rows, "problem": project.pool.problems(rows)}
    )


NEIGHBOUR_WORDS = f"the distance to their {NEIGHBOURS}th neighbour"
"""What near-duplicates are measured by, in words."""
