"""Vectors and classes as arrays for scikit-learn, without pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from labeling.exports.contract import ExportBundle, Written
from labeling.exports.errors import ExportBundleError
from labeling.exports.items import labelled_items


def write_npz(bundle: ExportBundle, folder: Path) -> Written:
    """Write `labels.npz`, a row for each item with a class, in the order of their keys. m items, k classes.

    `X` (m, d) float32 vectors; `y` (m,) int64, the index in `class_names`; `class_names` (k,) texts, those without
    labels too; `item_keys` (m,) texts; `rows` (m,) int64, the rows in the pool;
    `label_source` (m,) texts, `model` where a prediction was added as a label, with its `probability` (m,) float64.

    Args:
        bundle: what to write; with vectors.
        folder: an empty folder.

    Returns:
        The file; items without a vector are left out.

    Raises:
        ExportBundleError: the bundle has no vectors, or too few of them.
    """
    if bundle.vectors is None:
        raise ExportBundleError("the bundle has no vectors; give it the project's")
    items = labelled_items(bundle)
    if len(items.rows) and int(items.rows.max()) >= len(bundle.vectors):
        raise ExportBundleError(
            f"an item is row {items.rows.max()} of the pool and there are {len(bundle.vectors)} vectors; "
            "make them again"
        )
    path = folder / "labels.npz"
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            X=np.asarray(bundle.vectors[items.rows], dtype=np.float32),
            y=items.classes,
            class_names=np.asarray(items.class_names, dtype=np.str_),
            item_keys=np.asarray(items.keys, dtype=np.str_),
            rows=items.rows,
            label_source=np.asarray(items.sources, dtype=np.str_),
            probability=items.probabilities,
        )
    return Written((path,), items.left_out)
