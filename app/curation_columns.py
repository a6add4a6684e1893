"""What a selection needs to know of labelled items: what belongs together, looks alike, was looked at twice.

Free of torch, so that the Export page can ask for it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.project import Project
from labeling.annotations import Act
from labeling.audits import audited
from labeling.classes import list_classes
from labeling.curation.groups import column_groups, join_groups
from models.near_duplicates import near_duplicates
from models.neighbourhoods import find_neighbourhoods
from models.subclasses import subclasses
from models.vectors import open_vectors


def curation_columns(project: Project, labels: pd.DataFrame, *, together: bool) -> pd.DataFrame:
    """Return what a selection needs to know of labelled items (`labeling.exports.contract.CURATION_COLUMNS`).

    Args:
        project: the opened project.
        labels: as `app.exporting.export_bundle` has them, with their votes.
        together: whether to look for what belongs together, which only a division asks for: of 100,000 items it takes
            longer than all else.

    Returns:
        The labels with `group`, `together`, `subclass` and `confirmed`; what the pool does not have is alone.

    Raises:
        GroupColumnError: `pool.group` names a column that the snapshot does not have.
        VectorsError: there are no vectors of this pool.
    """
    labels = labels.reset_index(drop=True)
    places = np.flatnonzero(labels["row"].notna() & labels["class_name"].notna())
    rows = labels["row"].iloc[places].to_numpy(np.int64)
    seed = project.config.project.seed
    vectors = pool_vectors(project, rows)
    group = np.full(len(labels), None, dtype=object)
    parts = [_near_groups(project, vectors, rows)] if together else []
    if project.config.pool.group is not None:
        codes, names = column_groups(project.pool, project.config.pool.group, rows)
        group[places] = np.asarray([*names, None], dtype=object)[codes]
        parts.append(codes)
    codes = pd.factorize(labels["class_name"].iloc[places], sort=True)[0].astype(np.int64)
    joined, subclass = np.full(len(labels), -1, np.int64), np.zeros(len(labels), np.int64)
    if parts:
        joined[places] = join_groups(*parts)
    subclass[places] = subclasses(vectors, codes, seed=seed)
    confirmed = _confirmed(project, labels)
    return labels.assign(group=group, together=joined, subclass=subclass, confirmed=confirmed)


def _near_groups(
    project: Project, vectors: npt.NDArray[np.float32], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    near = near_duplicates(find_neighbourhoods(vectors, seed=project.config.project.seed)).groups
    # An item that cannot be read has a vector of zeros, and so would be a copy of any other such.
    near[~np.asarray(project.pool.readable)[rows]] = -1
    return near


def pool_vectors(project: Project, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return (m, d) float32: the vectors of some rows of the pool; of all of them in order the memory map itself.

    Raises:
        VectorsError: there are no vectors of this pool.
    """
    pool = project.pool
    vectors = open_vectors(project.paths.vectors, expected_rows=pool.n, pool_hash=pool.hash).array
    return vectors if len(rows) == pool.n and bool((np.diff(rows) == 1).all()) else vectors[rows]


def _confirmed(project: Project, labels: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return (m,) whether a second look confirmed each label: checked, adjudicated, or several people of one mind."""
    with project.database.reading() as session:
        names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
        checked = {key: names.get(entry.class_id) for key, entry in audited(session).items()}
    seen = labels["item_key"].map(checked) == labels["class_name"]
    agreed = (labels["votes"].fillna(0) >= 2) & (labels["agreement"].fillna(0) >= 1)
    return np.asarray(seen | agreed | (labels["act"] == str(Act.ADJUDICATE)), np.bool_)
