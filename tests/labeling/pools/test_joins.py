"""Several sources joined by a key: columns, missing rows, keys twice, images beside rows, changes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from config.schema import PoolSection
from labeling.pools.errors import PoolColumnsError, PoolKeysError, PoolMissingError, PoolReaderError
from labeling.pools.joined_rows import plain_keys
from labeling.pools.registry import choose_reader
from labeling.pools.snapshot import Pool, pool_changed
from tests.labeling.pools.files import image_bytes, snapshot

A = "id,u\n1,10\n2,20\n3,30\n"


def section(**join: object) -> PoolSection:
    return PoolSection.model_validate({"path": "a.csv", "join": [{"path": "b.csv", "key": "id", **join}]})


def joined(tmp_path: Path, b: str, *, a: str = A, **join: str) -> Pool:
    (tmp_path / "a.csv").write_text(a)
    (tmp_path / "b.csv").write_text(b)
    return snapshot(tmp_path, section(**join))


def test_join__columns_come_by_key_whatever_the_order(tmp_path: Path) -> None:
    pool = joined(tmp_path, "id,w\n3,0.3\n1,0.1\n2,0.2\n")
    assert list(pool.roles) == ["u", "w"]
    assert pool.frame(0, 3)["w"].tolist() == [0.1, 0.2, 0.3]


def test_join__items_without_a_row_there_are_missing_and_told(tmp_path: Path) -> None:
    pool = joined(tmp_path, "id,w,name\n3,0.3,x\n9,0.9,y\n")
    assert pool.frame(0, 3)["w"].isna().tolist() == [True, True, False]
    assert any("b.csv: 2 items have no row there" in note for note in pool.notes)


def test_join__a_name_that_is_taken_gets_a_prefix(tmp_path: Path) -> None:
    pool = joined(tmp_path, "id,u\n1,1.5\n2,2.5\n3,3.5\n")
    assert list(pool.roles) == ["u", "b_u"]
    assert any("'u' of b.csv is called 'b_u' here" in note for note in pool.notes)
    again = snapshot(tmp_path, section(prefix="wise"), "other.goldpan/pool")
    assert list(again.roles) == ["u", "wise_u"]


def test_join__by_columns_of_different_names_and_kinds(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({"objid": [2.0, 1.0], "w": [0.2, 0.1]}), tmp_path / "b.parquet")
    (tmp_path / "a.csv").write_text(A)
    pool = snapshot(tmp_path, section(path="b.parquet", their_key="objid"))
    assert pool.frame(0, 2)["w"].tolist() == [0.1, 0.2]


def test_join__keys_twice_are_refused_with_their_rows(tmp_path: Path) -> None:
    with pytest.raises(PoolKeysError, match=r"column 'id' has 1 keys more than once \('2' again in row 4\)"):
        joined(tmp_path, "id,w\n1,1\n2,2\n3,3\n2,4\n")


def test_join__empty_keys_fit_nothing(tmp_path: Path) -> None:
    pool = joined(tmp_path, "id,w\n,5\n,6\n1,7\n", a="name,id,u\na,,1\nb,1,2\n")
    assert pool.frame(0, 2)["w"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("join", "words"),
    [
        ({"key": "idd"}, "did you mean 'id'"),
        ({"their_key": "nobody"}, "pool.join.their_key: 'nobody' is not"),
    ],
)
def test_join__a_key_that_is_no_column(join: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match=words):
        joined(tmp_path, "id,w\n1,1\n", **join)


def test_join__a_source_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(A)
    with pytest.raises(PoolMissingError, match=r"b\.csv does not exist; set pool\.join\.path"):
        snapshot(tmp_path, section())


def test_join__a_changed_source_changes_the_pool(tmp_path: Path) -> None:
    pool = joined(tmp_path, "id,w\n1,1\n2,2\n3,3\n")
    assert pool_changed(pool, section(), tmp_path) is None
    (tmp_path / "b.csv").write_text("id,w\n1,1\n2,2.25\n3,3\n")
    change = pool_changed(pool, section(), tmp_path)
    assert change is not None and change.changed_keys == ("2",)


def test_join__images_of_a_folder_stand_beside_the_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(A)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut/1.png").write_bytes(image_bytes(1))
    (tmp_path / "cut/2.png").write_bytes(b"no image")
    pool = snapshot(tmp_path, section(path="cut"))
    assert (pool.kind, list(pool.roles)) == ("table", ["u"])
    assert [pool.view(row).has_image for row in range(3)] == [True, False, False]
    found = pool.image(0)
    assert found is not None and found[0] == image_bytes(1)


def test_join__images_that_are_named_are_the_items(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,u\n1,10\n2,20\n")
    (tmp_path / "cut").mkdir()
    for name in ("1", "2"):
        (tmp_path / f"cut/{name}.png").write_bytes(image_bytes(int(name)))
    wanted = section(path="cut").model_copy(update={"image": "image", "extra": ("u",)})
    assert choose_reader(wanted, tmp_path / "a.csv") == "image_table"
    pool = snapshot(tmp_path, wanted)
    assert (pool.kind, pool.view(0).extra) == ("image", (("u", "10"),))


def test_join__a_folder_can_only_be_the_second(tmp_path: Path) -> None:
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut/1.png").write_bytes(image_bytes(1))
    (tmp_path / "b.csv").write_text("id,w\n1,1\n")
    with pytest.raises(PoolReaderError, match="take the table as the pool and join the folder"):
        snapshot(tmp_path, section().model_copy(update={"path": "cut"}))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([1.0, 2.5, None]), ["1", "2.5", ""]),
        (pa.array([" a ", None, "b"]), ["a", "", "b"]),
        (pa.array([2**63 - 1, None, 0]), ["9223372036854775807", "", "0"]),
    ],
)
def test_plain_keys__one_key_however_it_is_written(values: pa.Array, texts: list[str]) -> None:
    assert plain_keys(values).to_pylist() == texts
