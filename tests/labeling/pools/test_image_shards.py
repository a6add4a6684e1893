"""Images in shards: reached one at a time, in whatever shard; what is missing or cut says which and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.schema import PoolSection
from labeling.pools.errors import (
    PoolColumnsError,
    PoolContentError,
    PoolEmptyError,
    PoolKeysError,
    PoolMissingError,
    SnapshotError,
)
from labeling.pools.pool import open_pool
from labeling.pools.snapshot import make_snapshot, pool_changed
from labeling.pools.truth import read_truth
from tests.labeling.pools.files import image_bytes, image_member, snapshot, write_tar, write_zip

NUMBERS = range(12)


@pytest.fixture(params=["tar", "zip"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def write_shards(folder: Path, kind: str, *, shards: int = 3) -> PoolSection:
    writer = write_tar if kind == "tar" else write_zip
    for shard in range(shards):
        writer(folder / f"s-{shard}.{kind}", [image_member(i) for i in NUMBERS if i % shards == shard])
    return PoolSection(path=f"s-*.{kind}")


def test_image_shards__each_image_comes_back_as_it_was(tmp_path: Path, kind: str) -> None:
    pool = snapshot(tmp_path, write_shards(tmp_path, kind))
    assert pool.n == len(NUMBERS)
    for number in NUMBERS:
        row = pool.row(f"im-{number:02d}.png")
        assert row is not None
        assert pool.image(row) == (image_bytes(number), "image/png")
        assert pool.images(row, row + 1) == [image_bytes(number)]
    # Nothing of the images is in the snapshot, and nothing was unpacked.
    assert not (pool.folder / "media.arrow").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "project.goldpan",
        *(f"s-{i}.{kind}" for i in range(3)),
    ]


def test_image_shards__tar_and_zip_give_the_same_pool(tmp_path: Path) -> None:
    pools = []
    for kind in ("tar", "zip"):
        (tmp_path / kind).mkdir()
        pools.append(snapshot(tmp_path / kind, write_shards(tmp_path / kind, kind)))
    assert pools[0].hash == pools[1].hash


def test_image_shards__a_project_moved_with_its_shards_opens(tmp_path: Path, kind: str) -> None:
    (tmp_path / "here").mkdir()
    snapshot(tmp_path / "here", write_shards(tmp_path / "here", kind))
    (tmp_path / "here").rename(tmp_path / "there")
    assert open_pool(tmp_path / "there/project.goldpan/pool").images(0, 1) == [image_bytes(0)]


def test_image_shards__members_that_are_no_images_are_left_out(tmp_path: Path) -> None:
    members = [
        ("a/", b""),
        ("x.json", b"{}"),
        image_member(1),
        ("./sub/y.PNG", image_bytes(2)),
        ("._z.png", b"x"),
    ]
    write_tar(tmp_path / "s.tar", [entry for entry in members if not entry[0].endswith("/")])
    pool = snapshot(tmp_path, PoolSection(path="s.tar"))
    assert pool.keys(range(pool.n)) == ["im-01.png", "sub/y.PNG"]


def test_image_shards__damaged_images_are_kept_as_unreadable(tmp_path: Path) -> None:
    write_zip(tmp_path / "s.zip", [image_member(0), ("im-01.png", image_bytes(1)[:40]), image_member(2)])
    raw = bytearray((tmp_path / "s.zip").read_bytes())
    raw[60] ^= 0xFF  # a byte of the first image: its checksum is wrong
    (tmp_path / "s.zip").write_bytes(raw)
    pool = snapshot(tmp_path, PoolSection(path="s.zip"))
    assert pool.readable.tolist() == [False, False, True]
    assert pool.view(0).problem == "its bytes in the shard are damaged"
    assert pool.image(0) is None


def test_image_shards__truth_from_companions_and_from_folders(tmp_path: Path) -> None:
    members = [("0.cls", b"cat\n"), ("0.png", image_bytes(0)), ("1.png", image_bytes(1)), ("2.cls", b"dog")]
    write_tar(tmp_path / "s.tar", [*members, ("2.png", image_bytes(2))])
    assert list(read_truth(snapshot(tmp_path, PoolSection(path="s.tar", truth="cls")).folder) or ()) == [
        "cat",
        "",
        "dog",
    ]
    write_tar(tmp_path / "f.tar", [("cat/0.png", image_bytes(0)), ("dog/0.png", image_bytes(1))])
    pool = snapshot(tmp_path, PoolSection(path="f.tar", labels_from_folders=True), "other/pool")
    assert list(read_truth(pool.folder) or ()) == ["cat", "dog"]
    assert not any("cat" in key or "dog" in key for key in pool.keys(range(2)))
    with pytest.raises(PoolColumnsError, match=r"no member ends in \.txt .*cls"):
        snapshot(tmp_path, PoolSection(path="s.tar", truth="txt"), "third/pool")


def test_image_shards__the_same_names_in_two_shards(tmp_path: Path) -> None:
    for shard in range(2):
        write_tar(tmp_path / f"s-{shard}.tar", [("0.png", image_bytes(shard))])
    with pytest.raises(PoolKeysError, match=r"'0\.png' again in row 2"):
        snapshot(tmp_path, PoolSection(path="s-*.tar"))
    pool = snapshot(tmp_path, PoolSection(path="s-*.tar", key="shard"))
    assert pool.keys(range(2)) == ["s-0/0.png", "s-1/0.png"]


def test_image_shards__columns_are_refused(tmp_path: Path) -> None:
    write_tar(tmp_path / "s.tar", [image_member(0)])
    with pytest.raises(PoolColumnsError, match="shards have no columns"):
        snapshot(tmp_path, PoolSection(path="s.tar", extra=("x",)))


def test_image_shards__without_images(tmp_path: Path, kind: str) -> None:
    (write_tar if kind == "tar" else write_zip)(tmp_path / f"s.{kind}", [("x.txt", b"x")])
    with pytest.raises(PoolEmptyError, match="no image in its shards"):
        snapshot(tmp_path, PoolSection(path=f"s.{kind}"))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_image_shards__one_cut_short_is_named_and_nothing_is_left(
    tmp_path: Path, kind: str, share: float
) -> None:
    section = write_shards(tmp_path, kind)
    path = tmp_path / f"s-1.{kind}"
    whole = path.read_bytes()
    end = len(whole) if kind == "zip" else len(whole.rstrip(b"\0"))
    path.write_bytes(whole[: int(end * share)])
    with pytest.raises(PoolContentError, match=rf"the shard .*s-1\.{kind}"):
        make_snapshot(section, folder=tmp_path / "data/pool", base=tmp_path)
    assert list((tmp_path / "data").iterdir()) == []
    path.write_bytes(whole)
    assert make_snapshot(section, folder=tmp_path / "data/pool", base=tmp_path).n == len(NUMBERS)


def test_image_shards__tar_cut_between_members_is_noticed(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "s.tar", [image_member(i) for i in NUMBERS])
    size = 512 + -(-len(image_bytes(0)) // 512) * 512
    path.write_bytes(path.read_bytes()[: 3 * size])
    with pytest.raises(PoolContentError, match=rf"ends at byte {3 * size:,} without the mark of its end"):
        snapshot(tmp_path, PoolSection(path="s.tar"))


def test_image_shards__tar_with_a_damaged_header_in_the_middle(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "s.tar", [image_member(i) for i in NUMBERS])
    size = 512 + -(-len(image_bytes(0)) // 512) * 512
    raw = bytearray(path.read_bytes())
    raw[3 * size + 10] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(PoolContentError, match=rf"what stands at byte {3 * size:,} is no header"):
        snapshot(tmp_path, PoolSection(path="s.tar"))


def test_image_shards__gone_after_the_import(tmp_path: Path, kind: str) -> None:
    section = write_shards(tmp_path, kind)
    pool = snapshot(tmp_path, section)
    row = pool.row("im-01.png")
    assert row is not None
    path = tmp_path / f"s-1.{kind}"
    away = path.rename(tmp_path / "away")
    with pytest.raises(SnapshotError, match=rf"s-1\.{kind} is gone; put it back"):
        pool.images(row, row + 1)
    assert pool.images(0, 1) == [image_bytes(0)]  # the other shards still serve
    assert not pool.deep_images
    away.rename(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(SnapshotError, match="when the pool was imported"):
        pool.images(row, row + 1)
    (tmp_path / f"s-1.{kind}").unlink()
    with pytest.raises(PoolMissingError, match=r"s-1"):
        pool_changed(pool, PoolSection(path=f"s-{{0..2}}.{kind}"), tmp_path)


def test_image_shards__one_more_is_a_change(tmp_path: Path, kind: str) -> None:
    section = write_shards(tmp_path, kind)
    pool = snapshot(tmp_path, section)
    (write_tar if kind == "tar" else write_zip)(tmp_path / f"s-3.{kind}", [image_member(99)])
    change = pool_changed(pool, section, tmp_path)
    assert change is not None and (change.added, change.removed, change.changed) == (1, 0, 0)
