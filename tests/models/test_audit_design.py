from __future__ import annotations

import numpy as np
import pytest

from models.audit_design import allocation, draw_random, draw_stratified
from models.errors import AuditSampleError

NAMES = ("rare", "common", "never")


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def predictions(items: int = 2_000, rare: int = 40) -> tuple[np.ndarray, np.ndarray]:
    return np.where(np.arange(items) < rare, 0, 1), np.linspace(0, 1, items)


def test_draw_random__gives_every_row_the_same_chance() -> None:
    candidates = np.arange(100, 120)
    counts = np.zeros(200)
    for seed in range(400):
        drawn = draw_random(candidates, size=5, generator=generator(seed))
        assert len(set(drawn.rows.tolist())) == 5
        assert drawn.probabilities.tolist() == [0.25] * 5
        counts[drawn.rows] += 1
    assert counts[:100].sum() == 0
    assert counts[100:120] / 400 == pytest.approx(0.25, abs=0.09)


def test_draw_stratified__draws_of_each_half_of_each_class() -> None:
    predicted, sure = predictions()
    drawn = draw_stratified(
        np.arange(2_000), predicted, sure, class_names=NAMES, size=100, generator=generator()
    )
    assert drawn.names == ("rare, less sure", "rare, surer", "common, less sure", "common, surer")
    assert drawn.sizes.tolist() == [20, 20, 980, 980]
    counts = np.bincount(drawn.strata)
    assert counts.sum() == 100
    # More than its share of 1 %, and never more than there are.
    assert 10 <= counts[0] <= 20
    assert (predicted[drawn.rows] == np.array([0, 0, 1, 1])[drawn.strata]).all()
    assert drawn.probabilities == pytest.approx((counts / drawn.sizes)[drawn.strata])


def test_draw_stratified__any_beginning_is_spread_over_the_strata() -> None:
    predicted, sure = predictions()
    drawn = draw_stratified(
        np.arange(2_000), predicted, sure, class_names=NAMES, size=200, generator=generator()
    )
    whole, half = np.bincount(drawn.strata), np.bincount(drawn.strata[:100])
    assert np.abs(half - whole / 2).max() <= 2


def test_draw_stratified__few_draws_have_few_strata() -> None:
    predicted, sure = np.arange(1_000) % 50, np.zeros(1_000)
    names = tuple(f"c{number}" for number in range(50))
    drawn = draw_stratified(
        np.arange(1_000), predicted, sure, class_names=names, size=80, generator=generator()
    )
    assert len(drawn.names) <= 10
    assert "the other classes" in drawn.names
    assert drawn.sizes.sum() == 1_000
    assert np.bincount(drawn.strata).min() >= 2


def test_draw_stratified__the_same_seed_draws_the_same() -> None:
    predicted, sure = predictions()
    first, again, other = (
        draw_stratified(
            np.arange(2_000), predicted, sure, class_names=NAMES, size=50, generator=generator(seed)
        ).rows
        for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist() != other.tolist()


@pytest.mark.parametrize("size", [1, 21])
def test_draw_random__refuses_a_size_that_is_not_there(size: int) -> None:
    with pytest.raises(AuditSampleError, match="from 2 to 20"):
        draw_random(np.arange(20), size=size, generator=generator())


@pytest.mark.parametrize(
    ("sizes", "size"), [([1_000, 3], 10), ([5, 5, 5], 15), ([10_000, 10, 10, 2], 60), ([2, 2], 4)]
)
def test_allocation__adds_up_within_what_there_is(sizes: list[int], size: int) -> None:
    found = allocation(np.array(sizes), size)
    assert found.sum() == size
    assert (found <= sizes).all()
    assert (found >= 2).all()
