"""The audit set of a project: drawing it, and what its answers say of the model and the pool.

Figures rest on the answers that give a class: an item that was skipped, or of which somebody was unsure, cannot be
counted for any class, and is told apart. A draw covers what nobody had annotated when it was made; of several draws
each weighs by its answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app.labelled import class_codes, predicted_codes
from app.project import Project
from app.round_files import RoundArrays, RoundMeaning, read_arrays, read_meaning
from labeling.annotations import Act, LabelTable, current_labels
from labeling.audit_set import (
    AuditDraw,
    AuditStratum,
    NewDraw,
    audit_keys,
    list_draws,
    seen_keys,
    store_draw,
)
from labeling.classes import LabelClass, list_classes
from labeling.clock import database_now
from labeling.errors import AuditSetError
from labeling.round_log import latest_round
from models.audit_design import Draw, draw_random, draw_stratified
from models.audit_figures import AuditFigures, PoolKnown, audit_figures
from models.audit_sample import AuditSample

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

OTHER_CLASS = -2
"""Stands for a class that is out of use; -1 is the prediction of an item without one."""

LEARNED_SHARE = 0.05
"""Where the model learned more of what a draw was made from, its answers there say too little of the rest."""

CHUNK_ROWS = 100_000

_SEED = 0xA0D17
"""Keeps the seeds of draws apart from those of rounds."""


@dataclass(frozen=True)
class AuditReport:
    """What there is of an audit set, and what it says.

    Attributes:
        classes: the open classes, in the order of the figures.
        drawn: items drawn, in all draws.
        answered: of them, items that were given a class.
        undecided: items that were skipped, flagged, or of which somebody was unsure.
        seen: items that somebody answered with the model's suggestion in sight.
        draws: how it was drawn.
        round_number: the round whose model is judged; 0 for none.
        refreshed: whether the pool has changed since a draw: that draw covers the pool as it was.
        figures: what it says; None before the first answer.
        sample: the answers with what the model predicts of them; None likewise.
        scores: (m, k) the model's probabilities of the sample's items; None where they are not all known.
    """

    classes: tuple[LabelClass, ...]
    drawn: int
    answered: int
    undecided: int
    seen: int
    draws: tuple[AuditDraw, ...]
    round_number: int
    refreshed: bool
    figures: AuditFigures | None
    sample: AuditSample | None = None
    scores: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class _Round:
    """A round that says something of today's pool."""

    meaning: RoundMeaning
    arrays: RoundArrays


def draw_audit_set(
    project: Project,
    *,
    size: int,
    annotator_id: int,
    design: Literal["random", "stratified"] | None = None,
    seed: int | None = None,
) -> AuditDraw:
    """Draw an audit set, or more of it, from the items that nobody has annotated yet.

    Args:
        project: the opened project.
        size: how many items.
        annotator_id: who draws.
        design: "stratified" by predicted class and confidence, or "random"; None for stratified where there is a model.
        seed: of the draw; None for one that follows from the project's and from how often was drawn.

    Raises:
        AuditSetError: a stratified draw without a model.
        AuditSampleError: there are not so many items.
    """
    with project.database.transaction() as session:
        newest = latest_round(session)
        scene = _round_of(project, newest.number) if newest is not None else None
        if design == "stratified" and scene is None:
            raise AuditSetError(
                "a stratified draw needs a model, and no round has trained one on this pool yet; label a few items of "
                "two classes, or draw with --design random"
            )
        candidates = _candidates(project, current_labels(session), audit_keys(session))
        before = len(list_draws(session))
        chosen = int(
            np.random.SeedSequence([project.config.project.seed, _SEED, before]).generate_state(1)[0]
        )
        used = chosen if seed is None else seed
        by_strata = scene if design != "random" else None
        drawn = _draw(candidates, by_strata, size=size, seed=used)
        new = _new_draw(project, drawn, by_strata, seed=used)
        number = store_draw(session, new=new, annotator_id=annotator_id, now=database_now(session))
        return next(entry for entry in list_draws(session) if entry.id == number)


def read_audit_report(project: Project, *, round_number: int) -> AuditReport | None:
    """Return what there is of the audit set; reads labels and predictions, so it is called in a thread.

    Args:
        project: the opened project.
        round_number: the round whose model is judged; 0 for none.

    Returns:
        The report; None where nothing was drawn.
    """
    with project.database.reading() as session:
        draws = list_draws(session)
        if not draws:
            return None
        table = current_labels(session)
        before = {draw.id: current_labels(session, revision=draw.revision) for draw in draws}
        classes = tuple(list_classes(session))
        seen = len(seen_keys(session))
    scene = _round_of(project, round_number)
    given = _given(table, classes)
    keys = {key for draw in draws for key in draw.new.item_keys}
    told = [key for key in table.item_keys if key in keys]
    answered = sum(key in given for key in told)
    said = _Figures(project, draws, given, before, classes, scene)
    figures = said.read()
    return AuditReport(
        classes=classes,
        drawn=len(keys),
        answered=answered,
        undecided=len(told) - answered,
        seen=seen,
        draws=tuple(draws),
        round_number=0 if scene is None else scene.meaning.number,
        refreshed=any(draw.new.pool_hash != project.pool.hash for draw in draws),
        figures=figures,
        sample=said.sample,
        scores=said.scores,
    )


