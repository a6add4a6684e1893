"""What a round says about stopping: gathered from its labels, its scores and the rounds before. Runs in the worker."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.project import Project
from app.round_files import round_folder
from app.round_inputs import RoundInputs
from labeling.round_log import latest_round
from models.errors import ModelError
from models.heads.scaling import spaced_rows
from models.quality import Estimate, QualityReport
from models.scoring import PoolScores
from models.stopping import (
    MORE_LABELS,
    NAMED_CLASSES,
    STEP_LABELS,
    WINDOW,
    Course,
    Stopping,
    Unfound,
    Watch,
    decide,
    next_points,
)
from models.stopping_figures import (
    chained_change,
    chance_of_new_class,
    expected_gain,
    kappa,
    mean_agreement,
    unfound_items,
    unmet_classes,
)

log = logging.getLogger("goldpan.rounds")

WATCHED_ROWS = 20_000
"""Rows, evenly spaced, on which the predictions of two models are compared."""

WATCHED_NAME = "watched.npy"
"""In a round's folder: (r,) int64 class id that the round's model gives each watched row."""


def look_at_stopping(
    project: Project,
    inputs: RoundInputs,
    quality: QualityReport | None,
    scores: PoolScores | None,
    *,
    number: int,
) -> Stopping:
    """Say what the rounds show about stopping; keep the predictions the next rounds are compared with.

    Args:
        project: the opened project; the folder of this round must be there.
        inputs: what the round looked at.
        quality: its figures by cross-validation; None without a model.
        scores: what its model says of the pool; None without a model.
        number: the round's number.
    """
    counts = np.bincount(inputs.labels[inputs.labels >= 0], minlength=len(inputs.classes))
    labels = int(counts.sum())
    course = _grown(_earlier_course(project), inputs, quality, labels=labels)
    if scores is not None:
        course = replace(course, watch=_watched(project, inputs, scores, course.watch, labels, number))
    agreements = course.watch.agreements
    stability = mean_agreement(agreements) if len(agreements) >= WINDOW else None
    left = int(np.count_nonzero(~inputs.closed))
    gain = _gain(course, quality, more=min(left, MORE_LABELS))
    unmet = int((counts == 0).sum())
    unknown = unmet_classes(counts) if labels else None
    return Stopping(
        verdict=decide(
            trained=scores is not None,
            left=left,
            stability=stability,
            gain=gain,
            unmet=unmet,
            unknown=unknown,
        ),
        labels=labels,
        left=left,
        stability=stability,
        compared=len(agreements),
        gain=gain,
        unfound=_unfound(project, inputs, scores, counts),
        classes=len(inputs.classes),
        unmet=unmet,
        unknown=unknown,
        new_class=chance_of_new_class(counts) if labels else None,
        course=course,
    )


def _earlier_course(project: Project) -> Course:
    """Return what the rounds before have shown of this pool; nothing where they are of another, or older than this."""
    with project.database.reading() as session:
        newest = latest_round(session)
    found = newest.metrics.get("stopping") if newest is not None and newest.metrics else None
    if not found:
        return Course(pool=project.pool.hash)
    try:
        course = Stopping.from_dict(found).course
    except ModelError as problem:
        log.warning("the advice on stopping begins anew: %s", problem)
        return Course(pool=project.pool.hash)
    return course if course.pool == project.pool.hash else Course(pool=project.pool.hash)


def _grown(course: Course, inputs: RoundInputs, quality: QualityReport | None, *, labels: int) -> Course:
    """Return the course with this round's point on the curve."""
    if quality is None or quality.balanced_accuracy is None:
        return course
    recalls = {
        str(inputs.classes[entry.class_index].id): entry.recall.value
        for entry in quality.per_class
        if entry.recall is not None
    }
    points = next_points(
        course.points,
        labels=labels,
        figure=quality.balanced_accuracy.value,
        change=chained_change(dict(course.recalls or {}), recalls),
    )
    return replace(course, points=points, recalls=recalls)


def _gain(course: Course, quality: QualityReport | None, *, more: int) -> Estimate | None:
    """Return how much the figure is expected to rise, at most to 1; None where it cannot be told or nothing is left."""
    if quality is None or quality.balanced_accuracy is None or not more:
        return None
    gain = expected_gain(
        np.array([point.labels for point in course.points]),
        np.array([point.level for point in course.points]),
        more=more,
    )
    if gain is None:
        return None
    room = 1.0 - quality.balanced_accuracy.value
    return Estimate(min(gain.value, room), min(gain.low, room), min(gain.high, room))


def _watched(
    project: Project, inputs: RoundInputs, scores: PoolScores, watch: Watch, labels: int, number: int
) -> Watch:
    """Compare this model with the one last watched, when enough labels lie between them, and watch it from now on."""
    if watch.round_number and watch.labels <= labels < watch.labels + STEP_LABELS:
        return watch
    ids = np.array([entry.id for entry in inputs.classes], dtype=np.int64)
    rows = spaced_rows(project.pool.n, WATCHED_ROWS)
    rows = rows[np.asarray(project.pool.readable)[rows]]
    # With the class prior taken out: what is compared is the model, not the estimate of the shares, which may jump.
    predicted = ids[scores.balanced_probabilities[rows].argmax(axis=1)]
    before = _read_watched(project.paths.rounds, watch.round_number, rows.size)
    np.save(round_folder(project.paths.rounds, number) / WATCHED_NAME, predicted, allow_pickle=False)
    # Labels that were taken back lead to a model from before: agreements with later ones say nothing then.
    if before is None or labels < watch.labels:
        return Watch(number, labels)
    return Watch(number, labels, (*watch.agreements, _rounded(kappa(before, predicted)))[-WINDOW:])


def _read_watched(rounds: Path, number: int, count: int) -> npt.NDArray[np.int64] | None:
    """Return the predictions kept in a round's folder, None where they are gone or of other rows."""
    file = round_folder(rounds, number) / WATCHED_NAME
    try:
        found = np.load(file, allow_pickle=False)
    except (OSError, ValueError):
        return None
    return found if found.shape == (count,) and count and found.dtype == np.int64 else None


def _unfound(
    project: Project, inputs: RoundInputs, scores: PoolScores | None, counts: npt.NDArray[np.integer]
) -> tuple[Unfound, ...]:
    """Return the unfound items of the classes with the fewest labels."""
    readable = int(np.count_nonzero(project.pool.readable))
    found = []
    for index in np.argsort(counts, kind="stable")[:NAMED_CLASSES].tolist():
        items = None
        if scores is not None and counts[index]:
            items = unfound_items(
                items=readable,
                unlabelled=readable - int(counts.sum()),
                labels=int(counts[index]),
                share=float(scores.prior[index]),
                share_low=float(scores.prior_low[index]),
                share_high=float(scores.prior_high[index]),
            )
        found.append(Unfound(inputs.classes[index].name, int(counts[index]), items))
    return tuple(found)


def _rounded(estimate: Estimate) -> Estimate:
    return Estimate(round(estimate.value, 5), round(estimate.low, 5), round(estimate.high, 5))
