from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.simulation.errors import SimulationError
from app.simulation.pools import SeekScores
from app.simulation.store import StoredRun, hash_pool, read_run, run_key, write_run
from tests.app.simulation.pools import small_pool

RUN = StoredRun(
    key="ab" * 32,
    pool="odd/../name",
    strategy="margin+density",
    head="logistic",
    seed=3,
    plan={"budget": 20},
    summary={"area": 0.5, "labels_to_all_classes": float("inf")},
    rows=(4, 2, 0),
    steps=pd.DataFrame({"labels": [10, 20], "balanced_accuracy": [0.25, 0.5]}),
)


def test_write_run__comes_back_as_it_was(tmp_path: Path) -> None:
    found = read_run(write_run(tmp_path, RUN), key=RUN.key)
    assert found is not None
    assert found.steps.equals(RUN.steps)
    assert replace(found, steps=RUN.steps) == RUN


def test_write_run__stays_in_its_folder_whatever_the_pool_is_called(tmp_path: Path) -> None:
    assert write_run(tmp_path, RUN).parent == tmp_path


def test_write_run__leaves_nothing_half_written(tmp_path: Path) -> None:
    write_run(tmp_path, RUN)
    assert [path.suffix for path in tmp_path.iterdir()] == [".parquet"]


def test_write_run__where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="cannot be written"):
        write_run(tmp_path / "missing", RUN)


def test_read_run__damaged_file_counts_as_not_run(tmp_path: Path) -> None:
    path = write_run(tmp_path, RUN)
    path.write_bytes(path.read_bytes()[:-40])
    assert read_run(path, key=RUN.key) is None


def test_read_run__another_key_counts_as_not_run(tmp_path: Path) -> None:
    assert read_run(write_run(tmp_path, RUN), key="cd" * 32) is None


def test_read_run__foreign_parquet_counts_as_not_run(tmp_path: Path) -> None:
    RUN.steps.to_parquet(tmp_path / "x.parquet")
    assert read_run(tmp_path / "x.parquet", key=RUN.key) is None


def test_run_key__depends_on_plan_and_pool() -> None:
    keys = {
        run_key("pool", {"budget": 1}, whole=False),
        run_key("pool", {"budget": 2}, whole=False),
        run_key("other", {"budget": 1}, whole=False),
        run_key("pool", {"budget": 1}, whole=True),
    }
    assert len(keys) == 4
    assert run_key("pool", {"budget": 1}, whole=False) in keys


def test_hash_pool__sees_every_number() -> None:
    pool = small_pool()
    vectors = pool.vectors.copy()
    vectors[-1, -1] = np.nextafter(vectors[-1, -1], np.float32(9))
    assert hash_pool(pool) == hash_pool(small_pool())
    assert hash_pool(pool) != hash_pool(replace(pool, vectors=vectors))


def test_hash_pool__sees_what_the_names_teach() -> None:
    pool = small_pool()
    seeds = SeekScores(np.zeros((len(pool.truth), 1), np.float32), np.array([0], np.int64))
    points = (None, np.ones((1, 4), np.float32), np.full((1, 4), 2, np.float32))
    hashes = {hash_pool(replace(pool, seeds=replace(seeds, vectors=each))) for each in points}
    assert len(hashes | {hash_pool(pool)}) == 4
