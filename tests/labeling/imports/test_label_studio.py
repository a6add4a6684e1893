from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labeling.imports.errors import ImportFileError
from labeling.imports.label_studio import read_label_studio


def annotation(*classes: str, **more: Any) -> dict[str, Any]:
    result = {"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": list(classes)}}
    return {"id": 1, "result": [result] if classes else [], **more}


def task(key: object, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"item_key": key}, "annotations": list(annotations)}


def written(folder: Path, content: object) -> Path:
    path = folder / "tasks.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def labels(folder: Path, content: object, **options: str) -> dict[str, str]:
    return {each.item_key: each.class_name for each in read_label_studio(written(folder, content), **options)}


def test_read_label_studio__the_newest_annotation_counts(tmp_path: Path) -> None:
    old, new = annotation("cat", updated_at="2026-01-01"), annotation("dog", updated_at="2026-02-01")
    cancelled = annotation("cow", updated_at="2026-03-01", was_cancelled=True)
    assert labels(tmp_path, [task("a", new, old, cancelled)]) == {"a": "dog"}


def test_read_label_studio__tasks_without_an_answer_give_none(tmp_path: Path) -> None:
    other = {"type": "textarea", "from_name": "label", "value": {"text": ["cat"]}}
    tasks = [
        task("a"),
        task("b", annotation()),
        task("c", {"id": 1, "result": [other]}),
        task("d", annotation("cat")),
    ]
    assert labels(tmp_path, tasks) == {"d": "cat"}


def test_read_label_studio__small_form(tmp_path: Path) -> None:
    tasks = [
        {"item_key": "a", "label": "cat", "annotation_id": 1},
        {"item_key": "b", "label": {"choices": ["dog"]}},
        {"item_key": "c"},
    ]
    assert labels(tmp_path, tasks) == {"a": "cat", "b": "dog"}


def test_read_label_studio__other_names(tmp_path: Path) -> None:
    given = annotation("cat")
    given["result"][0]["from_name"] = "animal"
    tasks = [{"data": {"id": "a"}, "annotations": [given]}]
    assert labels(tmp_path, tasks, key_field="id", choice="animal") == {"a": "cat"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a": 1}, "not a list of tasks"),
        ([1], "not a list of tasks"),
        (
            [{"data": {"text": "x"}, "annotations": []}],
            "task 1 has no text 'item_key'.*have text.*--key-field",
        ),
        ([{"data": "x", "annotations": []}], "task 1 has no text 'item_key'"),
        ([task(7, annotation("cat"))], "task 1 has no text"),
        ([task("\ud800", annotation("cat"))], "task 1 has no text"),
        ([task("a", annotation("cat", "dog"))], "task 1 has 2 classes, 'cat', 'dog'; an item has one"),
        (
            [task("a", annotation("cat")), task("a", annotation("dog"))],
            "task 2: item 'a' is 'dog' here and 'cat' in task 1",
        ),
        ([task(None)] * 8, "; and 3 more"),
    ],
)
def test_read_label_studio__what_is_wrong_is_told(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(ImportFileError, match=words):
        read_label_studio(written(tmp_path, content))


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_read_label_studio__no_json(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(ImportFileError, match="cannot be read as JSON"):
        read_label_studio(tmp_path / "x.json")


def test_read_label_studio__missing_file(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="cannot be read"):
        read_label_studio(tmp_path / "nowhere.json")
