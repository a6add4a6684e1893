from __future__ import annotations

import numpy as np
import pytest

from benchmarks.audit_coverage import DESIGNS, FIGURES, PREVALENCES, SIZES, make_pool, measure


def test_make_pool__is_what_it_says() -> None:
    pool = make_pool(0.1, items=20_000, generator=np.random.default_rng(0))
    figures = pool.true_figures()
    assert 0.1 / 1.6 < figures["prevalence"] < 0.1 * 1.6
    assert 0.5 < figures["accuracy"] < 1.0
    assert set(figures) == set(FIGURES)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(("prevalence", "size"), [(0.01, 100), (0.1, 300)])
def test_measure__intervals_hold_the_truth_about_as_often_as_they_say(
    design: str, prevalence: float, size: int
) -> None:
    """A few hundred draws: a normal interval around one hit, or a forgotten weight, would show."""
    for name, tally in measure(prevalence, size, design, trials=400, seed=3, items=5_000).items():
        held = tally.held / tally.asked
        assert held > 0.91, name
        if prevalence * size > 10:
            assert held < 0.99, name


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("prevalence", PREVALENCES)
@pytest.mark.parametrize("size", SIZES)
def test_measure__95_percent_means_93_to_97(design: str, prevalence: float, size: int) -> None:
    """Where ten items or more of the class are expected; with fewer, counts leave no rule so near, and more is safe."""
    for name, tally in measure(prevalence, size, design, trials=4000, seed=5).items():
        held = tally.held / tally.asked
        assert held > 0.93, name
        if prevalence * size >= 10:
            assert held < 0.97, name
