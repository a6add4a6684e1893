"""The contract that every registered reader keeps, and the choice of a reader."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from config.errors import UnknownNameError
from config.schema import PoolSection
from labeling.pools.errors import PoolEmptyError, PoolError, PoolMissingError, PoolReaderError
from labeling.pools.registry import choose_reader, locate, readers
from labeling.pools.snapshot import make_snapshot, open_pool, pool_changed
from labeling.pools.truth import read_truth
from tests.labeling.pools.files import ITEMS, WRITERS, image_bytes, snapshot

NAMES = readers.names()


def test_readers__each_has_a_pool_to_be_tested_with() -> None:
    assert set(WRITERS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_reader__auto_chooses_it_for_its_own_kind_of_file(name: str, tmp_path: Path) -> None:
    section = WRITERS[name](tmp_path)
    assert choose_reader(section, locate(section, tmp_path)) == name


@pytest.mark.parametrize("name", NAMES)
def test_reader__same_source_elsewhere_gives_the_same_hash_keys_and_files(name: str, tmp_path: Path) -> None:
    pools = []
    for place in ("here", "there/deeper"):
        base = tmp_path / place
        base.mkdir(parents=True)
        pools.append(snapshot(base, WRITERS[name](base)))
    first, second = pools
    assert first.hash == second.hash
    assert len(first.hash) == 64
    assert first.keys(range(ITEMS)) == second.keys(range(ITEMS))
    for file in ("items.arrow", "key_index.npy", "readable.npy"):
        assert (first.folder / file).read_bytes() == (second.folder / file).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_reader__keys_lead_back_to_their_rows(name: str, tmp_path: Path) -> None:
    pool = snapshot(tmp_path, WRITERS[name](tmp_path))
    keys = pool.keys(range(ITEMS))
    assert len(pool) == pool.n == ITEMS == len(set(keys))
    assert pool.rows(keys[::-1]).tolist() == list(range(ITEMS))[::-1]
    assert pool.rows(["no such key", keys[3]]).tolist() == [-1, 3]
    assert pool.row(keys[7]) == 7
    assert pool.row("no such key") is None
    assert pool.rows([]).shape == (0,)


@pytest.mark.parametrize("name", NAMES)
def test_reader__truth_is_kept_for_each_item_and_in_no_other_file(name: str, tmp_path: Path) -> None:
    pool = snapshot(tmp_path, WRITERS[name](tmp_path))
    truth = read_truth(pool.folder)
    assert truth is not None
    assert len(truth) == ITEMS
    others = [path for path in pool.folder.iterdir() if path.name not in ("truth.parquet", "items.arrow")]
    stored = b"".join(path.read_bytes() for path in others)
    shown = repr([pool.view(row) for row in range(ITEMS)]).encode()
    for label in set(truth):
        assert label.encode() not in stored
        assert label.encode() not in shown
    # The files of a folder of images can only be opened by a path that names their sub-folder.
    if name != "image_folder":
        assert not any(label.encode() in (pool.folder / "items.arrow").read_bytes() for label in set(truth))


@pytest.mark.parametrize("name", NAMES)
def test_reader__opened_again_shows_the_same_items(name: str, tmp_path: Path) -> None:
    pool = snapshot(tmp_path, WRITERS[name](tmp_path))
    again = open_pool(pool.folder)
    assert [again.view(row) for row in range(ITEMS)] == [pool.view(row) for row in range(ITEMS)]
    assert again.readable.all()
    assert again.hash == pool.hash


@pytest.mark.parametrize("name", NAMES)
def test_reader__unchanged_source_is_no_change_even_when_touched(name: str, tmp_path: Path) -> None:
    section = WRITERS[name](tmp_path)
    pool = snapshot(tmp_path, section)
    assert pool_changed(pool, section, tmp_path) is None
    path = locate(section, tmp_path)
    # Of a folder or a pattern one file that belongs to it.
    belonging = [
        each for folder in (path, path.parent) for each in (*folder.rglob("*.png"), *folder.rglob("*.tar"))
    ]
    (path if path.is_file() else belonging[0]).touch()
    assert pool_changed(pool, section, tmp_path) is None


@pytest.mark.parametrize("name", NAMES)
def test_reader__gives_an_encoder_its_own_kind_of_content(name: str, tmp_path: Path) -> None:
    pool = snapshot(tmp_path, WRITERS[name](tmp_path))
    if pool.kind == "table":
        assert list(pool.frame(3, 13).columns) == list(pool.roles) == ["size", "colour"]
        assert len(pool.frame(3, 13)) == 10
    elif pool.kind == "text":
        assert pool.texts(3, 5) == ["question 3, with a comma", "question 4, with a comma"]
    elif pool.kind == "image":
        assert sorted(map(str, pool.images(0, ITEMS))) == sorted(str(image_bytes(i)) for i in range(ITEMS))
        assert pool.image(0) == (pool.images(0, 1)[0], "image/png")
    elif pool.kind == "series":
        expected = np.random.default_rng(0).normal(size=20).astype(np.float32)
        [first, *_] = pool.series(0, ITEMS)
        assert first is not None and np.array_equal(first[:, 0], expected)
    else:
        expected = np.random.default_rng(0).normal(size=(ITEMS, 6)).astype(np.float32)
        assert np.array_equal(pool.vectors(0, ITEMS), expected)


@pytest.mark.parametrize("name", NAMES)
def test_reader__several_threads_read_the_same(name: str, tmp_path: Path) -> None:
    pool = snapshot(tmp_path, WRITERS[name](tmp_path))
    expected = [pool.view(row) for row in range(ITEMS)]
    wrong: list[int] = []

    def read() -> None:
        wrong.extend(row for _ in range(5) for row in range(ITEMS) if pool.view(row) != expected[row])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "image_folder"])
def test_reader__empty_file_is_refused_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    endings = {
        "text": "txt", "image_table": "parquet", "image_shards": "tar", "series": "npy", "vectors": "npy",
        "fits": "fits",
    }  # fmt: skip
    suffix = endings.get(name, "csv")
    (tmp_path / f"empty.{suffix}").touch()
    where = "x" if name == "image_paths" else None
    section = PoolSection(path=f"empty.{suffix}", reader=name, image_path=where)
    with pytest.raises(PoolError, match=f"empty.{suffix}"):
        make_snapshot(section, folder=tmp_path / "data/pool", base=tmp_path)
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "image_folder"])
def test_reader__folder_given_to_a_reader_of_files_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(PoolReaderError, match="is a folder"):
        snapshot(tmp_path, PoolSection(path="folder", reader=name))


def test_locate__missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(PoolMissingError, match=r"nowhere\.csv does not exist"):
        locate(PoolSection(path="nowhere.csv"), tmp_path)


def test_locate__absurdly_long_path_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(PoolMissingError):
        locate(PoolSection(path="x" * 4000), tmp_path)


def test_choose_reader__lines_and_tables_of_one_text_are_texts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "b.jsonl").write_text('{"id": 1, "text": "one"}\n')
    (tmp_path / "c.jsonl").write_text('{"id": 1, "size": 3, "text": "one"}\n')
    assert choose_reader(PoolSection(path="a.txt"), tmp_path / "a.txt") == "text"
    assert choose_reader(PoolSection(path="b.jsonl"), tmp_path / "b.jsonl") == "text"
    assert choose_reader(PoolSection(path="c.jsonl"), tmp_path / "c.jsonl") == "table"


def test_choose_reader__unknown_ending_lists_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(PoolReaderError, match=r"\.csv.*\.parquet"):
        choose_reader(PoolSection(path="a.xlsx"), tmp_path / "a.xlsx")


def test_readers__unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'table'"):
        readers.get("tabel")


def test_choose_reader__empty_lines_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n  \n")
    with pytest.raises(PoolEmptyError):
        snapshot(tmp_path, PoolSection(path="a.txt"))
