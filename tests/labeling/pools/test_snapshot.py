from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from config.schema import PoolSection
from labeling.pools.errors import (
    PoolContentError,
    PoolKeysError,
    PoolKindError,
    PoolMissingError,
    SnapshotError,
)
from labeling.pools.snapshot import make_snapshot, open_pool, pool_changed
from labeling.pools.writer import ContentHash
from tests.labeling.pools.files import ITEMS, csv_pool, snapshot, write_image_folder, write_table


def test_make_snapshot__failed_import_keeps_the_older_snapshot_and_leaves_nothing(tmp_path: Path) -> None:
    first = csv_pool(tmp_path, "id,x\na,1\nb,2\n")
    with pytest.raises(PoolContentError):
        csv_pool(tmp_path, "id,x\na,1\nb,2,3\n")
    assert open_pool(first.folder).hash == first.hash
    assert [path.name for path in first.folder.parent.iterdir()] == ["pool"]


def test_make_snapshot__older_snapshot_stays_open_while_a_new_one_replaces_it(tmp_path: Path) -> None:
    first = csv_pool(tmp_path, "id,x\na,1\nb,2\n")
    second = csv_pool(tmp_path, "id,x\na,1\nb,2\nc,3\n")
    assert first.view(1).fields == (("x", "2"),)
    assert second.n == 3
    assert [path.name for path in second.folder.parent.iterdir()] == ["pool"]


