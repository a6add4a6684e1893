"""From draws, labels and predictions to the figures of an audit set.

Draws of one criterion are put together, each weighing by its answers. What is counted beside the answers (labels found
since, items still open, the model's mean probabilities) is counted among the items that match that criterion alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.audit_frame import BoolArray, IntArray, free_rows
from app.labelled import class_codes, predicted_codes
from app.project import Project
from app.round_files import RoundArrays, RoundMeaning, read_arrays, read_meaning
from labeling.annotations import LabelTable
from labeling.audit_set import AuditDraw
from models.audit_figures import AuditFigures, PoolKnown, audit_figures
from models.audit_sample import AuditSample

FloatArray = npt.NDArray[np.float64]

LEARNED_SHARE = 0.05
"""Where the model learned more of what a draw was made from, its answers there say too little of the rest."""

CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class JudgedRound:
    """A round that says something of today's pool."""

    meaning: RoundMeaning
    arrays: RoundArrays


@dataclass(frozen=True)
class Told:
    """What is said of the pool's items, and what may be said of them.

    Attributes:
        given: the place of each label's class among the open classes by item key; below 0 for a class out of use.
        class_ids: ids of the open classes, k.
        draws: all draws of the audit set, the first one first.
        before: what was said of each item when a draw was made, by the draw's number; of the draws that are judged.
    """

    given: dict[str, int]
    class_ids: Sequence[int]
    draws: Sequence[AuditDraw]
    before: dict[int, LabelTable]


def judged_round(project: Project, number: int) -> JudgedRound | None:
    """Return a round with its arrays; None where it trained no model on today's pool, or is too old."""
    meaning = read_meaning(project.paths.rounds, number)
    if meaning is None or meaning.hashes.get("pool") != project.pool.hash:
        return None
    arrays = read_arrays(project.paths.rounds, number)
    return None if arrays is None else JudgedRound(meaning, arrays)


