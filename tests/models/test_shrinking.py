from __future__ import annotations

import numpy as np
import pytest

from models.shrinking import normal_noise, shrunk


def total(gaps: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(gaps).sum(axis=1))


def test_normal_noise__has_the_covariances_asked_for() -> None:
    wanted = np.array([[2.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 0.0]])
    drawn = normal_noise(wanted, np.random.default_rng(0), 40_000)
    assert np.cov(drawn.T) == pytest.approx(wanted, abs=0.05)


def test_shrunk__without_noise_is_what_was_seen() -> None:
    found = shrunk(np.array([0.1, -0.2]), np.zeros((50, 2)), total)
    assert (found.low, found.value, found.high) == pytest.approx((0.3, 0.3, 0.3), abs=1e-3)


def test_shrunk__what_chance_alone_explains_is_nothing() -> None:
    generator = np.random.default_rng(1)
    noise = normal_noise(np.eye(10) * 0.01**2, generator)
    found = shrunk(noise[3], noise, total)
    assert found.low == 0.0
    assert found.high > found.value
    assert found.high > 0.02


@pytest.mark.parametrize("size", [0.0, 0.01, 0.05])
def test_shrunk__holds_the_truth_about_as_often_as_it_says(size: float) -> None:
    generator = np.random.default_rng(2)
    true = size * np.array([1.0, -1.0, 0.5, 0.2, 1.0, 0.0, -0.3, 0.4])
    spread = np.eye(8) * 0.01**2
    noise = normal_noise(spread, generator, 500)
    held, plain = 0, 0.0
    for seen in true + normal_noise(spread, generator, 200):
        found = shrunk(seen, noise, total)
        held += found.low <= np.abs(true).sum() <= found.high
        plain += np.abs(seen).sum() / 200
    assert held >= 180
    # Read as it is, the figure would be too large.
    assert plain > np.abs(true).sum()
