from __future__ import annotations

from dataclasses import replace

import numpy as np

from strategies.density_start import density_start, measure_density
from tests.strategies.pools import cold_state, group_vectors

SIZES = (600, 200, 60, 20, 12)


def groups_of(rows: np.ndarray) -> set[int]:
    return set(np.repeat(np.arange(len(SIZES)), SIZES)[rows].tolist())


def test_density_start__twenty_items_meet_every_group() -> None:
    for seed in range(5):
        choice = density_start(cold_state(group_vectors(SIZES, seed=seed)), 20, np.random.default_rng(seed))
        assert groups_of(choice.indices) == set(range(len(SIZES)))


def test_density_start__first_item_is_typical() -> None:
    vectors = group_vectors(SIZES)
    vectors[0] = 500.0
    choice = density_start(cold_state(vectors), 1, np.random.default_rng(0))
    assert choice.indices[0] != 0
    assert choice.reasons[0] == "A typical item of the densest part of the pool, to begin with."


def test_density_start__keeps_away_from_what_is_labelled() -> None:
    state = cold_state(group_vectors((100, 100)), names=("a",))
    labels = state.labels.copy()
    labels[:50] = 0
    choice = density_start(replace(state, labels=labels, closed=labels >= 0), 1, np.random.default_rng(0))
    assert choice.indices[0] >= 100
    assert choice.reasons == ("Nothing near it has a label yet.",)


def test_measure_density__candidates_are_a_seeded_part_of_the_open_rows() -> None:
    state = cold_state(group_vectors((500,)))
    rows = np.arange(100, 500)
    first = measure_density(state, rows, 64, np.random.default_rng(1))
    again = measure_density(state, rows, 64, np.random.default_rng(1))
    assert first.rows.size == 64
    assert first.rows.min() >= 100
    assert np.array_equal(first.rows, again.rows)
    assert np.isinf(first.nearest).all()


def test_measure_density__weights_are_higher_where_items_are_denser() -> None:
    generator = np.random.default_rng(0)
    tight, loose = generator.normal(size=(50, 4)) * 0.1, generator.normal(size=(50, 4)) * 3 + 20
    state = cold_state(np.concatenate([tight, loose]).astype(np.float32))
    measured = measure_density(state, np.arange(100), 100, generator)
    assert measured.weights[:50].min() > measured.weights[50:].max()
