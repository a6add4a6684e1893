"""The real pools: imported whole, with their truth hidden."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from config.schema import PoolSection
from labeling.pools.snapshot import make_snapshot, open_pool, pool_changed
from labeling.pools.truth import read_truth

pytestmark = pytest.mark.shared_data
DATA = Path(os.environ.get("GOLDPAN_DATA", Path(__file__).parents[3].parent / "shared/data"))

POOLS = {
    "sdss": ({"path": "sdss.csv", "truth": "class", "extra": ("redshift", "ra", "dec")}, "table", 10_000, 3),
    "htru2": ({"path": "htru2.csv", "truth": "Class"}, "table", 17_898, 2),
    "banking77": ({"path": "banking77_train.csv", "truth": "category"}, "text", 10_003, 77),
    "mnist": ({"path": "mnist_train.parquet", "truth": "label"}, "image", 60_000, 10),
}


@pytest.mark.parametrize("name", POOLS)
def test_make_snapshot__real_pool(name: str, tmp_path: Path) -> None:
    raw, kind, count, classes = POOLS[name]
    section = PoolSection.model_validate(raw)
    if not (DATA / section.path).exists():
        pytest.skip(f"{DATA / section.path} is not here; set GOLDPAN_DATA to the folder that has it")
    started = time.perf_counter()
    pool = make_snapshot(section, folder=tmp_path / "pool", base=DATA)
    print(f"{name}: {time.perf_counter() - started:.2f} s")
    truth = read_truth(pool.folder)
    assert (pool.kind, pool.n) == (kind, count)
    assert truth is not None
    assert len(set(truth)) == classes
    assert pool.readable.all()
    assert section.truth not in pool.roles
    assert pool_changed(open_pool(pool.folder), section, DATA) is None
    rows = np.random.default_rng(0).integers(0, count, 100)
    assert pool.rows(pool.keys(rows)).tolist() == rows.tolist()


@pytest.mark.parametrize("name", POOLS)
def test_make_snapshot__truth_of_a_real_pool_is_in_no_other_file(name: str, tmp_path: Path) -> None:
    raw, kind, count, _ = POOLS[name]
    section = PoolSection.model_validate(raw)
    if not (DATA / section.path).exists():
        pytest.skip(f"{DATA / section.path} is not here; set GOLDPAN_DATA to the folder that has it")
    pool = make_snapshot(section, folder=tmp_path / "pool", base=DATA)
    truth = read_truth(pool.folder) or []
    for row in range(0, count, 97):
        view = pool.view(row)
        shown = {
            view.key,
            *view.key.replace("/", " ").split(),
            *(value for _, value in view.fields + view.extra),
        }
        assert truth[row] not in shown or (kind == "table" and truth[row].isdigit())
    if kind == "table":
        stored = b"".join(path.read_bytes() for path in pool.folder.iterdir() if path.name != "truth.parquet")
        assert not [label for label in Counter(truth) if label.encode() in stored]


def test_make_snapshot__sdss_model_never_sees_what_gives_the_answer_away(tmp_path: Path) -> None:
    section = PoolSection.model_validate(POOLS["sdss"][0])
    if not (DATA / section.path).exists():
        pytest.skip(f"{DATA / section.path} is not here; set GOLDPAN_DATA to the folder that has it")
    pool = make_snapshot(section, folder=tmp_path / "pool", base=DATA)
    assert list(pool.frame(0, 5).columns) == ["u", "g", "r", "i", "z"]
    assert [name for name, _ in pool.view(0).extra] == ["redshift", "ra", "dec"]
