from __future__ import annotations

import datetime
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from config.schema import PoolSection
from labeling.pools.errors import PoolColumnsError, PoolContentError, PoolEmptyError, PoolKeysError
from labeling.pools.truth import read_truth
from tests.labeling.pools.files import csv_pool, parquet_pool, snapshot


def test_read_table__broken_row_is_named_by_its_line(tmp_path: Path) -> None:
    text = 'id,note,x\n1,"two\nlines",3\n2,ok,4\n3,5\n'
    with pytest.raises(PoolContentError, match=r"t\.csv, line 5: 2 values where the header has 3"):
        csv_pool(tmp_path, text)
    assert not (tmp_path / "project.goldpan/pool").exists()


def test_read_table__quote_that_never_ends_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(PoolContentError, match="line 3: a quoted value"):
        csv_pool(tmp_path, 'id,x\n1,2\n2,"3\n3,4\n4,5\n')


def test_read_table__inch_sign_inside_a_value_is_no_open_quote(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, 'id,pipe,x\n1,5" pipe,1\n2,6 cm,2\n')
    assert pool.view(0).fields[0] == ("pipe", '5" pipe')


def test_read_table__not_utf8_names_line_and_byte(tmp_path: Path) -> None:
    with pytest.raises(PoolContentError, match=r"line 3: byte 0xe9 is not UTF-8"):
        csv_pool(tmp_path, b"id,x\n1,a\n2,caf\xe9\n")


def test_read_table__utf16_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PoolContentError, match="UTF-8"):
        csv_pool(tmp_path, "id,x\n1,2\n".encode("utf-16"))


def test_read_table__byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, b"\xef\xbb\xbfid,x\na,1\nb,2\n")
    assert pool.key(1) == "b"


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_read_table__delimiter_is_told_by_the_header(tmp_path: Path, delimiter: str) -> None:
    pool = csv_pool(tmp_path, "id,x,y\n1,2.5,3\n2,4,5\n".replace(",", delimiter))
    assert pool.view(0).fields == (("x", "2.5"), ("y", "3"))


def test_read_table__empty_file(tmp_path: Path) -> None:
    with pytest.raises(PoolEmptyError, match="0 bytes"):
        csv_pool(tmp_path, "")


def test_read_table__header_only(tmp_path: Path) -> None:
    with pytest.raises(PoolEmptyError, match="a header and no rows"):
        csv_pool(tmp_path, "id,x,y\n")


def test_read_table__wrong_columns_are_reported_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError) as caught:
        csv_pool(
            tmp_path,
            "ident,size,class\n1,2,a\n2,3,b\n",
            key="idnt", truth="klass", extra=("sizes",), columns=("nothing",),
        )  # fmt: skip
    text = str(caught.value)
    assert "pool.key: 'idnt' is not a column; did you mean 'ident'?" in text
    assert "pool.truth: 'klass' is not a column; did you mean 'class'?" in text
    assert "pool.extra: 'sizes' is not a column; did you mean 'size'?" in text
    assert "pool.columns: 'nothing' is not a column" in text
    assert "(columns: ident, size, class)" in text


def test_read_table__truth_cannot_play_another_part(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match="hidden truth"):
        csv_pool(tmp_path, "id,x,class\n1,2,a\n2,3,b\n", truth="class", extra=("class",))


def test_read_table__column_cannot_be_extra_and_the_models(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match=r"pool\.extra too"):
        csv_pool(tmp_path, "id,x,y\n1,2,a\n2,3,b\n", columns=("x",), extra=("x",))


def test_read_table__repeated_keys_are_counted_and_named(tmp_path: Path) -> None:
    with pytest.raises(
        PoolKeysError, match=r"2 keys are given more than once \('a' again in row 3, 'a' again in row 4\)"
    ):
        csv_pool(tmp_path, "id,x\na,1\nb,2\na,3\na,4\n", key="id")


def test_read_table__empty_keys_are_counted_and_named(tmp_path: Path) -> None:
    with pytest.raises(PoolKeysError, match=r"2 keys are empty \(rows 2, 4\)"):
        csv_pool(tmp_path, "id,x\na,1\n,2\nb,3\n,4\n", key="id")


def test_read_table__id_that_repeats_is_not_taken_unasked(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x\na,1\nb,2\na,3\n")
    assert pool.keys([0, 2]) == ["row-000001", "row-000003"]
    assert any("'id' was not taken as the key" in note for note in pool.notes)


def test_read_table__two_columns_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match="named 'x'"):
        csv_pool(tmp_path, "id,x,x\n1,2,3\n")


def test_read_table__pandas_index_is_a_key_and_never_the_models(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, ",x,y\n10,1,2\n11,2,3\n")
    assert pool.keys([0, 1]) == ["10", "11"]
    named = csv_pool(tmp_path, ",id,x\n0,a,2\n1,b,3\n")
    assert named.key(1) == "b"
    assert list(named.roles) == ["x"]


