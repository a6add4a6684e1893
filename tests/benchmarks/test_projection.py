from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.projection import draw_clouds, lay_out, thin
from benchmarks.projection_figures import judge


def clouds() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], [200, 150, 20])
    centres = np.array([[0, 0], [9, 0], [0, 9]])
    return (centres[truth] + generator.normal(size=(370, 2))).astype(np.float32), truth.astype(np.int64)


def test_judge__the_vectors_themselves_are_a_perfect_layout() -> None:
    vectors, truth = clouds()
    found = judge(vectors, vectors * np.float32(3), truth, rare=2)
    assert found["kept"] == pytest.approx(1) and found["trust"] == pytest.approx(1)
    assert found["accuracy"] > 0.98 and found["rare"] > 0.9


def test_judge__a_shuffled_layout_is_worth_nothing() -> None:
    vectors, truth = clouds()
    found = judge(vectors, np.random.default_rng(1).permutation(vectors), truth, rare=2)
    assert found["kept"] < 0.1 and found["trust"] < 0.6 and found["rare"] < 0.4


def test_thin__keeps_the_others_and_twenty() -> None:
    vectors = np.zeros((130, 2), np.float32)
    truth = np.repeat([0, 1], [80, 50])
    kept, classes, rare = thin(vectors, truth)
    assert rare == 1 and np.bincount(classes).tolist() == [80, 20] and len(kept) == 100


def test_lay_out__in_a_process_of_its_own(tmp_path: Path) -> None:
    draw_clouds(500, 6, tmp_path / "vectors.npy")
    places, seconds, peak_mb = lay_out("principal", tmp_path)
    assert places.shape == (500, 2) and np.isfinite(places).all()
    assert seconds > 0 and peak_mb >= 0
