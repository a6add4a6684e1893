"""Two rounds side by side: what the model gained and lost, in all and by class, and how many items changed class."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.round_files import RoundMeaning, read_arrays, read_meaning, read_unseen_labels
from labeling.round_log import RoundRow
from models.quality import Estimate, QualityReport

CHUNK_ROWS = 1 << 20


@dataclass(frozen=True)
class Change:
    """How a figure differs between two rounds.

    Attributes:
        before: in the earlier round; None where it could not be measured.
        after: in the later one; None likewise.
        difference: later less earlier, with a 95 % interval; None where either is missing. The interval takes the two
            for independent; they share labels, so that it is rather too wide.
    """

    before: Estimate | None
    after: Estimate | None
    difference: Estimate | None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.difference is not None and (self.difference.low > 0 or self.difference.high < 0)


@dataclass(frozen=True)
class ClassChange:
    """How one class fared.

    Attributes:
        name: the class.
        labels_before: labels of it in the earlier round; 0 where that did not know it.
        labels_after: likewise in the later one.
        f1: the change of its F1.
    """

    name: str
    labels_before: int
    labels_after: int
    f1: Change


@dataclass(frozen=True)
class Comparison:
    """Two rounds side by side.

    Attributes:
        before: number of the earlier round.
        after: number of the later one.
        labels_before: labels the earlier one used.
        labels_after: labels the later one used.
        balanced_accuracy: its change.
        macro_f1: its change.
        classes: one entry a class of either round, the largest loss first, the largest gain last, then those not
            measured in both.
        pool_changed: items of the pool that are predicted to be of another class now; None where that is not known.
        pool_size: items compared.
        labelled_changed: labels predicted otherwise by heads that had not seen them; None where that is not known.
        labelled_compared: labels that both rounds have.
    """

    before: int
    after: int
    labels_before: int
    labels_after: int
    balanced_accuracy: Change
    macro_f1: Change
    classes: tuple[ClassChange, ...]
    pool_changed: int | None
    pool_size: int
    labelled_changed: int | None
    labelled_compared: int


def comparable(rounds: list[RoundRow]) -> list[RoundRow]:
    """Return the finished rounds whose quality was measured, oldest first."""
    return [row for row in rounds if row.state == "done" and _measured(row)]


def compare_rounds(
    folder: Path, before: RoundRow, after: RoundRow, *, names: Mapping[int, str], pool_hash: str
) -> Comparison:
    """Compare two rounds; reads the predictions of the whole pool, so call it in a thread.

    Args:
        folder: of all rounds.
        before: the earlier round.
        after: the later one.
        names: what classes are called now, by id.
        pool_hash: of the pool as it is; predictions of items are only compared within it.
    """
    meanings = [read_meaning(folder, row.number) for row in (before, after)]
    reports = [_report(row) for row in (before, after)]
    old, new = reports
    first, second = _by_class(old, meanings[0]), _by_class(new, meanings[1])
    same_pool = all(meaning is not None and meaning.hashes.get("pool") == pool_hash for meaning in meanings)
    pool = _pool_changed(folder, meanings) if same_pool else None
    labelled = _labelled_changed(folder, meanings) if same_pool else None
    return Comparison(
        before=before.number,
        after=after.number,
        labels_before=before.labels_used,
        labels_after=after.labels_used,
        balanced_accuracy=_change(
            None if old is None else old.balanced_accuracy, None if new is None else new.balanced_accuracy
        ),
        macro_f1=_change(None if old is None else old.macro_f1, None if new is None else new.macro_f1),
        classes=_classes(first, second, meanings, names),
        pool_changed=None if pool is None else pool[0],
        pool_size=0 if pool is None else pool[1],
        labelled_changed=None if labelled is None else labelled[0],
        labelled_compared=0 if labelled is None else labelled[1],
    )


def _measured(row: RoundRow) -> bool:
    quality = (row.metrics or {}).get("quality") or {}
    return quality.get("balanced_accuracy") is not None


def _report(row: RoundRow) -> QualityReport | None:
    quality = row.metrics.get("quality") if row.metrics else None
    return QualityReport.from_dict(quality) if quality else None


def _by_class(
    report: QualityReport | None, meaning: RoundMeaning | None
) -> dict[int, tuple[int, Estimate | None]]:
    """Return labels and F1 by class id."""
    if report is None or meaning is None:
        return {}
    return {
        meaning.class_ids[entry.class_index]: (entry.labels, entry.f1)
        for entry in report.per_class
        if entry.class_index < len(meaning.class_ids)
    }


def _classes(
    first: Mapping[int, tuple[int, Estimate | None]],
    second: Mapping[int, tuple[int, Estimate | None]],
    meanings: list[RoundMeaning | None],
    names: Mapping[int, str],
) -> tuple[ClassChange, ...]:
    called: dict[int, str] = {}
    for meaning in meanings:
        if meaning is not None:
            called |= dict(zip(meaning.class_ids, meaning.class_names, strict=True))
    found = []
    for class_id, then in called.items():
        (labels_before, f1_before), (labels_after, f1_after) = (
            side.get(class_id, (0, None)) for side in (first, second)
        )
        name = names.get(class_id, f"{then} (archived)")
        found.append(ClassChange(name, labels_before, labels_after, _change(f1_before, f1_after)))
    return tuple(sorted(found, key=_order))


def _order(entry: ClassChange) -> tuple[bool, float, str]:
    change = entry.f1.difference
    return (change is None, 0.0 if change is None else change.value, entry.name)


def _change(before: Estimate | None, after: Estimate | None) -> Change:
    if before is None or after is None:
        return Change(before, after, None)
    value = after.value - before.value
    low = value - math.hypot(after.value - after.low, before.high - before.value)
    high = value + math.hypot(after.high - after.value, before.value - before.low)
    return Change(before, after, Estimate(value, max(-1.0, low), min(1.0, high)))


def _lookup(meanings: list[RoundMeaning | None]) -> list[npt.NDArray[np.int64]]:
    """Return for each round the class id of each column."""
    return [np.asarray(() if meaning is None else meaning.class_ids, np.int64) for meaning in meanings]


def _pool_changed(folder: Path, meanings: list[RoundMeaning | None]) -> tuple[int, int] | None:
    """Return how many items of the pool changed their predicted class, and how many there are."""
    arrays = [None if meaning is None else read_arrays(folder, meaning.number) for meaning in meanings]
    first, second = arrays
    if first is None or second is None or len(first.predicted) != len(second.predicted):
        return None
    before, after = _lookup(meanings)
    changed = 0
    for start in range(0, len(first.predicted), CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        changed += int(np.count_nonzero(before[first.predicted[part]] != after[second.predicted[part]]))
    return changed, len(first.predicted)


def _labelled_changed(folder: Path, meanings: list[RoundMeaning | None]) -> tuple[int, int] | None:
    """Return how many labels are predicted otherwise by heads that had not seen them, and how many both have."""
    stored = [None if meaning is None else read_unseen_labels(folder, meaning.number) for meaning in meanings]
    first, second = stored
    if first is None or second is None:
        return None
    before, after = _lookup(meanings)
    _, here, there = np.intersect1d(first[0], second[0], assume_unique=True, return_indices=True)
    changed = before[first[2][here]] != after[second[2][there]]
    return int(np.count_nonzero(changed)), len(here)
