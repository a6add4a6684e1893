"""Seek: what a person said they seek, class by class, from the very first batch on.

Each class sought that has no label yet is offered its likeliest item, by the seeds and by all labels so far
(`strategies.seek_evidence`). Classes take turns: the one with the fewest wrong tries first, the surest ahead, so that a
misleading seed costs no more than its turn. A wrong item teaches: it is a label of another class, and its
neighbourhood is no longer offered for the class sought. Alone, seek goes on until all is met; prospect gives it only
as many places as it pays for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from strategies.contract import Choice, FloatArray, IntArray, PoolState
from strategies.density_start import density_start
from strategies.distances import squared_distances
from strategies.margin import margin
from strategies.model_needed import has_model
from strategies.ranking import build_choice, open_rows
from strategies.seek_evidence import Evidence, weigh
from strategies.spread import pick_highest
from strategies.wording import percent, quote

SEED_SHARE = 0.5
"""What a seed itself counts beside the chance: a chance compares things, a seed alone tells how well the item fits."""
NEAR_COST = 1.5
"""What an item next to one already listed for the same class loses; nothing from the pool's own width on."""
COPY_WIDTH = 0.05
"""In the pool's own width; nearer than this, an item is hardly another one."""
LEAST_NEWS = 1e-3
NAMELESS_TRIES = 5
"""Items offered for a seed that is about no class."""
MOST_PICKS = 512


@dataclass(frozen=True)
class SeekPicks:
    """Items for what is sought, best first. b picks.

    Attributes:
        rows: (b,) int64 distinct open rows.
        classes: (b,) int64 the class each is proposed for; -1 for a seed about no class.
        chances: (b,) float32 how likely it is of that class, by seeds and labels.
        reasons: b sentences for the person.
    """

    rows: IntArray
    classes: IntArray
    chances: FloatArray
    reasons: tuple[str, ...]