class Estimates:
    """Puts together what the estimates need of the draws of one criterion, labels and predictions."""

    def __init__(
        self, project: Project, told: Told, *, where: str, inside: BoolArray, scene: JudgedRound | None
    ) -> None:
        """Find the draws that say something.

        Args:
            project: the opened project.
            told: what is said of the items.
            where: the criterion; "" for the whole pool.
            inside: (n,) items of the pool that match it.
            scene: the round whose model is judged; None for none.
        """
        self.project, self.where, self.inside, self.scene = project, where, inside, scene
        self.given, self.before, self.ids = told.given, told.before, list(told.class_ids)
        self.sample: AuditSample | None = None
        self.scores: FloatArray | None = None
        self.beside = 0.0
        # A draw without an answer says nothing yet.
        self.draws = [
            draw
            for draw in told.draws
            if draw.new.where == where and any(key in self.given for key in draw.new.item_keys)
        ]
        # Whatever the criterion of an earlier draw, its items could not be drawn any more.
        self.earlier: dict[int, set[str]] = {}
        self.drawn: set[str] = set()
        for draw in told.draws:
            self.earlier[draw.id] = set(self.drawn)
            self.drawn |= set(draw.new.item_keys)

    def read(self) -> AuditFigures | None:
        """Return the figures, and keep what they rest on; None before the first answer."""
        if not self.draws or not self.ids:
            return None
        counts = np.array([sum(key in self.given for key in draw.new.item_keys) for draw in self.draws])
        weigh = counts / counts.sum()
        sizes = [np.array([part.size for part in draw.new.strata], np.int64) for draw in self.draws]
        items = float(sum(weight * part.sum() for weight, part in zip(weigh, sizes, strict=True)))
        starts = np.cumsum([0, *[len(part) for part in sizes[:-1]]])
        keys, strata = [], []
        for start, draw in zip(starts, self.draws, strict=True):
            for key, stratum in zip(draw.new.item_keys, draw.new.item_strata, strict=True):
                if key in self.given:
                    keys.append(key)
                    strata.append(int(start) + stratum)
        rows = self.project.pool.rows(keys)
        sample = AuditSample(
            strata=np.array(strata, np.int64),
            sizes=np.concatenate(sizes),
            shares=np.concatenate([w * part for w, part in zip(weigh, sizes, strict=True)]) / items,
            truth=np.array([self.given[key] for key in keys], np.int64),
            predicted=self._predicted(rows),
        )
        self.sample = sample
        if self.scene is not None and (rows >= 0).all():
            self.scores = self._columns(np.asarray(self.scene.arrays.probabilities[rows], np.float64))
        return audit_figures(sample, self._known(weigh, items))

    def _predicted(self, rows: IntArray) -> IntArray:
        if self.scene is None:
            return np.full(len(rows), -1, np.int64)
        found = np.asarray(self.scene.arrays.predicted)[np.maximum(rows, 0)]
        codes = predicted_codes(found, self.scene.meaning.class_ids, self.ids).astype(np.int64)
        return np.where(rows >= 0, codes, -1)

    def _known(self, weigh: FloatArray, items: float) -> PoolKnown:
        matching = self._matching(list(self.given))
        found = np.zeros(len(self.ids))
        learned = 0.0
        for weight, draw in zip(weigh, self.draws, strict=True):
            out = set(self.before[draw.id].item_keys) | self.earlier[draw.id]
            # What was drawn matched then, whatever a changed pool says of it today.
            own = set(draw.new.item_keys)
            since = [key for key in self.given if key not in out and (key in matching or key in own)]
            codes = np.array([self.given[key] for key in since], np.int64)
            found += weight * np.bincount(codes[codes >= 0], minlength=len(self.ids))
            learned += weight * sum(key not in self.drawn for key in since)
            self.beside += weight * self._unanswered(self.earlier[draw.id])
        known = PoolKnown(items=items, found=found, open=self._open(), beside=self.beside)
        usable = all(draw.new.pool_hash == self.project.pool.hash for draw in self.draws)
        if self.scores is None or not usable or learned > LEARNED_SHARE * items:
            return known
        means = sum(
            weight * self._frame_size(draw) * self._mean_scores(draw)
            for weight, draw in zip(weigh, self.draws, strict=True)
        )
        return replace(known, mean_scores=np.asarray(means / items, np.float64), scores=self.scores)

    def _matching(self, keys: Sequence[str]) -> set[str]:
        """Return those of some keys whose items match; without a criterion all, also what the pool has no more."""
        if not self.where:
            return set(keys)
        rows = self.project.pool.rows(keys)
        hits = (rows >= 0) & self.inside[np.maximum(rows, 0)]
        return {key for key, hit in zip(keys, hits.tolist(), strict=True) if hit}

    def _unanswered(self, keys: set[str]) -> int:
        """Return how many of some items are there, match, and have no class by now."""
        rows = self.project.pool.rows([key for key in keys if key not in self.given])
        return int(self.inside[rows[rows >= 0]].sum())

    def _open(self) -> int:
        """Return how many items match and have no class by now."""
        left = self.inside.copy()
        rows = self.project.pool.rows(list(self.given))
        left[rows[rows >= 0]] = False
        return int(left.sum())

    def _frame_size(self, draw: AuditDraw) -> int:
        return sum(part.size for part in draw.new.strata)

    def _mean_scores(self, draw: AuditDraw) -> FloatArray:
        """Return (k,) the mean probability of each class over all that a draw was made from."""
        assert self.scene is not None
        frame = np.zeros(self.project.pool.n, np.bool_)
        held = sorted(self.earlier[draw.id])
        frame[free_rows(self.project, self.inside, self.before[draw.id], held)] = True
        probabilities = self.scene.arrays.probabilities
        total = np.zeros(probabilities.shape[1])
        for start in range(0, len(frame), CHUNK_ROWS):
            part = np.asarray(probabilities[start : start + CHUNK_ROWS], np.float32)
            total += part[frame[start : start + CHUNK_ROWS]].sum(axis=0, dtype=np.float64)
        return self._columns(total[None] / max(int(frame.sum()), 1))[0]

    def _columns(self, scores: FloatArray) -> FloatArray:
        """Return scores in the order of today's classes; one that the round did not know has none."""
        assert self.scene is not None
        places = class_codes(np.asarray(self.scene.meaning.class_ids, np.int64), self.ids)
        found = np.zeros((len(scores), len(self.ids)))
        found[:, places[places >= 0]] = scores[:, places >= 0]
        return found
