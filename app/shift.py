"""How far labelled items, audit set and pool are apart, and in what: gauges of shift, computed in the worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.labelled import class_codes
from app.project import Project, open_project
from app.round_files import read_arrays, read_meaning
from labeling.annotations import Act, current_labels
from labeling.audit_set import AuditDraw, list_draws
from labeling.classes import list_classes
from labeling.exports.items import columns_of
from labeling.pools.contract import Column
from labeling.round_log import latest_round
from models.shift import LEAST, Shift, compare, standard_differences
from models.vectors import open_vectors

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

SAMPLED = 2_000
"""Items of a set that are looked at, at most; of the pool twice as many, for its random parts."""

TOLD = 3
"""Columns and classes that are named, those that differ most."""

COLUMNS_MAX = 200
"""Numeric columns that are looked at."""

SHARE_LEAST = 0.05
"""Differences of predicted shares below this are not named."""

_SEED = 0x5F1F


@dataclass(frozen=True)
class ClassShift:
    """A class that the model predicts more or less often in one set than in the other.

    Attributes:
        name: the class.
        first: its share of the first set's predictions.
        second: its share of the second's.
    """

    name: str
    first: float
    second: float


@dataclass(frozen=True)
class PairShift:
    """How far two sets are apart.

    Attributes:
        first: the first set: "labelled" or "audit"; the audit set is always the first, since its items have weights.
        second: the second set: "pool" or "labelled".
        shift: the gauges; None where one of them holds too few items.
        columns: numeric columns in which the first is higher or lower, with by how many standard deviations of the
            second; those that differ most.
        classes: classes that the model predicts more or less often in the first.
    """

    first: str
    second: str
    shift: Shift | None
    columns: tuple[tuple[str, float], ...] = ()
    classes: tuple[ClassShift, ...] = ()


@dataclass(frozen=True)
class ShiftReport:
    """The gauges of a project.

    Attributes:
        labelled: items that have a label and are not of the audit set.
        audited: items of the whole pool's audit set that were answered.
        rest: items of the pool that are neither labelled nor drawn.
        pairs: labelled against pool, audit set against pool, audit set against labelled.
        revision: the label revision.
        round_number: the round whose predictions are compared; 0 for none.
    """

    labelled: int
    audited: int
    rest: int
    pairs: tuple[PairShift, ...]
    revision: int
    round_number: int


@dataclass(frozen=True)
class _Part:
    """Items of a set that are looked at. m items.

    Attributes:
        rows: (m,) int64 ascending rows of the pool.
        shares: (m,) what each counts, summing to 1.
    """

    rows: IntArray
    shares: FloatArray


def work_shift(config_path: str) -> ShiftReport:
    """Compute the gauges in a process of its own, as the worker does."""
    project = open_project(Path(config_path))
    try:
        return read_shift(project)
    finally:
        project.close()


def read_shift(project: Project) -> ShiftReport:
    """Compute the gauges; imports scikit-learn, so never in the web process.

    Args:
        project: the opened project.
    """
    with project.database.reading() as session:
        table = current_labels(session)
        draws = list_draws(session)
        newest = latest_round(session)
        ids = {entry.id: entry.name for entry in list_classes(session)}
    given = {
        key: int(class_id)
        for key, act, class_id in zip(table.item_keys, table.acts, table.class_ids, strict=True)
        if act in (Act.LABEL, Act.ADJUDICATE)
    }
    drawn = {key for draw in draws for key in draw.new.item_keys}
    generator = np.random.default_rng([project.config.project.seed, _SEED])
    labelled = _rows(project, [key for key in given if key not in drawn])
    audit = _audit_part(project, draws, given, generator)
    rest = np.array(project.pool.readable, dtype=np.bool_)
    for keys in (table.item_keys, sorted(drawn)):
        rows = project.pool.rows(keys)
        rest[rows[rows >= 0]] = False
    left = np.flatnonzero(rest).astype(np.int64)
    number = 0 if newest is None else newest.number
    sets = {
        "labelled": _even(_some(labelled, SAMPLED, generator)),
        "audit": audit,
        "pool": _even(_some(left, 2 * SAMPLED, generator)),
    }
    looker = _Looker(project, sets, number, ids)
    pairs = (("labelled", "pool"), ("audit", "pool"), ("audit", "labelled"))
    return ShiftReport(
        labelled=len(labelled),
        audited=len(audit.rows),
        rest=len(left),
        pairs=tuple(looker.pair(*names, generator) for names in pairs),
        revision=table.revision,
        round_number=looker.round_number,
    )


class _Looker:
    """Reads what the sets' items are like, each set once."""

    def __init__(self, project: Project, sets: dict[str, _Part], number: int, names: dict[int, str]) -> None:
        vectors = open_vectors(project.paths.vectors, expected_rows=project.pool.n)
        self.sets = sets
        self.vectors = {name: np.asarray(vectors.array[part.rows], np.float64) for name, part in sets.items()}
        self.columns = _numeric(project.pool.columns)[:COLUMNS_MAX]
        self.values = {name: self._values(project, part) for name, part in sets.items()}
        self.round_number, self.class_names = 0, tuple(names.values())
        self.predicted: dict[str, IntArray] = {}
        meaning = read_meaning(project.paths.rounds, number)
        arrays = read_arrays(project.paths.rounds, number)
        if meaning is not None and arrays is not None and meaning.hashes.get("pool") == project.pool.hash:
            self.round_number = number
            places = class_codes(np.asarray(meaning.class_ids, np.int64), list(names)).astype(np.int64)
            self.predicted = {
                name: places[np.asarray(arrays.predicted[part.rows], np.int64)] for name, part in sets.items()
            }

    def _values(self, project: Project, part: _Part) -> FloatArray:
        if not self.columns or not len(part.rows):
            return np.zeros((len(part.rows), len(self.columns)))
        frame = columns_of(project.pool, part.rows)
        return frame[self.columns].to_numpy(np.float64)

    def pair(self, first: str, second: str, generator: np.random.Generator) -> PairShift:
        """Compare two sets."""
        ours, theirs = self.sets[first], self.sets[second]
        there = self.vectors[second] if second != "pool" else self.vectors["pool"][::2]
        shift = compare(
            self.vectors[first], there, self.vectors["pool"], weights=ours.shares, generator=generator
        )
        if shift is None or len(theirs.rows) < LEAST:
            return PairShift(first, second, None)
        return PairShift(first, second, shift, self._columns(first, second), self._classes(first, second))

    def _columns(self, first: str, second: str) -> tuple[tuple[str, float], ...]:
        found = standard_differences(self.values[first], self.values[second], self.sets[first].shares)
        order = np.argsort(-np.abs(found), kind="stable")[:TOLD]
        return tuple((self.columns[place], float(found[place])) for place in order if found[place])

    def _classes(self, first: str, second: str) -> tuple[ClassShift, ...]:
        if not self.predicted:
            return ()
        ours, theirs = (
            np.bincount(
                np.maximum(self.predicted[name], -1) + 1,
                self.sets[name].shares,
                len(self.class_names) + 1,
            )[1:]
            for name in (first, second)
        )
        order = np.argsort(-np.abs(ours - theirs), kind="stable")[:TOLD]
        return tuple(
            ClassShift(self.class_names[place], float(ours[place]), float(theirs[place]))
            for place in order
            if abs(ours[place] - theirs[place]) >= SHARE_LEAST
        )


