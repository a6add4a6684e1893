from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest

from labeling.exports.registry import exports
from labeling.pools.images import inspect_image
from tests.labeling.exports.bundles import BROKEN, Make


def test_write_coco__ids_agree_and_images_are_there(make: Make, tmp_path: Path) -> None:
    bundle = make("image")
    exports.get("coco")(bundle, tmp_path / "out")
    content = json.loads((tmp_path / "out/coco/annotations.json").read_text(encoding="utf-8"))
    names = {each["id"]: each["name"] for each in content["categories"]}
    assert list(names.values()) == ["common", "rare, odd", "=class", "unused"]
    keys = {each["id"]: each["item_key"] for each in content["images"]}
    truth = bundle.labels.set_index("item_key")["class_name"]
    told = {keys[each["image_id"]]: names[each["category_id"]] for each in content["annotations"]}
    assert told == truth[list(told)].to_dict()
    assert BROKEN not in told and len(told) == 15
    for image in content["images"]:
        assert inspect_image((tmp_path / "out/coco/images" / image["file_name"]).read_bytes()) is None
        assert (image["width"], image["height"], image["license"]) == (12, 9, 1)
    assert content["annotations"][0]["bbox"] == [0, 0, 12, 9]


def test_write_coco__without_a_licence(make: Make, tmp_path: Path) -> None:
    exports.get("coco")(make("image", licence=""), tmp_path / "out")
    content = json.loads((tmp_path / "out/coco/annotations.json").read_text(encoding="utf-8"))
    assert content["licenses"] == [] and "license" not in content["images"][0]


def test_write_coco__pycocotools_reads_it(make: Make, tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    exports.get("coco")(make("image"), tmp_path / "out")
    with contextlib.redirect_stdout(io.StringIO()):
        read = coco.COCO(str(tmp_path / "out/coco/annotations.json"))
    rare = read.getCatIds(catNms=["rare, odd"])
    assert len(read.getImgIds(catIds=rare)) == 8
