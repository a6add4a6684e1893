from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.memory import MemoryWatch, own_memory_gb
from benchmarks.scale import STAGES, items_of, measure_size, read_once
from benchmarks.scale_peers import OURS
from benchmarks.scale_pool import SHARES, labelled_rows, plant, planted_project, size_name
from labeling.annotations import current_labels
from models.vectors import open_vectors


def test_plant__classes_in_their_shares_and_the_same_again(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    first, second = (plant(tmp_path / name, 70_000, dimensions=4) for name in "ab")
    assert first.path.read_bytes() == second.path.read_bytes()
    found = np.bincount(first.truth, minlength=len(SHARES)) / 70_000
    assert np.allclose(found, SHARES, atol=0.006)
    vectors = np.load(first.path)
    assert (vectors.dtype, vectors.shape) == (np.float16, (70_000, 4))
    assert not np.array_equal(vectors[:4_464], vectors[65_536:])  # chunks differ


def test_plant__fewer_items_than_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="9 items cannot hold 10 classes"):
        plant(tmp_path, 9)


def test_labelled_rows__rare_classes_whole_large_ones_alike(tmp_path: Path) -> None:
    truth = plant(tmp_path, 20_000, dimensions=1).truth
    rows = labelled_rows(truth, 500)
    assert len(np.unique(rows)) == 500
    counts, there = np.bincount(truth[rows], minlength=10), np.bincount(truth, minlength=10)
    assert (counts >= np.minimum(there, 50)).all()


@pytest.mark.parametrize(
    ("items", "name"), [(10_000, "1e4"), (3_000_000, "3e6"), (12_345, "12345"), (120, "120")]
)
def test_size_name__(items: int, name: str) -> None:
    assert size_name(items) == name


def test_items_of__as_people_write_them() -> None:
    assert (items_of("1e4"), items_of("20000")) == (10_000, 20_000)
    with pytest.raises(ValueError, match="no whole number"):
        items_of("10")


def test_read_once__takes_time_for_each_number() -> None:
    assert read_once(np.ones((100_000, 8), np.float16)) > 0


@pytest.mark.skipif(own_memory_gb(os.getpid()) is None, reason="the system does not tell")
def test_memory_watch__sees_what_was_taken_and_given_back() -> None:
    before = own_memory_gb(os.getpid())
    assert before is not None
    with MemoryWatch(os.getpid(), every_s=0.001) as watch:
        taken = np.ones(12_500_000)
        taken += 1.0
        del taken
    assert watch.peak_gb is not None
    assert watch.peak_gb > before + 0.08


def test_own_memory__of_no_process() -> None:
    assert own_memory_gb(2**30) is None


def test_peers__each_idea_has_one_of_ours() -> None:
    from benchmarks.peers.registry import NAMES
    from strategies.registry import strategies

    for name in NAMES:
        assert OURS[name.rsplit("_", 1)[1]] in strategies.names()


def test_planted_project__vectors_stay_halves_and_labels_are_true(tmp_path: Path) -> None:
    project = planted_project(tmp_path, 2_000, dimensions=8, labels=50)
    assert open_vectors(project.paths.vectors).array.dtype == np.float16
    with project.database.reading() as session:
        assert len(current_labels(session).item_keys) == 50
    project.close()


@pytest.mark.slow
def test_measure_size__stages_add_up(tmp_path: Path) -> None:
    figures = measure_size(3_000, folder=tmp_path, dimensions=8, repeats=1)
    stages = sum(figures[f"{stage}_3e3_s"] for stage in (*STAGES, "storing"))
    assert stages == pytest.approx(figures["round_3e3_s"], abs=0.01)
    assert figures["peak_3e3_gb"] >= figures["idle_3e3_gb"] > 0
    assert not list(tmp_path.iterdir())
