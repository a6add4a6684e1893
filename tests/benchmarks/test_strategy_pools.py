"""The benchmark's pools: as rare as they claim to be, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from app.simulation.pools import LabelledPool
from benchmarks.strategy_pools import POOLS, data_folder, draw
from benchmarks.text_vectors import TextEncoderAbsentError


def drawn(name: str, seed: int = 0) -> LabelledPool:
    if POOLS[name].needs_data and not data_folder().is_dir():
        pytest.skip(f"{data_folder()} is not there; set GOLDPAN_DATA")
    try:
        return draw(name, seed)
    except TextEncoderAbsentError as error:
        pytest.skip(str(error))


def test_digits__long_tail_with_a_balanced_held_out_set() -> None:
    pool = drawn("digits")
    assert sorted(pool.sizes)[0] == 5
    assert sorted(pool.sizes)[-1] == 140
    assert np.bincount(pool.held_out_truth).tolist() == [30] * 10


def test_draw__the_seed_decides() -> None:
    draw.cache_clear()
    first = drawn("digits", 1)
    draw.cache_clear()
    assert np.array_equal(first.vectors, drawn("digits", 1).vectors)
    assert not np.array_equal(first.truth[:50], drawn("digits", 2).truth[:50])


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "rarest", "classes"),
    [("mnist", 15, 10), ("sdss", 50, 3), ("htru2", 50, 2), ("banking77", 3, 77)],
)
def test_pools__real_data_is_thinned(name: str, rarest: int, classes: int) -> None:
    pool = drawn(name)
    assert pool.sizes.size == classes
    assert pool.sizes.min() == rarest
    assert np.unique(np.bincount(pool.held_out_truth)).size == 1


@pytest.mark.shared_data
def test_needles__twelve_of_five_in_thousands() -> None:
    pool = drawn("needles")
    assert pool.sizes[:12].tolist() == [5] * 12
    assert pool.sizes.size == 18
    assert pool.truth.size > 5_000
    assert pool.rare_classes.tolist() == list(range(12))


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["banking77", "needles"])
def test_seeds__a_name_is_nearer_to_its_own_items_than_to_others(name: str) -> None:
    pool = drawn(name)
    assert pool.seeds is not None
    own = pool.seeds.scores[np.arange(pool.truth.size), pool.truth]
    assert float(own.mean()) > float(pool.seeds.scores.mean()) + 0.1
    assert float(np.abs(pool.seeds.scores).max()) <= 1.0 + 1e-5


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["banking77", "needles"])
def test_seeds__a_name_as_a_point_is_as_long_as_the_items_and_scored_alike(name: str) -> None:
    pool = drawn(name)
    assert pool.seeds is not None and pool.seeds.vectors is not None
    lengths = np.linalg.norm(pool.vectors, axis=1)
    assert np.allclose(np.linalg.norm(pool.seeds.vectors, axis=1), np.median(lengths), rtol=0.01)
    cosines = (
        pool.vectors @ pool.seeds.vectors.T / np.outer(lengths, np.linalg.norm(pool.seeds.vectors, axis=1))
    )
    assert np.allclose(cosines, pool.seeds.scores, atol=0.01)
