from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from labeling.exports.label_studio import LOCAL_FILES, interface
from labeling.exports.registry import exports
from labeling.imports.label_studio import read_label_studio
from labeling.pools.images import inspect_image
from tests.labeling.exports.bundles import BROKEN, Make


def tasks_of(folder: Path) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = json.loads((folder / "label_studio/tasks.json").read_text(encoding="utf-8"))
    return tasks


def test_write_label_studio__every_label_comes_back(make: Make, tmp_path: Path) -> None:
    bundle = make("text")
    exports.get("label_studio")(bundle, tmp_path / "out")
    labels = read_label_studio(tmp_path / "out/label_studio/tasks.json")
    truth = bundle.labels[bundle.labels["class_name"].notna() & bundle.labels["row"].notna()]
    expected = dict(zip(truth["item_key"], truth["class_name"], strict=True))
    assert {each.item_key: each.class_name for each in labels} == expected


def test_write_label_studio__a_skip_is_cancelled(make: Make, tmp_path: Path) -> None:
    exports.get("label_studio")(make("text"), tmp_path / "out")
    task = next(each for each in tasks_of(tmp_path / "out") if each["data"]["item_key"] == "skipped")
    assert task["annotations"][0]["was_cancelled"] is True
    assert task["annotations"][0]["result"] == []
    assert task["meta"]["annotator"] == "bob"


def test_write_label_studio__image_paths_lead_to_the_images(make: Make, tmp_path: Path) -> None:
    exports.get("label_studio")(make("image"), tmp_path / "out")
    tasks = tasks_of(tmp_path / "out")
    assert BROKEN not in {task["data"]["item_key"] for task in tasks}
    for task in tasks:
        place = unquote(task["data"]["image"].removeprefix(LOCAL_FILES))
        assert inspect_image((tmp_path / "out/label_studio/images" / place).read_bytes()) is None


@pytest.mark.parametrize("kind", ["image", "text", "table", "series", "vectors"])
def test_write_label_studio__the_interface_shows_a_field_that_every_task_has(
    kind: str, make: Make, tmp_path: Path
) -> None:
    exports.get("label_studio")(make(kind), tmp_path / "out")
    tree = ElementTree.fromstring((tmp_path / "out/label_studio/interface.xml").read_text(encoding="utf-8"))
    shown, choices = tree[0], tree[1]
    assert choices.attrib["toName"] == shown.attrib["name"]
    assert [each.attrib["value"] for each in choices] == ["common", "rare, odd", "=class", "unused"]
    field = shown.attrib["value"].removeprefix("$")
    assert all(field in task["data"] for task in tasks_of(tmp_path / "out"))


def test_interface__class_names_stay_text() -> None:
    tree = ElementTree.fromstring(interface("text", ['"><x a="', "a & b", "<b>"]))
    assert [each.attrib["value"] for each in tree[1]] == ['"><x a="', "a & b", "<b>"]


@pytest.mark.parametrize("kind", ["image", "text", "table"])
def test_write_label_studio__its_own_library_takes_it(kind: str, make: Make, tmp_path: Path) -> None:
    sdk = pytest.importorskip("label_studio_sdk.label_interface")
    exports.get("label_studio")(make(kind), tmp_path / "out")
    checker = sdk.LabelInterface((tmp_path / "out/label_studio/interface.xml").read_text(encoding="utf-8"))
    checker.validate()
    for task in tasks_of(tmp_path / "out"):
        annotations = task.pop("annotations")  # its check of a task together with them raises TypeError
        assert checker.validate_task(task)
        assert all(checker.validate_annotation(each) for each in annotations)
    wrong = {"result": [{**annotations[0]["result"][0], "value": {"choices": ["no such class"]}}]}
    assert not checker.validate_annotation(wrong)