def _numeric(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns if column.role == "numeric"]


def _rows(project: Project, keys: Sequence[str]) -> IntArray:
    """Return the rows of some items that are in the pool and can be read, ascending."""
    rows = project.pool.rows(keys)
    rows = np.sort(rows[rows >= 0])
    return rows[np.asarray(project.pool.readable)[rows]]


def _some(rows: IntArray, most: int, generator: np.random.Generator) -> IntArray:
    """Return rows, or so many of them at random, ascending."""
    return rows if len(rows) <= most else np.sort(generator.choice(rows, most, replace=False))


def _even(rows: IntArray) -> _Part:
    return _Part(rows, np.full(len(rows), 1.0 / max(len(rows), 1)))


def _audit_part(
    project: Project, draws: Sequence[AuditDraw], given: dict[str, Any], generator: np.random.Generator
) -> _Part:
    """Return the answered items of the audit set, each with what it stands for in its draw.

    Draws by a criterion are left out: they are no draw of the pool.
    """
    told: dict[int, float] = {}
    for draw in (each for each in draws if not each.new.where):
        keys = [key for key in draw.new.item_keys if key in given]
        strata = {key: each for key, each in zip(draw.new.item_keys, draw.new.item_strata, strict=True)}
        counts = np.bincount([strata[key] for key in keys], minlength=len(draw.new.strata))
        for key, row in zip(keys, project.pool.rows(keys).tolist(), strict=True):
            if row >= 0 and project.pool.readable[row]:
                told[row] = draw.new.strata[strata[key]].size / counts[strata[key]]
    rows = _some(np.array(sorted(told), np.int64), SAMPLED, generator)
    weights = np.array([told[row] for row in rows.tolist()])
    return _Part(rows, weights / weights.sum() if len(weights) else weights)
