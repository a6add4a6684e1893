"""EPIG: items whose label tells most about the classes of others (Bickford Smith et al. 2023), classes weighing alike.

The expected predictive information gain of an item x is the mutual information between its label and that of a target
item x*, on average over x*. The ensemble's members give the two together: p(y, y*) = mean over members m of
p_m(y|x) p_m(y*|x*). Targets are drawn so that every class has an equal share of them, Σ_c p(x*|c) / k: a model good at
all classes is wanted, and of targets drawn from the pool as it is the frequent classes would be nearly all.

The gain never exceeds what the label tells about the members themselves (BALD, our `disagreement`), so the items with
the highest disagreement are the candidates. They are measured in two steps:

1. to second order, KL(p ‖ q) ≈ χ²(p, q) / 2. With G(x)_mn = Σ_y p_m(y|x) p_n(y|x) / p(y|x) the χ² of the joint
   against the product of its margins is Σ_mn G(x)_mn G(x*)_mn / M² - 1: linear in G(x*), so its mean over all
   targets costs one matrix of members by members, and no pair of items is ever looked at;
2. exactly, in chunks, for the best of them, where the number of classes leaves time for it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from strategies.boundary import by_margin, filled_by_margin
from strategies.contract import Choice, FloatArray, IntArray, PoolState
from strategies.distances import neighbour_distances, origin_of, squared_distances, take
from strategies.model_needed import needs_members
from strategies.ranking import best_first, open_rows
from strategies.spread import pick_highest
from strategies.uncertain import uncertain_choice

CANDIDATES = 2_048
TARGETS = 512
SHORTLIST = 256
"""How many of the best are measured exactly; four times the list where that is more."""
EXACT_ENTRIES = 30_000_000
"""Where all joint distributions (shortlist x targets x k²) have more entries, the second order must do."""
CHUNK_ENTRIES = 1 << 19
STRATA = 32
"""Groups of like disagreement, in each of which the rows kept stand for the rows of the pool."""
SPREAD_PICKS = 512
"""Beyond so many picks the list goes on by margin alone: nobody labels that far before the next round."""
SPREAD_NEIGHBOURS = 10
LEAST_WORTH = 1e-3
"""What an exact copy of a chosen item is still worth, so that copies are ordered by their gain too."""


@needs_members
def epig(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose the items whose labels would tell most about items of all classes, spread over the pool.

    Args:
        state: the pool, with a model's answer and that of each of its members on some rows.
        batch: how many items are wanted.
        generator: draws the targets and the order among equals.
    """
    assert state.member_rows is not None
    assert state.disagreement is not None
    rows = open_rows(state)
    kept = np.flatnonzero(~state.closed[state.member_rows])
    due = min(batch, kept.size, SPREAD_PICKS)
    if not due:
        return uncertain_choice(
            state, by_margin(state, rows, batch, generator), _falling(min(batch, rows.size))
        )
    disputed = kept[best_first(state.disagreement[state.member_rows[kept]], kept.size, generator)]
    places = without_copies(state, disputed, least=due)[: max(CANDIDATES, due)]
    places, gains = expected_gains(state, places, draw_targets(state, generator), due=due)
    candidates = state.member_rows[places]
    picks = spread_out(state, candidates, gains, due, generator)
    chosen = filled_by_margin(state, rows, candidates[picks], batch, generator)
    choice = uncertain_choice(state, chosen, _falling(chosen.size))
    told = [
        f"Its label would tell {gain:.2g} nats about an item of any class. {between}"
        for gain, between in zip(gains[picks].tolist(), choice.reasons[: picks.size], strict=True)
    ]
    return replace(choice, reasons=(*told, *choice.reasons[picks.size :]))


def without_copies(state: PoolState, places: IntArray, *, least: int) -> IntArray:
    """Return the places without the later ones of exact copies, which would fill the shortlist.

    Args:
        state: the pool.
        places: (c,) places in `state.member_rows`.
        least: how many are needed, at most c; where fewer are distinct, copies follow behind all others.
    """
    assert state.member_rows is not None
    known: set[bytes] = set()
    later = np.zeros(places.size, np.bool_)
    for position, row in enumerate(state.member_rows[places].tolist()):
        content = state.vectors[row].tobytes()
        later[position] = content in known
        known.add(content)
    missing = max(least - int((~later).sum()), 0)
    return np.concatenate([places[~later], places[later][:missing]])


def draw_targets(state: PoolState, generator: np.random.Generator) -> IntArray:
    """Draw targets so that every class has an equal share of them, as far as the model can tell.

    Args:
        state: the pool, with the members' answers.
        generator: draws.

    Returns:
        (TARGETS,) int64 places in `state.member_rows`; a place may come several times.
    """
    assert state.member_rows is not None
    assert state.probabilities is not None
    shares = state.probabilities[state.member_rows].astype(np.float64) * _pool_weights(state)[:, None]
    of_class = shares.sum(axis=0)
    found = of_class > 0
    chances = (shares[:, found] / of_class[found]).sum(axis=1)
    if not chances.sum() > 0:
        chances = np.ones(chances.size)
    return generator.choice(chances.size, TARGETS, p=chances / chances.sum()).astype(np.int64)


