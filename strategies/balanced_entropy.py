"""Class-balanced entropy: uncertain items of classes that lack labels (Bengar et al. 2022, greedy form).

The paper chooses the batch with the most entropy less λ times the L1 distance between the labels it is expected to
bring and those that are lacking. Here the batch grows item by item, each the best next one: its entropy, less λ times
what it adds to that distance. While every class lacks labels this is plain entropy; a class that has its share is
held back, a rare one drawn forward.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategies.boundary import filled_by_margin
from strategies.contract import Choice, FloatArray, IntArray, PoolState
from strategies.entropy import relative_entropy
from strategies.model_needed import needs_model
from strategies.ranking import best_first, build_choice, open_rows
from strategies.shares import label_counts
from strategies.spread import pick_highest
from strategies.uncertain import boundary_words
from strategies.wording import need_reason

BALANCE = 0.3
"""λ: how much balance counts against entropy. At 1 more rare items come, and the model learns less from each list."""
CANDIDATES = 1_024
SPREAD_PICKS = 512
"""Beyond so many picks the list goes on by margin alone: nobody labels that far before the next round."""


@needs_model
def balanced_entropy(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose uncertain items, held back where their likely classes already have their share of labels.

    Args:
        state: the pool, with a model's answer.
        batch: how many items are wanted.
        generator: draws the order among equals.
    """
    assert state.probabilities is not None
    assert state.balanced_probabilities is not None
    rows = open_rows(state)
    if not rows.size or not batch:
        return build_choice(rows[:0], np.empty(0), [], [], rows[:0])
    due = min(batch, rows.size, SPREAD_PICKS)
    lacking = lacking_labels(state, due)
    entropy = relative_entropy(state.balanced_probabilities[rows])
    worth = entropy - BALANCE * added_distance(state.probabilities[rows], lacking)
    best = best_first(worth, max(CANDIDATES, 2 * due), generator)
    picks = _greedy(entropy[best], state.probabilities[rows[best]], lacking, due, generator)
    chosen = filled_by_margin(state, rows, rows[best[picks]], batch, generator)
    likely, between = boundary_words(state, chosen)
    kinds, reasons = _words(state, chosen, likely, between, lacking_labels(state, due))
    scores = np.linspace(1.0, 0.0, chosen.size, endpoint=False)
    return build_choice(chosen, scores, kinds, reasons, likely)


def lacking_labels(state: PoolState, due: int) -> npt.NDArray[np.float64]:
    """Return how many labels each class lacks of its target once `due` more are given, (k,), negative beyond it."""
    counts = label_counts(state)
    return state.targets.astype(np.float64) * (int(counts.sum()) + due) - counts


def added_distance(probabilities: npt.NDArray[np.floating], lacking: npt.NDArray[np.float64]) -> FloatArray:
    """Return what each item adds to the L1 distance between expected and lacking labels, (m,) float32, -1 to 1.

    Args:
        probabilities: (m, k).
        lacking: (k,) labels each class lacks.
    """
    added = np.zeros(probabilities.shape[0], np.float32)
    for column, lack in enumerate(lacking.tolist()):
        share = probabilities[:, column].astype(np.float32)
        if lack <= 0:
            added += share
        elif lack >= 1:
            added -= share
        else:
            added += np.abs(np.float32(lack) - share) - np.float32(lack)
    return added


def _greedy(
    entropy: FloatArray,
    probabilities: npt.NDArray[np.floating],
    lacking: npt.NDArray[np.float64],
    count: int,
    generator: np.random.Generator,
) -> IntArray:
    """Return the positions of `count` items, each the best after those before it; what they bring is expected."""
    left = lacking.copy()
    open_places = np.ones(entropy.size, np.bool_)
    picks: list[int] = []
    for _ in range(min(count, entropy.size)):
        worth = np.where(open_places, entropy - BALANCE * added_distance(probabilities, left), -np.inf)
        best = pick_highest(worth, generator)
        picks.append(best)
        open_places[best] = False
        left -= probabilities[best]
    return np.asarray(picks, np.int64)


def _words(
    state: PoolState,
    rows: IntArray,
    likely: IntArray,
    between: list[str],
    lacking: npt.NDArray[np.float64],
) -> tuple[list[str], list[str]]:
    """Return kinds and reasons: balance where the likeliest class lacks labels more than the middle class does."""
    assert state.probabilities is not None
    counts = label_counts(state)
    wanted = np.ceil(lacking + counts).astype(np.int64)
    needy = (lacking >= 1) & (lacking > np.median(lacking))
    kinds, reasons = [], []
    for row, index, boundary in zip(rows.tolist(), likely.tolist(), between, strict=True):
        if needy[index]:
            share = float(state.probabilities[row, index])
            name = state.class_names[index]
            kinds.append("balance")
            reasons.append(need_reason(name, share, int(counts[index]), int(wanted[index])))
        else:
            kinds.append("refine")
            reasons.append(boundary)
    return kinds, reasons