def seek(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose likely members of the classes sought that have no label yet; then typical or boundary items.

    Args:
        state: the pool; without seeds, or with all of them met, density or (with a model) margin chooses.
        batch: how many items are wanted.
        generator: draws candidates and the order among equals.
    """
    picks = seek_picks(state, batch, generator)
    rest = _rest(state, picks, batch, generator)
    total = picks.rows.size + rest.indices.size
    return build_choice(
        np.concatenate([picks.rows, rest.indices]),
        np.linspace(1.0, 0.0, total, endpoint=False),
        ("balance",) * picks.rows.size + rest.kinds,
        picks.reasons + rest.reasons,
        np.concatenate([picks.classes, rest.class_indices]),
    )


def seeks_open(state: PoolState) -> bool:
    """Return whether something sought has not been met yet.

    Args:
        state: the pool.
    """
    return bool(_open_columns(state).size)


def seek_picks(state: PoolState, count: int, generator: np.random.Generator) -> SeekPicks:
    """Return items for what is sought and not met yet.

    Args:
        state: the pool.
        count: how many at most; none where nothing is sought or all of it has been met.
        generator: draws candidates and the order among equals.
    """
    rows, wanted = open_rows(state), _open_columns(state)
    count = min(count, rows.size, MOST_PICKS)
    if not wanted.size or count <= 0:
        nothing = np.empty(0, np.int64)
        return SeekPicks(nothing, nothing, np.empty(0, np.float32), ())
    evidence = weigh(state, rows, wanted, generator)
    positions, things = _walk(state, evidence, count, generator)
    chances = np.exp(evidence.chances[positions, things]).astype(np.float32)
    classes = evidence.classes[things]
    reasons = tuple(
        _reason(state, int(label), float(chance)) for label, chance in zip(classes, chances, strict=True)
    )
    return SeekPicks(evidence.rows[positions], classes, chances, reasons)


def _open_columns(state: PoolState) -> IntArray:
    """Return the columns of what is sought and not met: classes without a label, nameless seeds hardly tried."""
    if state.seek_scores is None or state.seek_classes is None:
        return np.empty(0, np.int64)
    counts = np.bincount(state.labels[state.labels >= 0], minlength=len(state.class_names))
    named = state.seek_classes >= 0
    unmet = _nameless_tries(state) < NAMELESS_TRIES
    unmet[named] = counts[state.seek_classes[named]] == 0
    return np.flatnonzero(unmet)


def _nameless_tries(state: PoolState) -> IntArray:
    """Return (s,) how often each seed about no class was tried; 0 for the others.

    An outcome does not say which seed it came from; they take turns, so the tries are spread evenly.
    """
    assert state.seek_classes is not None
    tries = np.zeros(state.seek_classes.size, np.int64)
    nameless = np.flatnonzero(state.seek_classes < 0)
    spent = sum(outcome.kind == "balance" and outcome.expected_class_index < 0 for outcome in state.outcomes)
    if nameless.size:
        tries[nameless] = spent // nameless.size
        tries[nameless[: spent % nameless.size]] += 1
    return tries


def _walk(
    state: PoolState, evidence: Evidence, count: int, generator: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Deal places out to the things sought, the one with the fewest tries first; return positions and things."""
    sought = _sought(state, evidence)
    tries = _tries(state, evidence, sought)
    worth = evidence.chances[:, sought] + SEED_SHARE * evidence.seeds[:, sought]
    taken = np.zeros(evidence.rows.size, bool)
    positions: list[int] = []
    things: list[int] = []
    while len(positions) < min(count, evidence.rows.size):
        worth[taken] = -np.inf
        best = worth.max(axis=0)
        fewest = np.flatnonzero(tries == tries.min())
        turn = int(fewest[pick_highest(best[fewest], generator)])
        position = pick_highest(worth[:, turn], generator)
        taken[position] = True
        tries[turn] += 1
        worth[:, turn] -= _redundancy(evidence, position)
        positions.append(position)
        things.append(int(sought[turn]))
    return np.asarray(positions, np.int64), np.asarray(things, np.int64)


def _redundancy(evidence: Evidence, position: int) -> FloatArray:
    """Return (m,) what each candidate loses for being near a listed one: its label would tell little more."""
    gaps = (
        squared_distances(evidence.points, evidence.points[position : position + 1])[:, 0] / evidence.width**2
    )
    copies = -np.log1p(LEAST_NEWS - np.exp(-gaps / COPY_WIDTH**2))
    lost: FloatArray = NEAR_COST * np.maximum(1.0 - gaps, 0.0) + copies
    return lost


def _sought(state: PoolState, evidence: Evidence) -> IntArray:
    """Return the things that are sought and not met yet."""
    assert state.seek_classes is not None
    wanted = _open_columns(state)
    about = np.unique(state.seek_classes[wanted])
    named = (evidence.columns < 0) & np.isin(evidence.classes, about[about >= 0])
    return np.flatnonzero(named | np.isin(evidence.columns, wanted[state.seek_classes[wanted] < 0]))


def _tries(state: PoolState, evidence: Evidence, sought: IntArray) -> IntArray:
    """Return how many items were offered so far for each thing sought, all in vain where it is a class."""
    aims = [outcome.expected_class_index for outcome in state.outcomes if outcome.kind == "balance"]
    counts = np.bincount(np.asarray(aims, np.int64) + 1, minlength=len(state.class_names) + 1)[1:]
    classes, columns = evidence.classes[sought], evidence.columns[sought]
    named = columns < 0
    tries = _nameless_tries(state)[columns]
    tries[named] = counts[classes[named]]
    return tries


def _rest(state: PoolState, picks: SeekPicks, batch: int, generator: np.random.Generator) -> Choice:
    """Return what fills the list: boundary items, or typical ones while there is no model."""
    closed = state.closed.copy()
    closed[picks.rows] = True
    remaining = replace(state, closed=closed)
    return (margin if has_model(state) else density_start)(remaining, batch - picks.rows.size, generator)


def _reason(state: PoolState, label: int, chance: float) -> str:
    if label < 0:
        return f"Like what you said you seek ({percent(chance)})."
    return f"Like what you said of {quote(state.class_names[label])} ({percent(chance)}), a class without a label."