class _Figures:
    """Puts together what the estimates need of draws, labels and predictions."""

    def __init__(
        self,
        project: Project,
        draws: Sequence[AuditDraw],
        given: dict[str, int],
        before: dict[int, LabelTable],
        classes: Sequence[LabelClass],
        scene: _Round | None,
    ) -> None:
        self.project, self.given, self.before, self.scene = project, given, before, scene
        self.ids = [entry.id for entry in classes]
        self.sample: AuditSample | None = None
        self.scores: npt.NDArray[np.float64] | None = None
        # A draw without an answer says nothing yet.
        self.draws = [draw for draw in draws if any(key in given for key in draw.new.item_keys)]
        self.earlier: dict[int, set[str]] = {}
        passed: set[str] = set()
        for draw in draws:
            self.earlier[draw.id] = set(passed)
            passed |= set(draw.new.item_keys)

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

    def _known(self, weigh: npt.NDArray[np.float64], items: float) -> PoolKnown:
        found = np.zeros(len(self.ids))
        learned = 0.0
        for weight, draw in zip(weigh, self.draws, strict=True):
            out = set(self.before[draw.id].item_keys) | self.earlier[draw.id]
            own = set(draw.new.item_keys)
            since = [(key, code) for key, code in self.given.items() if key not in out]
            codes = np.array([code for _, code in since if code >= 0], np.int64)
            found += weight * np.bincount(codes, minlength=len(self.ids))
            learned += weight * sum(key not in own for key, _ in since)
        open_items = int(np.asarray(self.project.pool.readable).sum()) - len(self.given)
        known = PoolKnown(items=items, found=found, open=max(open_items, 0))
        usable = all(draw.new.pool_hash == self.project.pool.hash for draw in self.draws)
        if self.scores is None or not usable or learned > LEARNED_SHARE * items:
            return known
        means = sum(
            weight * self._frame_size(draw) * self._mean_scores(draw)
            for weight, draw in zip(weigh, self.draws, strict=True)
        )
        return PoolKnown(items, found, known.open, np.asarray(means / items, np.float64), self.scores)

    def _frame_size(self, draw: AuditDraw) -> int:
        return sum(part.size for part in draw.new.strata)

    def _mean_scores(self, draw: AuditDraw) -> npt.NDArray[np.float64]:
        """Return (k,) the mean probability of each class over all that a draw was made from."""
        assert self.scene is not None
        inside = np.zeros(self.project.pool.n, np.bool_)
        inside[_candidates(self.project, self.before[draw.id], sorted(self.earlier[draw.id]))] = True
        probabilities = self.scene.arrays.probabilities
        total = np.zeros(probabilities.shape[1])
        for start in range(0, len(inside), CHUNK_ROWS):
            part = np.asarray(probabilities[start : start + CHUNK_ROWS], np.float32)
            total += part[inside[start : start + CHUNK_ROWS]].sum(axis=0, dtype=np.float64)
        return self._columns(total[None] / max(int(inside.sum()), 1))[0]

    def _columns(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return scores in the order of today's classes; one that the round did not know has none."""
        assert self.scene is not None
        places = class_codes(np.asarray(self.scene.meaning.class_ids, np.int64), self.ids)
        found = np.zeros((len(scores), len(self.ids)))
        found[:, places[places >= 0]] = scores[:, places >= 0]
        return found


def _round_of(project: Project, number: int) -> _Round | None:
    """Return a round with its arrays; None where it trained no model on today's pool, or is too old."""
    meaning = read_meaning(project.paths.rounds, number)
    if meaning is None or meaning.hashes.get("pool") != project.pool.hash:
        return None
    arrays = read_arrays(project.paths.rounds, number)
    return None if arrays is None else _Round(meaning, arrays)


def _given(table: LabelTable, classes: Sequence[LabelClass]) -> dict[str, int]:
    """Return the place of each label's class among the open ones by item key, OTHER_CLASS for one out of use."""
    place = {entry.id: column for column, entry in enumerate(classes)}
    return {
        key: place.get(int(class_id), OTHER_CLASS)
        for key, act, class_id in zip(table.item_keys, table.acts, table.class_ids, strict=True)
        if act in (Act.LABEL, Act.ADJUDICATE)
    }


def _candidates(project: Project, table: LabelTable, held: Sequence[str]) -> IntArray:
    """Return the rows that can be read, of which nothing is said, and that are in no audit set."""
    free = np.array(project.pool.readable, dtype=np.bool_)
    for keys in (table.item_keys, held):
        rows = project.pool.rows(keys)
        free[rows[rows >= 0]] = False
    return np.flatnonzero(free).astype(np.int64)


def _draw(candidates: IntArray, scene: _Round | None, *, size: int, seed: int) -> Draw:
    generator = np.random.default_rng(seed)
    if scene is None:
        return draw_random(candidates, size=size, generator=generator)
    return draw_stratified(
        candidates,
        np.asarray(scene.arrays.predicted)[candidates],
        -np.asarray(scene.arrays.uncertainty, np.float32)[candidates],
        class_names=scene.meaning.class_names,
        size=size,
        generator=generator,
    )


def _new_draw(project: Project, drawn: Draw, scene: _Round | None, *, seed: int) -> NewDraw:
    counts: Any = np.bincount(drawn.strata, minlength=len(drawn.sizes))
    told = zip(drawn.names, drawn.sizes.tolist(), counts.tolist(), strict=True)
    return NewDraw(
        design="random" if scene is None else "stratified",
        seed=seed,
        pool_hash=project.pool.hash,
        strata=tuple(AuditStratum(*each) for each in told),
        item_keys=tuple(project.pool.keys(drawn.rows)),
        item_strata=tuple(drawn.strata.tolist()),
        round_number=None if scene is None else scene.meaning.number,
    )
