"""What a selection will hold, and how it is divided; nothing is written here, so a page can say it beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from labeling.curation.balance import Selection, balanced_selection
from labeling.curation.splits import Split, split_items
from labeling.exports.contract import CURATION_COLUMNS, ExportBundle, training_labels


@dataclass(frozen=True)
class SelectionPlan:
    """What a selection will hold. m items.

    Attributes:
        selection: which items, and what each class had, should, and gave.
        items: (m rows) `item_key`, `row`, `class_name`; where known `group`; where asked for `split`.
        together: (m,) int64; items with the same number belong together, −1 for one that is alone.
        split: how the items are divided; None where they are not.
    """

    selection: Selection
    items: pd.DataFrame
    together: npt.NDArray[np.int64]
    split: Split | None


def plan_selection(bundle: ExportBundle) -> SelectionPlan:
    """Choose the items of a selection and divide them; nothing is written.

    Args:
        bundle: what to choose from; its seed decides all chance.

    Raises:
        SelectionError: no selection can be made with these targets or numbers.
        SplitError: the chosen items cannot be divided into the splits asked for.
    """
    labels = _with_curation(bundle)
    generator = np.random.default_rng(bundle.seed)
    if bundle.balanced:
        chosen = balanced_selection(
            labels,
            targets=dict(bundle.targets) or None,
            budget=bundle.budget,
            counts=dict(bundle.counts) or None,
            generator=generator,
        )
    else:
        chosen = _everything(labels)
    kept = labels.set_index("item_key").loc[list(chosen.item_keys)].reset_index()
    items = kept[["item_key", "row", "class_name"]].copy()
    together = np.full(len(kept), -1, np.int64)
    if "together" in kept:
        together = kept["together"].fillna(-1).to_numpy(np.int64)
    if "group" in kept and kept["group"].notna().any():
        items["group"] = kept["group"].astype(object).where(kept["group"].notna(), None)
    split = None
    if bundle.splits:
        split = split_items(kept["class_name"].tolist(), together, shares=bundle.splits, generator=generator)
        items["split"] = np.asarray(split.names, dtype=object)[split.parts]
    return SelectionPlan(chosen, items, together, split)


def _with_curation(bundle: ExportBundle) -> pd.DataFrame:
    """Return the labels that may be trained on, with the columns of `CURATION_COLUMNS` that the bundle has."""
    labels = training_labels(bundle)
    extra = bundle.labels.set_index("item_key").reindex(
        columns=[name for name in CURATION_COLUMNS if name in bundle.labels]
    )
    return labels.join(extra, on="item_key").reset_index(drop=True)


def _everything(labels: pd.DataFrame) -> Selection:
    counts = labels["class_name"].value_counts().sort_index()
    numbers = counts.to_numpy(np.int64)
    table = pd.DataFrame(
        {
            "class_name": counts.index.astype(object),
            "available": numbers,
            "wanted": numbers,
            "taken": numbers,
            "short": np.zeros(len(numbers), np.int64),
        }
    )
    return Selection(tuple(labels["item_key"].sort_values()), table)
