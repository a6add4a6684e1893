"""A class-balanced selection of the labelled items."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from labeling.curation.balance import balanced_selection
from labeling.exports.contract import ExportBundle, Written, training_labels
from labeling.exports.csv import write_table


def write_selection(bundle: ExportBundle, folder: Path) -> Written:
    """Write `selection.csv` (item_key, row, class_name) and `balance.csv` (what each class had, should, and gave).

    Only items with a class take part, and none of the audit set. The bundle's seed decides which of them.

    Args:
        bundle: what to choose from.
        folder: an empty folder.

    Returns:
        The files.
    """
    labels = training_labels(bundle)
    chosen = balanced_selection(
        labels,
        targets=dict(bundle.targets) or None,
        budget=bundle.budget,
        generator=np.random.default_rng(bundle.seed),
    )
    picked = labels.set_index("item_key").loc[list(chosen.item_keys), ["row", "class_name"]].reset_index()
    return Written(
        (write_table(picked, folder / "selection.csv"), write_table(chosen.table, folder / "balance.csv"))
    )