def test_read_table__nan_and_infinity_are_missing_and_noted(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x\na,1\nb,NaN\nc,inf\nd,-Infinity\ne,\nf,n/a\ng,1e400\n")
    assert pool.roles == {"x": "numeric"}
    assert pool.frame(0, 7)["x"].isna().tolist() == [False] + [True] * 6
    assert "column 'x': 6 missing values, 4 of them not a finite number" in pool.notes
    assert pool.view(1).problem == "it is empty"
    assert pool.readable.tolist() == [True] + [False] * 6


def test_read_table__row_without_any_value_is_unreadable(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x,y\na,1,\nb,,\nc,,3\n")
    assert pool.readable.tolist() == [True, False, True]
    assert pool.view(0).fields == (("x", "1"), ("y", "—"))
    assert pool.view(1).type == "unreadable"


def test_read_table__mixed_column_is_text_or_categorical_and_noted(tmp_path: Path) -> None:
    rows = "".join(f"k{i},{'tall' if i == 6 else i % 4}\n" for i in range(20))
    pool = csv_pool(tmp_path, "id,height\n" + rows)
    assert pool.roles == {"height": "categorical"}
    assert any(
        "mixes 19 numbers with 1 other values (the first: 'tall' in row 7)" in note for note in pool.notes
    )


def test_read_table__roles_of_strings(tmp_path: Path) -> None:
    rows = "".join(
        f"k{i},{'ab'[i % 2]},a long remark number {i},2024-05-{i + 1:02d},{i % 2 == 0}\n" for i in range(20)
    )
    pool = csv_pool(tmp_path, "id,letter,remark,day,flag\n" + rows)
    assert pool.roles == {"letter": "categorical", "remark": "text", "day": "numeric", "flag": "categorical"}
    assert dict(pool.view(2).fields)["day"] == "2024-05-03"


def test_read_table__parquet_types(tmp_path: Path) -> None:
    pool = parquet_pool(
        tmp_path,
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "half": pa.array([0.5, None, math.inf], pa.float16()),
            "big": pa.array([1, 2, 2**63], pa.uint64()),
            "money": pa.array([Decimal("1.10"), Decimal("2.20"), None]),
            "flag": pa.array([True, False, None]),
            "when": pa.array([datetime.datetime(2020, 1, 2, 3, 4, 5)] * 3, pa.timestamp("ns")),
            "zoned": pa.array([datetime.datetime(2020, 1, 2)] * 3, pa.timestamp("s", tz="Europe/Berlin")),
            "day": pa.array([datetime.date(1960, 2, 29)] * 3),
            "span": pa.array([datetime.timedelta(seconds=90)] * 3),
            "hour": pa.array([datetime.time(1, 0)] * 3),
            "word": pa.array(["a", "b", "a"]).dictionary_encode(),
            "list": pa.array([[1], [2], [3]]),
        },
        reader="table",
    )
    assert pool.key(0) == "1"
    fields = dict(pool.view(0).fields)
    assert fields == {
        "half": "0.5", "big": "1", "money": "1.1", "flag": "true", "when": "2020-01-02 03:04:05", "zoned": "2020-01-02",
        "day": "1960-02-29", "span": "90", "hour": "3600", "word": "a",
    }  # fmt: skip
    assert dict(pool.view(2).fields)["half"] == "—"
    assert "list" not in pool.roles
    assert pool.frame(0, 3)["money"].tolist()[:2] == [1.1, 2.2]


def test_read_table__extra_is_shown_and_never_given_to_the_model(tmp_path: Path) -> None:
    pool = csv_pool(
        tmp_path, "id,x,redshift,class\na,1,0.12345678,s\nb,2,,q\n", truth="class", extra=("redshift",)
    )
    assert list(pool.frame(0, 2).columns) == ["x"]
    assert pool.view(0).extra == (("redshift", "0.123457"),)
    assert pool.view(1).extra == (("redshift", "—"),)
    assert read_truth(pool.folder) == ["s", "q"]


def test_read_table__columns_asked_for_are_all_the_model_gets(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x,y,z\na,1,2,3\nb,2,3,4\n", columns=("y",))
    assert list(pool.roles) == ["y"]


def test_read_table__column_without_values_is_left_out_and_noted(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x,void\na,1,\nb,2,\n")
    assert list(pool.roles) == ["x"]
    assert any("'void' has no value" in note for note in pool.notes)


def test_read_table__nothing_left_for_the_model(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match="no column is left for the model"):
        csv_pool(tmp_path, "id,class\na,1\nb,2\n", truth="class")


def test_read_table__list_column_cannot_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match="'l' cannot be used"):
        parquet_pool(
            tmp_path, {"id": [1, 2], "x": [1, 2], "l": [[1], [2]]}, reader="table", columns=("x", "l")
        )


def test_read_table__values_with_quotes_newlines_and_emoji_survive(tmp_path: Path) -> None:
    value = 'a "quoted", long\nvalue 🦀 é'
    pool = csv_pool(tmp_path, 'id,note,x\n🦀,"' + value.replace('"', '""') + '",1\nb,short one,2\n')
    assert pool.key(0) == "🦀"
    assert pool.row("🦀") == 0
    assert pool.view(0).fields[0] == ("note", value)


def test_read_table__hash_depends_on_values_order_and_keys_not_on_the_truth(tmp_path: Path) -> None:
    def content(text: str) -> str:
        return csv_pool(tmp_path, text, truth="class", key="id").hash

    first = content("id,x,class\na,1,s\nb,2,q\n")
    assert content("id,x,class\na,1,q\nb,2,s\n") == first
    assert content("id,x,class\na,1,s\nb,3,q\n") != first
    assert content("id,x,class\nb,2,q\na,1,s\n") != first
    assert content("id,x,class\na,1,s\nc,2,q\n") != first


def test_read_table__many_batches_keep_order_and_values(tmp_path: Path) -> None:
    count = 30_000
    pool = parquet_pool(tmp_path, {"id": [f"k{i}" for i in range(count)], "x": np.arange(count, dtype=float)})
    assert pool.frame(8190, 8195)["x"].tolist() == [8190, 8191, 8192, 8193, 8194]
    assert pool.frame(0, count)["x"].tolist() == list(range(count))
    rows = [29_999, 0, 16_384, 8192, 8191, 0]
    assert pool.keys(rows) == [f"k{row}" for row in rows]


def test_read_text__blank_text_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"text": "one"}\n\n{"text": "  "}\n{"other": 3}\n{"text": 7}\n')
    pool = snapshot(tmp_path, PoolSection(path="t.jsonl", text="text"))
    assert pool.readable.tolist() == [True, False, False, True]
    assert pool.texts(0, 4) == ["one", "", "", "7"]
    assert pool.view(0).text == "one"
    assert pool.view(1).problem == "it is empty"


def test_read_text__lines_of_a_text_file(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes("one\r\n\n  two 🦀\nthree".encode())
    pool = snapshot(tmp_path, PoolSection(path="t.txt"))
    assert pool.texts(0, 9) == ["one", "  two 🦀", "three"]
    assert pool.key(2) == "row-000003"


def test_read_text__broken_json_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"text": "one"}\n{"text": \n')
    with pytest.raises(PoolContentError, match="line 2: not JSON"):
        snapshot(tmp_path, PoolSection(path="t.jsonl"))


def test_read_text__json_that_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('["text"]\n')
    with pytest.raises(PoolContentError, match="line 1: a JSON list"):
        snapshot(tmp_path, PoolSection(path="t.jsonl"))


def test_read_text__million_fold_nested_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"text": ' + "[" * 1_000_000 + "\n")
    with pytest.raises(PoolContentError, match="line 1: not JSON"):
        snapshot(tmp_path, PoolSection(path="t.jsonl"))


def test_read_text__no_text_column_lists_the_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,a,b\n1,x,y\n")
    with pytest.raises(PoolColumnsError, match="one of: id, a, b"):
        snapshot(tmp_path, PoolSection(path="t.csv", reader="text"))


def test_read_text__extra_columns_are_shown(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,text,n\n1,x,3\n2,y,4\n")
    pool = snapshot(tmp_path, PoolSection(path="t.csv", text="text", extra=("n",)))
    assert pool.view(1).extra == (("n", "4"),)
    assert dict(pool.roles) == {"text": "text"}


def test_read_table__damaged_parquet(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing of the kind PAR1")
    with pytest.raises(PoolContentError, match="not a readable Parquet file"):
        snapshot(tmp_path, PoolSection(path="t.parquet"))


def test_read_table__truth_of_lists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match=r"pool\.truth: 'l' holds list"):
        parquet_pool(tmp_path, {"id": [1, 2], "x": [1, 2], "l": [["a"], ["b"]]}, reader="table", truth="l")


def test_read_table__the_group_is_stored_as_written_and_not_learned_from(tmp_path: Path) -> None:
    pool = csv_pool(tmp_path, "id,x,patient\n1,1,0012\n2,2,12\n", key="id", group="patient")
    assert set(pool.roles) == {"x"}
    assert pool.view(0).extra == (("patient", "0012"),)
    assert pool.take(np.array([1, 0]), "patient").to_pylist() == ["12", "0012"]


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"key": "x"}, "a group of its own"),
        ({"columns": ("x", "y")}, "could tell the groups"),
        ({"truth": "x"}, "hidden truth"),
    ],
)
def test_read_table__a_group_that_plays_another_part(
    tmp_path: Path, part: dict[str, object], told: str
) -> None:
    with pytest.raises(PoolColumnsError, match=told):
        csv_pool(tmp_path, "id,x,y\n1,1,2\n2,3,4\n", group="x", **part)


def test_read_table__a_group_that_is_no_column(tmp_path: Path) -> None:
    with pytest.raises(PoolColumnsError, match=r"pool\.group: 'patiemt' is not a column.*patient"):
        csv_pool(tmp_path, "id,x,patient\n1,1,a\n2,2,b\n", group="patiemt")
