from __future__ import annotations

import numpy as np
import pytest

from models.shift import LEAST, compare, frechet, standard_differences

FloatArray = np.ndarray


def cloud(size: int, *, shift: float = 0.0, wide: float = 1.0, seed: int = 0) -> FloatArray:
    """Return (size, 12) numbers; the first one moved, the second one spread."""
    values = np.random.default_rng(seed).normal(size=(size, 12)) * np.linspace(2.0, 0.2, 12)
    values[:, 0] += shift
    values[:, 1] *= wide
    return values


def test_frechet__of_two_normal_clouds_is_what_the_formula_says() -> None:
    generator = np.random.default_rng(0)
    first = generator.normal(0.0, 1.0, (200_000, 2))
    second = generator.normal(0.0, 1.0, (200_000, 2)) * [2.0, 1.0] + [3.0, 0.0]
    # (3 - 0)^2 + (2 - 1)^2
    assert frechet(first, second) == pytest.approx(10.0, rel=0.02)
    assert frechet(first, first) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("changes", [{"shift": 2.0}, {"wide": 3.0, "shift": 2.0}])
def test_compare__a_shift_is_seen_by_both_gauges(changes: dict[str, float]) -> None:
    found = compare(
        cloud(80, seed=1, **changes),
        cloud(400, seed=2),
        cloud(800, seed=3),
        generator=np.random.default_rng(0),
    )
    assert found is not None and found.differs
    assert found.ratio > found.ratio_high > 1.0
    assert found.auc > 0.6
    assert found.p_value < 0.01


def test_compare__a_wider_cloud_is_seen_by_the_distance_alone() -> None:
    """Why there are two gauges: a line does not part two clouds around one middle."""
    found = compare(
        cloud(200, seed=1, wide=2.5),
        cloud(400, seed=2),
        cloud(800, seed=3),
        generator=np.random.default_rng(0),
    )
    assert found is not None and found.differs
    assert found.ratio > found.ratio_high
    assert found.p_value > 0.025


@pytest.mark.parametrize("trials", [10, pytest.param(300, marks=pytest.mark.slow)])
def test_compare__random_parts_differ_as_often_as_chance_says(trials: int) -> None:
    alarms, ratios = 0, []
    for seed in range(trials):
        pool = cloud(900, seed=seed)
        found = compare(pool[:60], pool[60:360], pool[360:], generator=np.random.default_rng(seed))
        assert found is not None
        alarms += found.differs
        ratios.append(found.ratio)
    # One in twenty, and what chance adds to it.
    assert alarms <= 0.05 * trials + 3 * (0.05 * trials) ** 0.5
    assert np.median(ratios) == pytest.approx(1.0, abs=0.25)


def test_compare__weights_undo_a_draw_at_unequal_rates() -> None:
    generator = np.random.default_rng(4)
    pool = cloud(4_000, seed=4)
    high = pool[:, 0] > 1.0
    rare, rest = np.flatnonzero(high)[:150], np.flatnonzero(~high)[:150]
    rows = np.concatenate([rare, rest])
    weights = np.where(high[rows], high.mean() / 150, (1 - high.mean()) / 150)
    plain = compare(pool[rows], pool[2_000:3_000], pool, generator=generator)
    weighed = compare(pool[rows], pool[2_000:3_000], pool, weights=weights, generator=generator)
    assert plain is not None and weighed is not None
    assert plain.differs
    assert not weighed.differs


def test_compare__few_items_say_nothing_and_small_sets_look_at_fewer_axes() -> None:
    generator = np.random.default_rng(0)
    assert compare(cloud(LEAST - 1), cloud(50), cloud(50), generator=generator) is None
    found = compare(cloud(20, seed=1), cloud(50, seed=2), cloud(50, seed=3), generator=generator)
    assert found is not None and found.axes == 5


def test_standard_differences__name_the_column_and_nothing_by_chance() -> None:
    first, second = cloud(100, seed=1, shift=3.0), cloud(500, seed=2)
    first[:50, 5] = np.nan
    second[:, 7] = 1.0
    found = standard_differences(first, second)
    assert found[0] == pytest.approx(1.5, abs=0.3)
    assert int(np.argmax(np.abs(found))) == 0
    assert found[7] == 0.0
    assert (np.abs(found[1:]) < 0.4).all()
