"""What an export is given, and what it does with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from labeling.exports.errors import ExportBundleError
from labeling.pools.pool import Pool

if TYPE_CHECKING:
    from labeling.exports.auto_labels import AutoLabels

LABEL_COLUMNS = (
    "item_key",
    "row",
    "class_name",
    "act",
    "annotator",
    "labelled_at",
    "round",
    "strategy",
    "kind",
)
"""The columns of `ExportBundle.labels`, in the order in which they are written."""

VOTE_COLUMNS = ("votes", "agreement", "consensus", "confidence", "audit_set", "label_source", "probability")
"""Columns that follow them: how many people labelled the item, and, where several did, the share of pairs of them that
agree, the class their votes add up to, and how probable it is; and whether the item is of the audit set, which nothing
is to be trained on; and where the label comes from, PERSON or AUTO, and of the latter how probable the model finds it.
A bundle may lack them; they are always written."""

PERSON, AUTO = "person", "model"
"""Where a label comes from: `AUTO` are predictions that somebody asked to have exported as labels."""

CURATION_COLUMNS = ("group", "together", "subclass", "confirmed")
"""Columns that a selection uses where a bundle has them, and no other export writes: the name of the item's group, the
number of what it belongs together with (its group and its near-duplicates), what it looks like within its class, and
whether its label was confirmed by a second look."""


@dataclass(frozen=True)
class TeamFacts:
    """What several people did together, for the manifest.

    Attributes:
        votes: how many items each annotator labelled, by name; in overlap several people count the same item.
        method: the method of consensus.
        items: items with two votes or more.
        alpha: Krippendorff's alpha over these; None where it cannot be told.
    """

    votes: Mapping[str, int]
    method: str
    items: int
    alpha: float | None


@dataclass(frozen=True)
class TrainedModel:
    """The model of a round, as it can be written. What a head is, `labeling/` does not know: these functions do.

    Attributes:
        round_number: the round that trained it.
        head: the kind of head.
        class_names: k names in the order of its probabilities.
        dimensions: length of the vectors it reads.
        write_weights: writes files for numpy into an empty folder and returns them.
        write_onnx: writes a graph to a path and returns the path.
    """

    round_number: int
    head: str
    class_names: tuple[str, ...]
    dimensions: int
    write_weights: Callable[[Path], tuple[Path, ...]]
    write_onnx: Callable[[Path], Path]


@dataclass(frozen=True)
class ExportBundle:
    """All that an export may write: the labels, and what tells how they came to be.

    Attributes:
        project: name of the project.
        config_hash: hash of its configuration.
        pool_hash: content hash of the pool; vectors_hash that of the vectors.
        vectors_hash: "" while there are none.
        revision: the label revision that was exported.
        round_number: the last finished round, 0 before the first.
        labels: a row for each item with a current annotation: `item_key`, `row` (Int64; missing where the pool has
            no such item any more), `class_name` (missing unless the act gives a class), `act`, `annotator`,
            `labelled_at` (UTC), `round` (Int64; missing where no round proposed it), `strategy`, `kind`; and,
            where they are known, the columns of `VOTE_COLUMNS`, and those of `CURATION_COLUMNS`.
        classes: a row for each class, at least with `class_name`, in the project's order.
        licence: terms of the labels, as the person wrote them.
        created_at: when the export was asked for, UTC.
        targets: the wanted weight of each class; empty for equal shares.
        seed: decides the random choices of a selection.
        budget: at most so many items in a selection, None for no limit.
        counts: how many items of each class a selection shall have, in place of targets; empty for targets.
        balanced: whether a selection is drawn at all; False takes every labelled item.
        splits: the weight of each split by name; empty for a selection that is not divided.
        team: what several people did together; None where one person labelled.
        pool: the items themselves, for exports that hold them; its rows are those of `labels`. None where the bundle
            has the labels alone.
        vectors: (n, d) float32, a memory map; row i is the pool's row i, zeros where the item is unreadable.
        model: what the last round trained; None before the first such round.
        figures: what the audit set and cross-validation say of the model, as JSON has it; empty where nothing is said.
        auto: what is said of predictions that were added as labels; None where none were.
    """

    project: str
    config_hash: str
    pool_hash: str
    vectors_hash: str
    revision: int
    round_number: int
    labels: pd.DataFrame
    classes: pd.DataFrame
    created_at: datetime
    licence: str = ""
    targets: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    budget: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    balanced: bool = True
    splits: Mapping[str, float] = field(default_factory=dict)
    team: TeamFacts | None = None
    pool: Pool | None = None
    vectors: npt.NDArray[np.float32] | None = None
    model: TrainedModel | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    auto: AutoLabels | None = None


@dataclass(frozen=True)
class Written:
    """What an export wrote.

    Attributes:
        files: its files.
        left_out: item key → why, for items with a label that could not be written: gone from the pool, unreadable.
    """

    files: tuple[Path, ...]
    left_out: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


Write = Callable[[ExportBundle, Path], Written]
"""Writes its files into a folder, under names that no other export uses; the same bundle gives the same bytes."""


def check_bundle(bundle: ExportBundle) -> None:
    """Check what every export relies on.

    Raises:
        ExportBundleError: a column is missing, an item occurs twice, a label names a class that is not in the
            table, or `created_at` has no time zone.
    """
    problems = [f"the labels have no column {name!r}" for name in LABEL_COLUMNS if name not in bundle.labels]
    if "class_name" not in bundle.classes:
        problems.append("the classes have no column 'class_name'")
    if not problems:
        unknown = sorted(set(bundle.labels["class_name"].dropna()) - set(bundle.classes["class_name"]))
        if unknown:
            problems.append(f"labels name classes that are not in the table: {', '.join(map(repr, unknown))}")
        if bundle.labels["item_key"].duplicated().any():
            twice = bundle.labels.loc[bundle.labels["item_key"].duplicated(), "item_key"].iloc[0]
            problems.append(f"item {twice!r} occurs twice among the labels")
    if bundle.created_at.tzinfo is None:
        problems.append("created_at has no time zone; give UTC")
    if problems:
        raise ExportBundleError("nothing was exported: " + "; ".join(problems))


def plain_labels(bundle: ExportBundle) -> pd.DataFrame:
    """Return the labels as they are written: the columns in their order, rows in the order of item keys.

    Predictions that were added as labels are among them; `label_source` tells them apart.

    Strings are missing (None) rather than empty; `row`, `round` and `votes` are Int64, `agreement`, `confidence` and
    `probability` Float64; `audit_set` is bool, False where the bundle does not say; `labelled_at` is UTC, in
    microseconds.
    """
    labels = bundle.labels.reindex(columns=[*LABEL_COLUMNS, *VOTE_COLUMNS]).sort_values(
        "item_key", kind="stable", ignore_index=True
    )
    labels = with_types(labels)
    labels["labelled_at"] = pd.to_datetime(labels["labelled_at"], utc=True).dt.as_unit("us")
    return labels


def training_labels(bundle: ExportBundle) -> pd.DataFrame:
    """Return what may be trained on: `plain_labels` with a class that people gave, without the audit set."""
    labels = plain_labels(bundle)
    return labels[labels["class_name"].notna() & ~labels["audit_set"] & (labels["label_source"] == PERSON)]


def with_types(labels: pd.DataFrame) -> pd.DataFrame:
    """Return labels with the types of `plain_labels`, `labelled_at` as it is."""
    labels = labels.copy()
    for name in ("item_key", "class_name", "act", "annotator", "strategy", "kind", "consensus"):
        labels[name] = labels[name].astype(object).where(labels[name].notna(), None)
    for name in ("row", "round", "votes"):
        labels[name] = labels[name].astype("Int64")
    for name in ("agreement", "confidence", "probability"):
        labels[name] = labels[name].astype("Float64")
    labels["label_source"] = [AUTO if value == AUTO else PERSON for value in labels["label_source"].tolist()]
    labels["audit_set"] = [value is True or value == "True" for value in labels["audit_set"].tolist()]
    return labels
