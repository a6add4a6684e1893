from __future__ import annotations

import numpy as np
import pytest

from models.kept_rows import join_disputed, most_disputed, rows_to_keep


def test_rows_to_keep__the_most_disputed_and_evenly_spaced_ones() -> None:
    disagreement = np.random.default_rng(0).permutation(50_000).astype(np.float32)
    rows = rows_to_keep(np.ones((50_000, 2), np.float32), disagreement, class_count=10)
    assert len(rows) <= 4_096
    assert (np.diff(rows) > 0).all()
    assert set(np.argsort(-disagreement)[:2_048].tolist()) <= set(rows.tolist())
    assert np.diff(rows).max() <= 50_000 // 2_048 + 1


def test_rows_to_keep__fewer_for_a_thousand_classes() -> None:
    disagreement = np.zeros(50_000, np.float32)
    assert len(rows_to_keep(np.ones((50_000, 2), np.float32), disagreement, class_count=1_000)) <= 524


def test_rows_to_keep__copies_leave_places_to_others() -> None:
    disagreement = np.concatenate([np.full(10_000, 0.9), np.linspace(0, 0.8, 10_000)]).astype(np.float32)
    rows = rows_to_keep(np.ones((20_000, 2), np.float32), disagreement, class_count=10)
    assert set(range(18_000, 20_000)) <= set(rows.tolist())


@pytest.mark.parametrize("levels", [1, 3, 10**6])
@pytest.mark.parametrize("cut", [100, 900])
def test_join_disputed__parts_do_not_matter(levels: int, cut: int) -> None:
    disagreement = np.random.default_rng(levels).integers(0, levels, 1_000).astype(np.float32)
    parts = []
    for low in range(0, 1_000, cut):
        values, rows = most_disputed(disagreement[low : low + cut], 150)
        parts.append((values, rows + low))
    values, rows = join_disputed(parts, 150)
    expected, places = most_disputed(disagreement, 150)
    assert np.array_equal(rows, places)
    assert np.array_equal(values, expected)
    assert np.array_equal(np.sort(values), np.sort(disagreement)[-150:])
