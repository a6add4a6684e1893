"""What the seeds and the labels so far say together: for each candidate, the chance of each thing sought.

A seed is a column of scores, higher for items more like what was said. Columns are brought to one scale; a class with
several columns has the best of them. The labels correct what the seeds say: a multinomial logistic regression on a
kernel of the vectors, whose logits start at the seeds (an offset) instead of at zero (Zhu & Hastie 2005 for the kernel
form). A seed that drew a wrong item loses worth around it, in favour of the class the item turned out to be; an item
near many labels of other classes is explained by them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strategies.contract import FloatArray, IntArray, PoolState
from strategies.distances import origin_of, squared_distances, take
from strategies.ranking import best_first

ALL_ROWS = 6_000
"""Up to so many open rows all are candidates; beyond, the best of each seed and some drawn at random."""
CANDIDATES_A_SEED = 300
RANDOM_CANDIDATES = 500
MOST_COLUMNS = 64
"""Seeds that candidates are gathered for in one list, drawn where there are more."""
LABELS_READ = 400
"""Labels the correction learns from, spread over the classes."""
MOST_WEIGHTS = 60_000
"""Labels times things: with a thousand classes fewer labels are read, so that a choice stays under a second."""
MOST_NUMBERS = 20_000_000
"""Beyond so many scores their scale is taken from evenly spaced rows."""
LARGEST_SCORE, SMALLEST_SCORE = 8.0, -4.0
"""In standard deviations of a column: one outlier must not count for more than all else together."""
SEED_WEIGHT = 1.0
"""Logits for one standard deviation of a seed's scores."""
FLAT = 1e-6
"""A column whose scores differ by less says nothing."""
RIDGE = 0.02
"""What keeps the corrections small: at 0.1 the last classes of a long tail came ten labels later."""
ELSE_LOGIT = 1.0
"""Logit of "nothing that was said": what a lone seed is compared with."""


@dataclass(frozen=True)
class Evidence:
    """The candidates and what they may be. m candidates, t things sought or labelled.

    Attributes:
        rows: (m,) int64 open rows of the pool, ascending.
        points: (m, d) float32, moved by a common origin.
        width: root mean square distance of the candidates from the pool's mean, above 0; the width of the kernel.
        classes: (t,) int64 class index of each thing; -1 for a seed that is about no class.
        columns: (t,) int64 the seed column of a thing about no class; -1 for classes.
        seeds: (m, t) float32 scores in standard deviations; 0 for classes that are not sought.
        chances: (m, t) float32 log of the chance that the candidate is of the thing.
    """

    rows: IntArray
    points: FloatArray
    width: float
    classes: IntArray
    columns: IntArray
    seeds: FloatArray
    chances: FloatArray


