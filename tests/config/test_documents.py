from __future__ import annotations

import math
import time
import tracemalloc
from typing import get_args, get_origin

import pytest
from pydantic import BaseModel

from config.documents import MAX_YAML_CHARACTERS, ROW_LISTS, DocumentError, plain, read_document
from config.shared import SharedSection

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdef", "bcdefg", strict=True)
)
SHARED = "project: {name: p}\nshared:\n  revision: 1\n  annotations:\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("off", "off"),
        ("010", 10),
        ("0x10", 16),
        ("0o17", 15),
        ("-5", -5),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("1_000", "1_000"),
        ("2026-11-21", "2026-11-21"),
        ("12:30", "12:30"),
        ("-.inf", -math.inf),
    ],
)
def test_plain__follows_the_core_schema(text: str, value: object) -> None:
    found = plain(text)
    assert found == value
    assert type(found) is type(value)


def test_plain__a_number_of_a_million_digits_stays_text() -> None:
    assert plain("9" * 1_000_000) == "9" * 1_000_000


def test_read_document__quotes_make_text() -> None:
    assert read_document("a: '1'\nb: \"true\"\nc: 1").data == {"a": "1", "b": "true", "c": 1}


def test_read_document__knows_the_place_of_keys_and_values() -> None:
    document = read_document("# head\na:\n  - x: 1\n    yy:   2\n")
    assert document.place(("a", 0, "yy")) == (4, 11)
    assert document.place(("a", 0, "yy"), of_key=True) == (4, 5)
    assert document.place(("a", 0, "missing", "deeper")) == (3, 5)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: !!python/object:os.system 1\n", (1, 4), "the tag"),
        ("a: !!python/object/apply:os.system [ls]\n", (1, 4), "the tag"),
        ("a:\n  !mine 1\n", (2, 3), "the tag"),
        ("a: !!str 1\n", (1, 4), "the tag"),
        ("!!map {a: 1}\n", (1, 1), "the tag"),
        ("!x a: 1\n", (1, 1), "the tag"),
        ("a: &b 1\n", (1, 4), "the anchor '&b'"),
        ("a: *b\n", (1, 4), "the alias '*b'"),
        ("<<: *b\n", (1, 5), "the alias '*b'"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document"),
        ("%YAML 1.1\n---\na: yes\n", (2, 1), "directive"),
        ("? [a]\n: 1\n", (1, 3), "as a key"),
        ("a: [1\nb: 2\n", (2, 2), "not YAML"),
        ("a: 1\n b: 2\n", (2, 3), "not YAML"),
        ("\tb: 2\n", (1, 1), "not YAML"),
        ("a: x\x07\n", (1, 5), "U+0007"),
        ("a: 1\nb: \x00\n", (2, 4), "U+0000"),
    ],
)
def test_read_document__what_is_not_plain_data_is_refused_at_its_place(
    text: str, place: tuple[int, int], message: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(text)
    assert message in caught.value.message
    assert caught.value.place == place


def test_read_document__a_million_fold_alias_is_refused_fast_and_without_memory() -> None:
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(DocumentError, match="the anchor"):
        read_document(BOMB)
    seconds = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 1
    assert peak < 2_000_000


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000])
def test_read_document__endless_depth_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="within each other"):
        read_document(text)


def test_read_document__too_much_yaml_is_refused_before_it_is_read() -> None:
    with pytest.raises(DocumentError, match="characters of YAML"):
        read_document("a: " + "x" * MAX_YAML_CHARACTERS)


def test_read_document__a_key_given_twice_is_remembered_and_the_first_kept() -> None:
    document = read_document("a: {b: 1, b: {c: 2}}\n")
    assert document.data == {"a": {"b": 1}}
    assert [(wrong.place, wrong.path) for wrong in document.wrong] == [((1, 11), ("a", "b"))]