def test_make_snapshot__folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    section = write_table(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("precious")
    with pytest.raises(SnapshotError, match="holds other files"):
        make_snapshot(section, folder=tmp_path / "mine", base=tmp_path)
    assert (tmp_path / "mine/thesis.txt").read_text() == "precious"


def test_make_snapshot__place_that_cannot_be_written(tmp_path: Path) -> None:
    section = write_table(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(SnapshotError, match="cannot be written"):
        make_snapshot(section, folder=tmp_path / "file/pool", base=tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_make_snapshot__read_only_folder(tmp_path: Path) -> None:
    section = write_table(tmp_path)
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(SnapshotError, match="cannot be written"):
        make_snapshot(section, folder=tmp_path / "locked/pool", base=tmp_path)


def test_make_snapshot__progress_ends_at_one(tmp_path: Path) -> None:
    seen: list[float] = []
    section = write_image_folder(tmp_path)
    make_snapshot(section, folder=tmp_path / "p", base=tmp_path, progress=lambda share, _: seen.append(share))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_open_pool__missing_folder(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="holds no snapshot"):
        open_pool(tmp_path / "nowhere")


def test_open_pool__newer_version(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x\na,1\n")
    path = pool.folder / "snapshot.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    with pytest.raises(SnapshotError, match="upgrade goldpan"):
        open_pool(pool.folder)


@pytest.mark.parametrize("name", ["snapshot.json", "items.arrow", "key_index.npy", "readable.npy"])
@pytest.mark.parametrize("damage", ["gone", "empty", "noise"])
def test_open_pool__damaged_file_is_a_clear_error(tmp_path: Path, name: str, damage: str) -> None:
    pool = csv_pool(tmp_path, "id,x\na,1\nb,2\n")
    copy = tmp_path / "copy"
    shutil.copytree(pool.folder, copy)
    if damage == "gone":
        (copy / name).unlink()
    else:
        (copy / name).write_bytes(b"" if damage == "empty" else b"\x00\x01noise" * 50)
    with pytest.raises(SnapshotError):
        open_pool(copy)


def test_open_pool__files_of_two_snapshots_mixed(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x\na,1\nb,2\n")
    np.save(pool.folder / "readable.npy", np.ones(3, dtype=bool))
    with pytest.raises(SnapshotError, match="damaged"):
        open_pool(pool.folder)


def test_snapshot__description_holds_what_was_read(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x,note\na,1,p\nb,inf,q\n", extra=("note",))
    content = json.loads((pool.folder / "snapshot.json").read_text())
    assert content["version"] == 1
    assert content["reader"] == "table"
    assert content["n"] == 2
    assert content["hash"] == pool.hash
    assert content["unreadable"] == 1
    assert [(each["name"], each["role"], each["use"]) for each in content["columns"]] == [
        ("x", "numeric", "model"),
        ("note", "text", "extra"),
    ]
    assert content["source"]["path"] == "t.csv"
    assert str(tmp_path) not in (pool.folder / "snapshot.json").read_text()


def test_pool__content_of_another_kind_is_refused(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x\na,1\n")
    assert pool.image(0) is None
    for call in (pool.texts, pool.images, pool.vectors):
        with pytest.raises(PoolKindError, match="'table'"):
            call(0, 1)


@pytest.mark.parametrize("row", [-1, 2, 10**9])
def test_pool__row_outside_is_an_index_error(tmp_path: Path, row: int) -> None:
    pool = csv_pool(tmp_path, "id,x\na,1\nb,2\n")
    for call in (pool.key, pool.view, pool.image):
        with pytest.raises(IndexError):
            call(row)
    with pytest.raises(IndexError):
        pool.keys([0, row])


def test_pool__truth_is_out_of_reach(tmp_path: Path) -> None:
    pool = snapshot(tmp_path, write_table(tmp_path))
    (pool.folder / "truth.parquet").unlink()
    again = open_pool(pool.folder)
    assert [again.view(row).type for row in range(ITEMS)] == ["table"] * ITEMS
    assert not [name for name in dir(again) if "truth" in name]
    assert "label" not in again.frame(0, 1)
    assert "label" not in repr(again.snapshot)


def test_pool_changed__what_moved_is_counted_and_named(tmp_path: Path) -> None:
    section = PoolSection(path="t.csv", key="id", reader="table")
    pool = csv_pool(tmp_path, "id,x\na,1\nb,2\nc,3\nd,4\n", key="id")
    (tmp_path / "t.csv").write_text("id,x\nd,4\na,1\nb,22\nnew,9\n")
    change = pool_changed(pool, section, tmp_path)
    assert change is not None
    assert (change.added, change.removed, change.changed, change.moved) == (1, 1, 1, 2)
    assert (change.added_keys, change.removed_keys, change.changed_keys) == (("new",), ("c",), ("b",))
    text = change.describe()
    assert "1 added (new); 1 removed (c); 1 changed (b); 2 in another row" in text


def test_pool_changed__changed_image_of_the_same_size(tmp_path: Path) -> None:
    section = write_image_folder(tmp_path)
    pool = snapshot(tmp_path, section)
    path = next((tmp_path / "images").rglob("*.png"))
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    change = pool_changed(pool, section, tmp_path)
    assert change is not None
    assert (change.added, change.removed, change.changed) == (0, 0, 1)


def test_pool_changed__changed_truth_is_no_change(tmp_path: Path) -> None:
    section = PoolSection(path="t.csv", truth="class", reader="table")
    pool = csv_pool(tmp_path, "id,x,class\na,1,s\nb,2,q\n", truth="class")
    (tmp_path / "t.csv").write_text("id,x,class\na,1,quite another\nb,2,q\n")
    assert pool_changed(pool, section, tmp_path) is None


def test_pool_changed__source_that_is_gone(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x\na,1\n")
    (tmp_path / "t.csv").unlink()
    with pytest.raises(PoolMissingError):
        pool_changed(pool, PoolSection(path="t.csv"), tmp_path)
    assert pool.view(0).fields == (("x", "1"),)


def test_make_snapshot__keys_repeated_across_a_large_pool_are_named(tmp_path: Path) -> None:
    rows = 30_000
    keys = [f"item-{row}" for row in range(rows)]
    keys[29_999], keys[20_001] = keys[3], keys[15_000]
    lines = "\n".join(f"{key},{row}" for row, key in enumerate(keys))
    (tmp_path / "large.csv").write_text(f"name,x\n{lines}\n", encoding="utf-8")
    section = PoolSection(path="large.csv", key="name")
    with pytest.raises(
        PoolKeysError,
        match=r"2 keys are given more than once \('item-15000' again in row 20002, 'item-3' again in row 30000\)",
    ):
        make_snapshot(section, folder=tmp_path / "pool", base=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["large.csv"]


def test_make_snapshot__hash_of_keys_beyond_ascii_is_what_it_always_was(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x\nä,1\nb€,2\n日本,3\n")
    content = ContentHash()
    content.add(
        pa.array(["ä", "b€", "日本"]),
        pool._items.span(0, 3, 1).combine_chunks().to_numpy(zero_copy_only=False),
    )
    plain = [sha256("äb€日本".encode()), sha256(np.array([2, 4, 6], "<i8").tobytes()), content._items]
    assert pool.hash == content.hexdigest() == sha256(b"".join(part.digest() for part in plain)).hexdigest()


def test_content_hash__a_slice_counts_as_its_own_keys() -> None:
    whole, cut = ContentHash(), ContentHash()
    keys, hashes = pa.array(["a", "bc", "def"]), np.arange(3, dtype=np.uint64)
    whole.add(pa.array(["bc", "def"]), hashes[1:])
    cut.add(keys.slice(1), hashes[1:])
    assert whole.hexdigest() == cut.hexdigest()