def expected_gains(
    state: PoolState, places: IntArray, targets: IntArray, *, due: int
) -> tuple[IntArray, npt.NDArray[np.float64]]:
    """Measure how much the label of each candidate is expected to tell about a target's, in nats.

    Args:
        state: the pool, with the members' answers.
        places: (c,) candidates, places in `state.member_rows`.
        targets: (t,) targets, likewise.
        due: how many candidates will be picked.

    Returns:
        The (s,) places of the best candidates and their (s,) gains, at least 0: exact ones where the number of
        classes allows it, else to second order.
    """
    assert state.member_probabilities is not None
    answers = state.member_probabilities
    gains = second_order_gains(answers[:, places], answers[:, targets])
    shortlist = max(SHORTLIST, 4 * due)
    if min(shortlist, places.size) * targets.size * answers.shape[2] ** 2 > EXACT_ENTRIES:
        return places, gains
    best = places[np.argsort(-gains, kind="stable")[:shortlist]]
    return best, exact_gains(answers[:, best], answers[:, targets])


def second_order_gains(
    candidates: npt.NDArray[np.floating], targets: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return each candidate's mean mutual information with the targets to second order, (c,) float64, at least 0.

    Args:
        candidates: (members, c, k) probabilities, rows sum to 1.
        targets: (members, t, k) likewise.
    """
    members = candidates.shape[0]
    about = _agreement(targets).mean(axis=0)
    gains = np.einsum("cmn,mn->c", _agreement(candidates), about) / members**2 - 1.0
    return np.maximum(gains / 2.0, 0.0)


def exact_gains(
    candidates: npt.NDArray[np.floating], targets: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return each candidate's mean mutual information with the targets, (c,) float64, at least 0.

    Args:
        candidates: (members, c, k) probabilities, rows sum to 1.
        targets: (members, t, k) likewise.
    """
    members, count, classes = candidates.shape
    right = np.ascontiguousarray(targets.reshape(members, -1), dtype=np.float32) / np.float32(members)
    joint_entropy = np.empty(count)
    step = max(1, CHUNK_ENTRIES // (classes * right.shape[1]))
    for start in range(0, count, step):
        left = candidates[:, start : start + step].reshape(members, -1).astype(np.float32, copy=False)
        joint = left.T @ right
        terms = np.log(np.maximum(joint, np.float32(1e-30)))
        terms *= joint
        per_candidate = terms.reshape(-1, classes * right.shape[1])
        joint_entropy[start : start + step] = -per_candidate.sum(axis=1, dtype=np.float64) / targets.shape[1]
    return np.maximum(_entropy(candidates) + _entropy(targets).mean() - joint_entropy, 0.0)


def spread_out(
    state: PoolState,
    rows: IntArray,
    gains: npt.NDArray[np.float64],
    count: int,
    generator: np.random.Generator,
) -> IntArray:
    """Pick by gain, a candidate near one already picked counting for less: one label nearly tells the other's.

    Args:
        state: the pool.
        rows: (c,) rows of the candidates.
        gains: (c,) at least 0.
        count: how many, at most c.
        generator: draws among equals.

    Returns:
        (count,) int64 distinct positions in `rows`, in the order of picking.
    """
    points = take(state.vectors, rows, origin_of(state.vectors, rows))
    near = neighbour_distances(points, SPREAD_NEIGHBOURS)
    scale = float(np.median(near.max(axis=1))) if near.shape[1] else 0.0
    nearest = np.full(rows.size, np.inf, np.float32)
    # A little for everyone, so that where no label tells anything the spread still decides.
    worth = gains + 1e-9
    picks: list[int] = []
    for _ in range(count):
        novelty = 1.0 - np.exp(-nearest / (scale if scale > 0 else 1.0)) + LEAST_WORTH
        left = worth * novelty
        left[picks] = -1.0
        picks.append(pick_highest(left, generator))
        gap = squared_distances(points, points[picks[-1] : picks[-1] + 1])[:, 0]
        np.minimum(nearest, gap, out=nearest)
    return np.asarray(picks, np.int64)


def _pool_weights(state: PoolState) -> npt.NDArray[np.float64]:
    """Return how many usable rows of the pool each kept row stands for, (r,), among rows of like disagreement.

    The rows kept are no fair draw: the most disputed ones are all among them.
    """
    assert state.member_rows is not None
    assert state.disagreement is not None
    usable = ~state.closed | (state.labels >= 0)
    kept = state.disagreement[state.member_rows]
    edges = np.quantile(kept, np.linspace(0.0, 1.0, STRATA + 1)[1:-1])
    in_pool = np.bincount(np.searchsorted(edges, state.disagreement[usable], side="right"), minlength=STRATA)
    strata = np.searchsorted(edges, kept, side="right")
    in_kept = np.bincount(strata, weights=usable[state.member_rows], minlength=STRATA)
    return np.asarray(usable[state.member_rows] * (in_pool / np.maximum(in_kept, 1.0))[strata])


def _agreement(answers: npt.NDArray[np.floating]) -> FloatArray:
    """Return Σ_y p_m(y) p_n(y) / p(y) for all pairs of members, (b, members, members), from (members, b, k)."""
    scaled = answers / np.sqrt(np.maximum(answers.mean(axis=0), np.float32(1e-30)))
    by_item = scaled.transpose(1, 0, 2)
    return np.asarray(by_item @ by_item.transpose(0, 2, 1))


def _entropy(answers: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the entropy of the members' mean answer, (b,) float64, from (members, b, k)."""
    mean = answers.mean(axis=0, dtype=np.float64)
    return np.asarray(-(mean * np.log(np.maximum(mean, 1e-30))).sum(axis=1))


def _falling(count: int) -> npt.NDArray[np.float64]:
    return np.linspace(1.0, 0.0, count, endpoint=False)
