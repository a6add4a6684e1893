"""Both searches keep one contract: nearly all of the nearest rows, the same each time, ties and small pools handled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from models import neighbours
from models.exact_rows import LEAST_QUERIES, ExactRows
from models.near_rows import EXHAUSTIVE_ROWS, NearRows
from models.neighbours import RowSearch, search_device, search_rows
from tests.models.test_near_rows import clusters, exact

CPU = torch.device("cpu")
SEARCHES: dict[str, Callable[[np.ndarray], RowSearch]] = {
    "cells": lambda rows: NearRows(rows, seed=3),
    "exact": lambda rows: ExactRows(rows, device=CPU, block_numbers=1 << 20),
}


@pytest.fixture(params=SEARCHES)
def make(request: pytest.FixtureRequest) -> Callable[[np.ndarray], RowSearch]:
    return SEARCHES[request.param]


def test_nearest__nearly_all_of_the_nearest(make: Callable[[np.ndarray], RowSearch]) -> None:
    rows, queries = np.split(clusters(2 * EXHAUSTIVE_ROWS + 300), [2 * EXHAUSTIVE_ROWS])
    found, distances = make(rows).nearest(queries, 10)
    wanted, apart = exact(rows, queries, 10)
    assert np.mean([len(np.intersect1d(*pair)) / 10 for pair in zip(found, wanted, strict=True)]) >= 0.95
    assert (np.diff(distances, axis=1) >= 0).all()
    np.testing.assert_allclose(distances[:, 0], apart[:, 0], rtol=0.05)


def test_nearest__the_same_rows_each_time(make: Callable[[np.ndarray], RowSearch]) -> None:
    rows = clusters(EXHAUSTIVE_ROWS + 500)
    first, second = (make(rows).nearest(rows[:100], 5) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_nearest__of_equal_rows_the_lower_first(make: Callable[[np.ndarray], RowSearch]) -> None:
    rows = np.zeros((6, 3), np.float32)
    rows[3] = 1
    assert make(rows).nearest(rows[:1], 5)[0].tolist() == [[0, 1, 2, 4, 5]]


def test_nearest__more_than_there_are(make: Callable[[np.ndarray], RowSearch]) -> None:
    found, distances = make(clusters(3)).nearest(clusters(2), 9)
    assert found.shape == distances.shape == (2, 3)
    assert np.sort(found, axis=1).tolist() == [[0, 1, 2]] * 2


def test_neighbours__never_the_row_itself(make: Callable[[np.ndarray], RowSearch]) -> None:
    rows = clusters(400)
    rows[:200] = rows[0]
    found, distances = make(rows).neighbours(12)
    assert found.shape == (400, 12)
    assert not (found == np.arange(400)[:, None]).any()
    np.testing.assert_allclose(distances[0], 0, atol=1e-2)


def test_exact_rows__where_memory_runs_out_fewer_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, asked = clusters(500), []
    search, compare = ExactRows(rows, device=CPU), ExactRows._compare

    def narrow(self: ExactRows, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(len(queries))
        if len(queries) > 100:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return compare(self, queries, count)

    monkeypatch.setattr(ExactRows, "_compare", narrow)
    search._block_numbers = 400 * len(rows)
    assert search.nearest(rows[:250], 3)[0][:, 0].tolist() == list(range(250))
    assert asked == [250, 100, 100, 50]


def test_exact_rows__gives_up_where_a_few_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: ExactRows, queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(ExactRows, "_compare", full)
    with pytest.raises(torch.OutOfMemoryError):
        ExactRows(clusters(50), device=CPU).nearest(clusters(LEAST_QUERIES), 3)


def test_search_rows__cells_unless_a_device_is_named() -> None:
    assert isinstance(search_rows(clusters(20), seed=0), NearRows)


def test_search_device__without_a_gpu_the_cpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(neighbours, "DRIVER", tmp_path / "none")
    assert (search_device("auto"), search_device("cpu"), search_device("mps")) == ("cpu",) * 3
    if not torch.cuda.is_available():
        monkeypatch.setattr(neighbours, "DRIVER", tmp_path)
        assert (search_device("auto"), search_device("cuda")) == ("cpu", "cpu")


@pytest.mark.gpu
def test_search_rows__on_a_gpu_exact() -> None:
    rows = clusters(3 * EXHAUSTIVE_ROWS, d=64)
    found, _ = search_rows(rows, seed=0, device="cuda").nearest(rows[:500], 10)
    wanted, _ = exact(rows, rows[:500], 10)
    assert np.mean([len(np.intersect1d(*pair)) / 10 for pair in zip(found, wanted, strict=True)]) > 0.99
