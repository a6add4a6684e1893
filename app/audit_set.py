"""The audit set of a project: drawing it, and what its answers say of the model and the pool.

Figures rest on the answers that give a class: an item that was skipped, or of which somebody was unsure, cannot be
counted for any class, and is told apart. A draw covers what nobody had annotated when it was made; of several draws
each weighs by its answers. Draws by a criterion have a report of their own, for the items that match it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app.audit_estimates import Estimates, JudgedRound, Told, judged_round
from app.audit_frame import check_enough, free_rows, rows_inside
from app.project import Project
from labeling.annotations import Act, LabelTable, current_labels
from labeling.audit_set import (
    AuditDraw,
    AuditStratum,
    NewDraw,
    audit_keys,
    list_criteria,
    list_draws,
    seen_keys,
    store_draw,
)
from labeling.classes import LabelClass, list_classes
from labeling.clock import database_now
from labeling.errors import AuditSetError
from labeling.pools.criteria_normal import normal_criteria
from labeling.pools.errors import CriteriaError
from labeling.round_log import latest_round
from models.audit_design import Draw, draw_random, draw_stratified
from models.audit_figures import AuditFigures
from models.audit_sample import AuditSample

IntArray = npt.NDArray[np.int64]

OTHER_CLASS = -2
"""Stands for a class that is out of use; -1 is the prediction of an item without one."""

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
        where: the criterion of the draws; "" for the whole pool. The figures hold for the items that match it.
        matching: items of today's pool that can be read and match it.
        beside: items that match, have no class yet, and were held out before these draws, which so say nothing of them;
            of several draws their mean.
        problem: why the criterion says nothing of today's pool, as where a column is gone; "" where it does.
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
    where: str = ""
    matching: int = 0
    beside: int = 0
    problem: str = ""


def draw_audit_set(
    project: Project,
    *,
    size: int,
    annotator_id: int,
    design: Literal["random", "stratified"] | None = None,
    seed: int | None = None,
    where: str = "",
) -> AuditDraw:
    """Draw an audit set, or more of it, from the items that nobody has annotated yet.

    Args:
        project: the opened project.
        size: how many items.
        annotator_id: who draws.
        design: "stratified" by predicted class and confidence, or "random"; None for stratified where there is a model.
        seed: of the draw; None for one that follows from the project's and from how often was drawn.
        where: a criterion on columns; only items that match it are drawn, and the draw speaks of these alone.

    Raises:
        CriteriaError: the criterion cannot be read, or names a column that the pool does not have.
        AuditSetError: a stratified draw without a model, or too few items match the criterion.
        AuditSampleError: there are not so many items.
    """
    normal = normal_criteria(where, project.pool.columns) if where.strip() else ""
    # Before the transaction: nobody's label waits while the columns are read.
    inside = rows_inside(project, normal)
    with project.database.transaction() as session:
        newest = latest_round(session)
        scene = judged_round(project, newest.number) if newest is not None else None
        if design == "stratified" and scene is None:
            raise AuditSetError(
                "a stratified draw needs a model, and no round has trained one on this pool yet; label a few items of "
                "two classes, or draw with --design random"
            )
        candidates = free_rows(project, inside, current_labels(session), audit_keys(session))
        check_enough(normal, inside, candidates, size=size)
        before = len(list_draws(session))
        chosen = int(
            np.random.SeedSequence([project.config.project.seed, _SEED, before]).generate_state(1)[0]
        )
        used = chosen if seed is None else seed
        by_strata = scene if design != "random" else None
        drawn = _draw(candidates, by_strata, size=size, seed=used)
        new = _new_draw(project, drawn, by_strata, seed=used, where=normal)
        number = store_draw(session, new=new, annotator_id=annotator_id, now=database_now(session))
        return next(entry for entry in list_draws(session) if entry.id == number)


def audit_criteria(project: Project) -> list[str]:
    """Return the criteria that were drawn by, each once: "", the whole pool, first."""
    with project.database.reading() as session:
        return list_criteria(session)


def read_audit_report(project: Project, *, round_number: int, where: str = "") -> AuditReport | None:
    """Return what there is of the audit set; reads labels and predictions, so it is called in a thread.

    Args:
        project: the opened project.
        round_number: the round whose model is judged; 0 for none.
        where: of the draws by this criterion, as they have it; "" of those from the whole pool.

    Returns:
        The report; None where nothing was drawn so.
    """
    with project.database.reading() as session:
        every = list_draws(session)
        draws = [draw for draw in every if draw.new.where == where]
        if not draws:
            return None
        table = current_labels(session)
        before = {draw.id: current_labels(session, revision=draw.revision) for draw in draws}
        classes = tuple(list_classes(session))
        suggested = seen_keys(session)
    scene = judged_round(project, round_number)
    given = _given(table, classes)
    keys = {key for draw in draws for key in draw.new.item_keys}
    said = [key for key in table.item_keys if key in keys]
    answered = sum(key in given for key in said)
    empty = AuditReport(
        classes=classes,
        drawn=len(keys),
        answered=answered,
        undecided=len(said) - answered,
        seen=len(suggested & keys),
        draws=tuple(draws),
        round_number=0 if scene is None else scene.meaning.number,
        refreshed=any(draw.new.pool_hash != project.pool.hash for draw in draws),
        figures=None,
        where=where,
    )
    try:
        inside = rows_inside(project, where)
    except CriteriaError as problem:
        return replace(empty, problem=str(problem))
    told = Told(given, [entry.id for entry in classes], every, before)
    found = Estimates(project, told, where=where, inside=inside, scene=scene)
    figures = found.read()
    return replace(
        empty,
        figures=figures,
        sample=found.sample,
        scores=found.scores,
        matching=int(inside.sum()),
        beside=round(found.beside),
    )


def _given(table: LabelTable, classes: Sequence[LabelClass]) -> dict[str, int]:
    """Return the place of each label's class among the open ones by item key, OTHER_CLASS for one out of use."""
    place = {entry.id: column for column, entry in enumerate(classes)}
    return {
        key: place.get(int(class_id), OTHER_CLASS)
        for key, act, class_id in zip(table.item_keys, table.acts, table.class_ids, strict=True)
        if act in (Act.LABEL, Act.ADJUDICATE)
    }


def _draw(candidates: IntArray, scene: JudgedRound | None, *, size: int, seed: int) -> Draw:
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


def _new_draw(project: Project, drawn: Draw, scene: JudgedRound | None, *, seed: int, where: str) -> NewDraw:
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
        where=where,
    )
