"""Pools at addresses: tables, vectors, shards and images, imported and read as if they lay here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from config.schema import PoolSection
from labeling.fetching import fetcher
from labeling.fetching.errors import FetchError, FetchStalledError
from labeling.pools import image_paths
from labeling.pools.errors import PoolContentError, PoolMissingError
from labeling.pools.pool import open_pool
from labeling.pools.snapshot import make_snapshot, pool_changed
from tests.labeling.pools.files import ITEMS, WRITERS, image_bytes, image_member, snapshot, write_tar
from tests.web_files import WebFiles, allow


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"image_folder"}))
def test_pool__at_an_address_is_the_pool_of_the_file(
    server: WebFiles, base: Path, tmp_path: Path, name: str
) -> None:
    section = WRITERS[name](tmp_path)
    for path in tmp_path.rglob("*.*"):
        if path.is_file():
            server.files[f"/{path.relative_to(tmp_path).as_posix()}"] = path.read_bytes()
    here = snapshot(tmp_path, section)
    there = section.model_copy(update={"path": f"{server.origin}/{section.path}"})
    pool = snapshot(base, there)
    assert pool.hash == here.hash and pool.n == ITEMS
    if pool.kind == "image":
        assert pool.images(0, ITEMS) == here.images(0, ITEMS)
    asked = len([each for each in server.asked if each[0] == "GET"])
    assert pool_changed(pool, there, base) is None
    assert len([each for each in server.asked if each[0] == "GET"]) == asked  # told by what HEAD says


def test_pool__vectors_at_an_address_are_kept_in_the_snapshot(server: WebFiles, base: Path) -> None:
    values = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    np.save(base / "v.npy", values)
    server.files["/v.npy"] = (base / "v.npy").read_bytes()
    pool = snapshot(base, PoolSection(path=f"{server.origin}/v.npy"))
    server.files.clear()
    assert np.array_equal(open_pool(pool.folder).vectors(0, 30), values)


def test_pool__that_changed_at_its_address(server: WebFiles, base: Path) -> None:
    server.files["/t.csv"] = b"id,x\na,1\nb,2\n"
    section = PoolSection(path=f"{server.origin}/t.csv")
    pool = snapshot(base, section)
    server.files["/t.csv"] += b"c,3\n"
    change = pool_changed(pool, section, base)
    assert change is not None and change.added_keys == ("c",)


def test_shards__one_image_is_fetched_and_not_its_shard(
    server: WebFiles, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/s-0.tar"] = write_tar(tmp_path / "s.tar", map(image_member, range(9))).read_bytes()
    pool = snapshot(base, PoolSection(path=f"{server.origin}/s-{{0..0}}.tar"))
    (tmp_path / "again").mkdir()
    allow(monkeypatch, tmp_path / "again", server.origin)  # another machine, with nothing kept yet
    server.asked.clear()
    assert open_pool(pool.folder).image(4) == (image_bytes(4), "image/png")
    [(_, path, wanted)] = server.asked
    assert path == "/s-0.tar" and wanted is not None and wanted.startswith("bytes=")


def test_shards__one_that_is_cut_short_at_its_address(server: WebFiles, base: Path, tmp_path: Path) -> None:
    for number in range(2):
        data = write_tar(tmp_path / "s.tar", [image_member(i + 9 * number) for i in range(9)]).read_bytes()
        server.files[f"/s-{number}.tar"] = data[: len(data) // (1 + number)]
    section = PoolSection(path=f"{server.origin}/s-{{0..1}}.tar")
    with pytest.raises(PoolContentError, match=r"the shard http://.*/s-1\.tar is cut short"):
        make_snapshot(section, folder=base / "data/pool", base=base)
    assert list((base / "data").iterdir()) == []
    with pytest.raises(FetchError, match=r"s-2\.tar answers 404"):
        make_snapshot(
            PoolSection(path=f"{server.origin}/s-{{2..2}}.tar"), folder=base / "data/pool", base=base
        )


def test_shards__at_an_address_cannot_be_listed(server: WebFiles, base: Path) -> None:
    with pytest.raises(PoolMissingError, match=r"name a sequence such as \{0000\.\.0099\}"):
        snapshot(base, PoolSection(path=f"{server.origin}/s-*.tar"))


def test_images__at_addresses_that_do_not_come(
    server: WebFiles, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        server.files[f"/{number}.png"] = image_bytes(number)
    lines = [f"{number},{server.origin}/{number}.png\n" for number in range(5)]
    (base / "t.csv").write_text("id,where\n" + "".join(lines))
    section = PoolSection(path="t.csv", image_path="where")
    pool = snapshot(base, section)
    assert pool.readable.tolist() == [True] * 3 + [False] * 2
    assert "answers 404" in str(pool.view(3).problem)
    monkeypatch.setattr(image_paths, "MOST_STALLED", 3)
    monkeypatch.setattr(fetcher, "PAUSES_S", ())
    for number in range(3, 9):
        server.files[f"/{number}.png"], server.busy[f"/{number}.png"] = image_bytes(number), 99
    (base / "t.csv").write_text("id,where\n" + "".join(lines[:3]) + "".join(
        f"{number},{server.origin}/{number}.png\n" for number in range(3, 9)
    ))  # fmt: skip
    with pytest.raises(FetchError, match=r"images in a row did not come.*run the same command again"):
        snapshot(base, section, "other/pool")
    assert list((base / "other").iterdir()) == []
    server.busy.clear()
    server.asked.clear()
    assert snapshot(base, section, "other/pool").readable.all()
    assert server.gets("/0.png") == 0  # what had come is kept


def test_images__an_address_that_does_not_answer_later(
    server: WebFiles, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/0.png"] = image_bytes(0)
    (base / "t.csv").write_text(f"id,where\na,{server.origin}/0.png\n")
    pool = snapshot(base, PoolSection(path="t.csv", image_path="where"))
    (tmp_path / "again").mkdir()
    allow(monkeypatch, tmp_path / "again", server.origin)
    server.busy["/0.png"] = 99
    with pytest.raises(FetchStalledError, match="answers 503"):
        open_pool(pool.folder).images(0, 1)


def test_table__parquet_cut_short_at_its_address(server: WebFiles, base: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"id": range(100), "x": range(100)}), base / "t.parquet")
    server.files["/t.parquet"] = (base / "t.parquet").read_bytes()[:-40]
    with pytest.raises(PoolContentError, match=r"t\.parquet is not a readable Parquet file"):
        snapshot(base, PoolSection(path=f"{server.origin}/t.parquet"))
