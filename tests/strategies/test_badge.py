from __future__ import annotations

import numpy as np
import pytest

from strategies import badge as module
from strategies.badge import Gradients, gradients_of, k_means_plus_plus
from strategies.contract import PoolState
from strategies.registry import strategies
from tests.strategies.pools import answered_state, group_vectors


def drawn_state(items: int, *, classes: int = 4, seed: int = 0) -> PoolState:
    shares = np.random.default_rng(seed).dirichlet(np.full(classes, 0.5), items)
    return answered_state(group_vectors((items // 2, items - items // 2), seed=seed), shares)


def whole(state: PoolState) -> Gradients:
    return gradients_of(state, np.arange(state.labels.size), np.zeros(state.vectors.shape[1], np.float32))


def outer(state: PoolState) -> np.ndarray:
    """Return every gradient written out, (n, k d)."""
    assert state.balanced_probabilities is not None
    residuals = state.balanced_probabilities.astype(np.float64)
    residuals[np.arange(residuals.shape[0]), residuals.argmax(axis=1)] -= 1
    return np.einsum("ik,id->ikd", residuals, state.vectors.astype(np.float64)).reshape(len(residuals), -1)


def test_gradients__distances_are_those_of_the_outer_products() -> None:
    state = drawn_state(60)
    written = outer(state)
    gradients = whole(state)
    np.testing.assert_allclose(gradients.lengths, (written**2).sum(1), rtol=1e-4)
    for position in (0, 17, 59):
        by_hand = ((written - written[position]) ** 2).sum(1)
        np.testing.assert_allclose(gradients.squared_distances_to(position), by_hand, rtol=1e-3, atol=1e-2)


def test_k_means_plus_plus__first_is_the_longest_and_the_second_follows_squared_distances() -> None:
    state = drawn_state(6)
    written = outer(state)
    longest = int((written**2).sum(1).argmax())
    expected = ((written - written[longest]) ** 2).sum(1)
    gradients, ones = whole(state), np.ones(6)
    picks = [k_means_plus_plus(gradients, ones, 2, np.random.default_rng(seed)) for seed in range(4_000)]
    assert {int(pick[0]) for pick in picks} == {longest}
    shares = np.bincount([int(pick[1]) for pick in picks], minlength=6) / len(picks)
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.03)


def test_k_means_plus_plus__equal_gradients_are_still_picked_once_each() -> None:
    state = answered_state(np.ones((40, 3), np.float32), np.full((40, 2), 0.5))
    for seed in range(20):
        picks = k_means_plus_plus(whole(state), np.ones(40), 40, np.random.default_rng(seed))
        assert sorted(picks.tolist()) == list(range(40))


def test_badge__copies_of_the_smallest_margin_do_not_crowd_the_list() -> None:
    vectors = np.concatenate([np.full((50, 4), 3.0), np.eye(4) * 9, -np.eye(4) * 9]).astype(np.float32)
    shares = np.tile([0.5, 0.5], (58, 1))
    shares[50:] = [0.7, 0.3]
    state = answered_state(vectors, shares)
    for seed in range(10):
        generator = np.random.default_rng(seed)
        assert (strategies.get("badge")(state, 8, generator).indices < 50).sum() <= 2
        assert (strategies.get("margin")(state, 8, generator).indices < 50).all()


def test_badge__drawn_candidates_keep_the_chances_of_the_whole_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = np.concatenate([np.full(900, 1.0), np.full(100, 9.0)])
    monkeypatch.setattr(module, "CANDIDATES", 200)
    totals = []
    for seed in range(200):
        drawn, chances = module._draw_candidates(lengths, np.random.default_rng(seed))
        assert np.unique(drawn).size == 200
        totals.append([(1 / chances[drawn < 900]).sum(), (1 / chances[drawn >= 900]).sum()])
    np.testing.assert_allclose(np.mean(totals, axis=0), [900, 100], rtol=0.05)
