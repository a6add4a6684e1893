"""A project is made whole or not at all, whatever is wrong with the pool's file or the disk."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from app.prepare import create_project
from app.setup import ProjectWishes, make_config
from config.errors import GoldpanError
from config.schema import ProjectConfig
from labeling.pools.snapshot import make_snapshot

ROWS = 5_000


@pytest.fixture
def table(tmp_path: Path) -> pa.Table:
    values = np.random.default_rng(0).normal(size=(2, ROWS))
    return pa.table({"id": [f"item-{row:05d}" for row in range(ROWS)], "x": values[0], "y": values[1]})


def config_of(pool: Path) -> ProjectConfig:
    return make_config(ProjectWishes(name="whole", pool=str(pool)), pool.parent / "whole.yaml")


def names_beside(pool: Path) -> list[str]:
    return sorted(entry.name for entry in pool.parent.iterdir())


@contextmanager
def disk_full_at(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size: each write after that fails, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
def test_create_project__a_parquet_file_cut_short(tmp_path: Path, table: pa.Table, share: float) -> None:
    pool = tmp_path / "pool.parquet"
    pa.parquet.write_table(table, pool)
    whole = pool.read_bytes()
    pool.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(GoldpanError, match=r"pool\.parquet"):
        create_project(config_of(pool), tmp_path / "whole.yaml")
    assert names_beside(pool) == ["pool.parquet"]


def test_create_project__a_csv_file_cut_short_within_a_row(tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    lines = [f"item-{row},{row},{row}" for row in range(ROWS)]
    pool.write_text("id,x,y\n" + "\n".join(lines)[:-6], encoding="utf-8")
    with pytest.raises(GoldpanError, match=r"line 5001: 2 values where the header has 3"):
        create_project(config_of(pool), tmp_path / "whole.yaml")
    assert names_beside(pool) == ["pool.csv"]


def test_create_project__vectors_cut_short(tmp_path: Path) -> None:
    pool = tmp_path / "pool.npy"
    np.save(pool, np.ones((ROWS, 8), np.float16))
    pool.write_bytes(pool.read_bytes()[:-100])
    with pytest.raises(GoldpanError, match=r"pool\.npy"):
        create_project(config_of(pool), tmp_path / "whole.yaml")
    assert names_beside(pool) == ["pool.npy"]


@pytest.mark.parametrize(("kind", "part"), [("parquet", "pool/items.arrow"), ("npy", "vectors/vectors.npy")])
def test_create_project__a_disk_that_fills_at_four_fifths(
    tmp_path: Path, table: pa.Table, kind: str, part: str
) -> None:
    pool = tmp_path / f"pool.{kind}"
    if kind == "npy":
        np.save(pool, np.random.default_rng(0).normal(size=(ROWS, 64)).astype(np.float32))
    else:
        pa.parquet.write_table(table, pool)
    (tmp_path / "first").mkdir()
    first = make_config(ProjectWishes(name="first", pool=str(pool)), tmp_path / "first" / "first.yaml")
    made = create_project(first, tmp_path / "first" / "first.yaml")
    made.close()
    size = (made.paths.folder / part).stat().st_size
    with (
        disk_full_at(int(0.8 * size)),
        pytest.raises(GoldpanError, match=r"(snapshot|vectors).*File too large"),
    ):
        create_project(config_of(pool), tmp_path / "whole.yaml")
    assert names_beside(pool) == ["first", f"pool.{kind}"]
    create_project(config_of(pool), tmp_path / "whole.yaml").close()  # the way on: once there is room


def test_make_snapshot__a_full_disk_keeps_the_older_snapshot(tmp_path: Path, table: pa.Table) -> None:
    pool = tmp_path / "pool.parquet"
    pa.parquet.write_table(table, pool)
    section = config_of(pool).pool
    before = make_snapshot(section, folder=tmp_path / "p" / "pool", base=tmp_path)
    pa.parquet.write_table(pa.concat_tables([table, table]), pool)
    with disk_full_at(100_000), pytest.raises(GoldpanError, match="no snapshot of"):
        make_snapshot(section, folder=tmp_path / "p" / "pool", base=tmp_path)
    assert [entry.name for entry in (tmp_path / "p").iterdir()] == ["pool"]
    assert len(before) == ROWS
