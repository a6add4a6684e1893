"""A table whose column says where the images are."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.schema import PoolSection
from labeling.fetching.errors import FetchRefusedError
from labeling.pools.errors import PoolColumnsError
from tests.labeling.pools.files import image_bytes, snapshot


def table(folder: Path, *rows: str) -> PoolSection:
    (folder / "pictures").mkdir(exist_ok=True)
    for number in range(3):
        (folder / "pictures" / f"{number}.png").write_bytes(image_bytes(number))
    (folder / "t.csv").write_text("id,where,note\n" + "".join(f"{row}\n" for row in rows))
    return PoolSection(path="t.csv", image_path="where", extra=("note",))


def test_image_paths__below_the_tables_folder(tmp_path: Path) -> None:
    pool = snapshot(tmp_path, table(tmp_path, "a,pictures/1.png,x", "b,pictures/0.png,y"))
    assert pool.keys(range(2)) == ["a", "b"]
    assert pool.images(0, 2) == [image_bytes(1), image_bytes(0)]
    assert pool.view(1).extra == (("note", "y"),)


def test_image_paths__one_image_may_belong_to_two_items(tmp_path: Path) -> None:
    pool = snapshot(tmp_path, table(tmp_path, "a,pictures/1.png,x", "b,pictures/1.png,y"))
    assert pool.images(0, 2) == [image_bytes(1)] * 2


def test_image_paths__what_is_not_there_or_outside_is_unreadable(tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (tmp_path / "secret.png").write_bytes(image_bytes(9))
    rows = (
        "a,../secret.png,x",
        f"b,{tmp_path}/secret.png,x",
        "c,pictures/9.png,x",
        "d,,x",
        "e,pictures/2.png,x",
    )
    pool = snapshot(base, table(base, *rows))
    assert pool.readable.tolist() == [False, False, False, False, True]
    assert pool.view(0).problem == "its image is not there, or lies outside of the table's folder"
    assert pool.view(3).problem == "the row names no image"
    assert pool.images(0, 5) == [None, None, None, None, image_bytes(2)]


def test_image_paths__an_address_is_refused_and_says_how_to_allow_it(tmp_path: Path) -> None:
    section = table(tmp_path, "a,https://pictures.example.org/1.png,x")
    with pytest.raises(FetchRefusedError, match=r"--allow-fetch https://pictures\.example\.org"):
        snapshot(tmp_path, section)
    assert list((tmp_path / "project.goldpan").iterdir()) == []


def test_image_paths__a_column_that_is_not_there(tmp_path: Path) -> None:
    section = table(tmp_path, "a,pictures/1.png,x").model_copy(update={"image_path": "were"})
    with pytest.raises(
        PoolColumnsError, match=r"pool.image_path: 'were' is not a column; did you mean 'where'"
    ):
        snapshot(tmp_path, section)
    with pytest.raises(PoolColumnsError, match=r"needs pool\.image_path"):
        snapshot(tmp_path, PoolSection(path="t.csv", reader="image_paths"))