def test_read_document__a_byte_order_mark_is_passed_over() -> None:
    assert read_document("\ufeffa: 1\n").data == {"a": 1}


def test_read_document__rows_of_json_read_the_same_as_yaml() -> None:
    rows = '    - {"uid":"a","item":"x: # y","n":null}\n    - {"uid":"b \\u00e9","ok":true,"f":1.5}\n'
    fast = read_document(SHARED + rows)
    slow = read_document(SHARED + rows.replace("    - {", "    -  {"))
    assert fast.rows == {("shared", "annotations"): (5, 6)}
    assert slow.rows == {}
    assert fast.data == slow.data


def test_read_document__a_row_written_by_hand_is_read_as_yaml() -> None:
    document = read_document(
        SHARED + '    - {"uid":"a"}\n    # mine\n\n    - {uid: b, item: 3}\nviews: {page: map}\n'
    )
    assert document.data["shared"]["annotations"] == [{"uid": "a"}, {"uid": "b", "item": 3}]
    assert document.data["views"] == {"page": "map"}
    assert document.place(("shared", "annotations", 1, "item")) == (8, 1)


@pytest.mark.parametrize("row", ["{a: *b}", "{a: &b 1}", "{a: !x 1}", '{"a": !!python/name:os.system ""}'])
def test_read_document__a_row_with_an_alias_or_a_tag_is_refused_at_its_line(row: str) -> None:
    with pytest.raises(DocumentError, match="not allowed") as caught:
        read_document(f"{SHARED}    - {{}}\n    - {row}\n")
    assert caught.value.place[0] == 6


def test_read_document__a_key_given_twice_in_a_row_is_remembered() -> None:
    document = read_document(SHARED + '    - {"uid":"a","uid":"b"}\n')
    assert [wrong.place for wrong in document.wrong] == [(5, 1)]


def test_read_document__annotations_in_block_style_are_read_too() -> None:
    document = read_document(SHARED + '    - {"uid":"a"}\n    - uid: b\n      item: c\n')
    assert document.data["shared"]["annotations"] == [{"uid": "a"}, {"uid": "b", "item": "c"}]


def test_read_document__rows_elsewhere_are_not_taken_for_annotations() -> None:
    text = 'shared:\n  other:\n    annotations:\n    - {"a": 1}\n'
    assert read_document(text).data == {"shared": {"other": {"annotations": [{"a": 1}]}}}


def test_read_document__every_list_of_rows_is_read_fast() -> None:
    text = (
        'shared:\n  revision: 1\n  rounds:\n    - {"number":1}\n    - {"number":2}\n  seeks: []\n'
        '  annotations:\n    - {"uid":"a"}\n  prints:\n    - {"items":"00"}\n'
    )
    document = read_document(text)
    assert document.rows == {
        ("shared", "rounds"): (4, 5),
        ("shared", "annotations"): (8,),
        ("shared", "prints"): (10,),
    }
    assert document.data["shared"]["rounds"] == [{"number": 1}, {"number": 2}]
    assert document.data["shared"]["prints"] == [{"items": "00"}]
    assert document.place(("shared", "rounds", 1, "seed")) == (5, 1)


def test_read_document__a_list_in_another_layout_leaves_the_others_fast() -> None:
    text = 'shared:\n  rounds:\n    - number: 1\n  annotations:\n    - {"uid":"a"}\n'
    document = read_document(text)
    assert document.rows == {("shared", "annotations"): (5,)}
    assert document.data["shared"] == {"rounds": [{"number": 1}], "annotations": [{"uid": "a"}]}


def test_row_lists__are_all_lists_of_objects_that_a_shared_config_has() -> None:
    held = {
        name: get_args(entry.annotation)[0]
        for name, entry in SharedSection.model_fields.items()
        if get_origin(entry.annotation) is tuple
    }
    assert list(ROW_LISTS) == [
        name for name, kind in held.items() if isinstance(kind, type) and issubclass(kind, BaseModel)
    ]