def weigh(
    state: PoolState, open_rows: IntArray, wanted: IntArray, generator: np.random.Generator
) -> Evidence:
    """Gather candidates for the columns wanted and weigh seeds and labels for them.

    Args:
        state: the pool, with seeds.
        open_rows: (o,) rows that may be proposed, o >= 1.
        wanted: (w,) columns of `seek_scores` to gather candidates for.
        generator: draws candidates.
    """
    assert state.seek_scores is not None
    assert state.seek_classes is not None
    rows = _candidates(state.seek_scores, open_rows, wanted, generator)
    classes, columns = _things(state)
    labelled = _labels_read(state.labels, max(50, min(LABELS_READ, MOST_WEIGHTS // max(classes.size, 1))))
    scale = _column_scale(state.seek_scores)
    origin = origin_of(state.vectors, open_rows)
    points, known = take(state.vectors, rows, origin), take(state.vectors, labelled, origin)
    width = float(np.sqrt(np.mean((points * points).sum(axis=1)))) or 1.0
    seeds = _thing_seeds(state, rows, classes, columns, scale)
    logits = SEED_WEIGHT * seeds
    if labelled.size:
        places = np.searchsorted(classes[columns < 0], state.labels[labelled])
        offsets = SEED_WEIGHT * _thing_seeds(state, labelled, classes, columns, scale)
        weights = _corrections(_kernel(known, known, width), offsets, places)
        logits = logits + _kernel(points, known, width) @ weights
    return Evidence(rows, points, width, classes, columns, seeds, _log_softmax(logits))


def _candidates(
    scores: npt.NDArray[np.floating], rows: IntArray, wanted: IntArray, generator: np.random.Generator
) -> IntArray:
    if rows.size <= ALL_ROWS:
        return rows
    if wanted.size > MOST_COLUMNS:
        wanted = generator.choice(wanted, MOST_COLUMNS, replace=False)
    each = min(CANDIDATES_A_SEED, ALL_ROWS // max(wanted.size, 1))
    best = [rows[best_first(scores[rows, column].astype(np.float32), each, generator)] for column in wanted]
    drawn = generator.choice(rows, RANDOM_CANDIDATES, replace=False)
    return np.unique(np.concatenate([drawn, *best]))


def _labels_read(labels: IntArray, most: int) -> IntArray:
    """Return labelled rows, ascending; where there are too many, the first of each class, the second, and so on."""
    labelled = np.flatnonzero(labels >= 0)
    if labelled.size <= most:
        return labelled
    order = np.argsort(labels[labelled], kind="stable")
    sorted_labels = labels[labelled][order]
    within = np.arange(labelled.size) - np.searchsorted(sorted_labels, sorted_labels)
    kept = order[np.argsort(within, kind="stable")[:most]]
    return np.sort(labelled[kept])


def _things(state: PoolState) -> tuple[IntArray, IntArray]:
    """Return class and column of each thing: classes sought or labelled in ascending order, then nameless seeds."""
    assert state.seek_classes is not None
    present = np.union1d(state.seek_classes[state.seek_classes >= 0], state.labels[state.labels >= 0])
    nameless = np.flatnonzero(state.seek_classes < 0)
    classes = np.concatenate([present, np.full(nameless.size, -1)]).astype(np.int64)
    columns = np.concatenate([np.full(present.size, -1), nameless]).astype(np.int64)
    return classes, columns


def _column_scale(scores: npt.NDArray[np.floating]) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of each column, (s,) each; the latter never 0."""
    step = max(1, scores.size // MOST_NUMBERS)
    means, spread = _moments(scores[::step])
    if step > 1:
        # A rare criterion may be met by none of the rows read.
        flat = np.flatnonzero(spread <= FLAT)
        means[flat], spread[flat] = _moments(scores[:, flat])
    return means, np.where(spread > FLAT, spread, np.float32(1.0)).astype(np.float32)


def _moments(scores: npt.NDArray[np.floating]) -> tuple[FloatArray, FloatArray]:
    means = scores.mean(axis=0, dtype=np.float64).astype(np.float32)
    squares = np.zeros(scores.shape[1])
    for start in range(0, scores.shape[0], 16_384):
        part = scores[start : start + 16_384].astype(np.float32) - means
        squares += np.einsum("ij,ij->j", part, part, dtype=np.float64)
    return means, np.sqrt(squares / max(scores.shape[0], 1)).astype(np.float32)


def _thing_seeds(
    state: PoolState,
    rows: IntArray,
    classes: IntArray,
    columns: IntArray,
    scale: tuple[FloatArray, FloatArray],
) -> FloatArray:
    assert state.seek_scores is not None
    assert state.seek_classes is not None
    scores = (state.seek_scores[rows].astype(np.float32) - scale[0]) / scale[1]
    np.clip(scores, SMALLEST_SCORE, LARGEST_SCORE, out=scores)
    seeds = np.zeros((rows.size, classes.size), np.float32)
    for place, (label, column) in enumerate(zip(classes, columns, strict=True)):
        about = np.flatnonzero(state.seek_classes == label) if column < 0 else np.asarray([column])
        if about.size:
            seeds[:, place] = scores[:, about].max(axis=1)
    return seeds


def _kernel(left: FloatArray, right: FloatArray, width: float) -> FloatArray:
    distances = squared_distances(left, right)
    distances *= np.float32(-0.5 / width**2)
    return np.exp(distances, out=distances)


def _corrections(kernel: FloatArray, offsets: FloatArray, places: IntArray) -> FloatArray:
    """Return (l, t) weights of the kernel logistic regression whose logits are `offsets + kernel @ weights`.

    Args:
        kernel: (l, l) between the labelled items.
        offsets: (l, t) what the seeds say of them.
        places: (l,) int64 the thing each of them turned out to be.
    """
    from scipy.optimize import minimize

    kernel64, shape = kernel.astype(np.float64), offsets.shape
    truth = np.zeros(shape)
    truth[np.arange(places.size), places] = 1.0

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = flat.reshape(shape)
        moved = kernel64 @ weights
        logs = _log_softmax(offsets + moved)
        value = -float(logs[np.arange(places.size), places].sum()) + 0.5 * RIDGE * float(
            (weights * moved).sum()
        )
        return value, (kernel64 @ (np.exp(logs) - truth + RIDGE * weights)).ravel()

    found = minimize(loss, np.zeros(truth.size), jac=True, method="L-BFGS-B", options={"maxiter": 40})
    return found.x.reshape(shape).astype(np.float32)


def _log_softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the log chances of each row, (m, t); what is left of 1 is for nothing that was said."""
    highest = np.maximum(logits.max(axis=1, keepdims=True), ELSE_LOGIT)
    shifted = logits - highest
    total = np.exp(shifted).sum(axis=1, keepdims=True) + np.exp(ELSE_LOGIT - highest)
    return shifted - np.log(total)
