from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image
from ruamel.yaml import YAML

from labeling.exports.manifest import file_hash
from labeling.exports.registry import exports
from tests.labeling.exports.bundles import BROKEN, Make


def export(make: Make, kind: str, folder: Path, **changes: Any) -> Path:
    exports.get("huggingface")(make(kind, **changes), folder / kind)
    return folder / kind / "huggingface"


def head_of(folder: Path) -> Any:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith("---\n")
    return YAML(typ="safe", pure=True).load(text.split("---\n")[1])


def test_write_huggingface__rows_hold_the_items(make: Make, tmp_path: Path) -> None:
    for kind, column in (("text", "text"), ("series", "series"), ("vectors", "vector"), ("image", "image")):
        bundle = make(kind)
        table = pyarrow.parquet.read_table(export(make, kind, tmp_path) / "data/train.parquet").to_pylist()
        truth = bundle.labels.set_index("item_key")["class_name"]
        names = bundle.classes["class_name"].tolist()
        assert bundle.pool is not None and len(table) == (15 if kind in {"image", "series"} else 16)
        for row in table:
            assert names[row["label"]] == truth[row["item_key"]]
            assert row["item_key"] != BROKEN or kind in {"text", "vectors"}
            place = int(bundle.pool.rows([row["item_key"]])[0])
            if kind == "image":
                assert row["image"]["bytes"] == bundle.pool.images(place, place + 1)[0]
            elif kind == "text":
                assert row["text"] == bundle.pool.texts(place, place + 1)[0]
            else:
                whole = bundle.pool.series if kind == "series" else bundle.pool.vectors
                np.testing.assert_array_equal(row[column], whole(place, place + 1)[0])


def test_write_huggingface__stored_columns_keep_apart_from_its_own(make: Make, tmp_path: Path) -> None:
    table = pyarrow.parquet.read_table(export(make, "table", tmp_path) / "data/train.parquet")
    assert table.column_names[-2:] == ["size", "Class_Name"]
    assert table["size"].null_count == 1


def test_write_huggingface__card_cannot_be_broken_by_names(make: Make, tmp_path: Path) -> None:
    project = 'x\n---\nlicense: mit\n"'
    folder = export(make, "text", tmp_path, project=project, licence="Mine\n---\nfree")
    head = head_of(folder)
    assert head["pretty_name"] == project
    assert (head["license"], head["license_name"]) == ("other", "mine-free")
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "data/train.parquet"}]
    assert head["task_categories"] == ["text-classification"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("CC BY 4.0", "cc-by-4.0"),
        ("cc-by-sa-4.0", "cc-by-sa-4.0"),
        ("", "unknown"),
        ("MIT", "mit"),
        ("CC0", "cc0-1.0"),
    ],
)
def test_write_huggingface__licence_as_the_hub_names_it(
    make: Make, tmp_path: Path, text: str, told: str
) -> None:
    assert head_of(export(make, "text", tmp_path, licence=text))["license"] == told


def test_write_huggingface__croissant_names_file_and_columns(make: Make, tmp_path: Path) -> None:
    folder = export(make, "image", tmp_path)
    content = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    (file,) = content["distribution"]
    assert file["sha256"] == file_hash(folder / file["contentUrl"])
    columns = pyarrow.parquet.read_schema(folder / file["contentUrl"]).names
    assert [field["name"] for field in content["recordSet"][0]["field"]] == columns


@pytest.mark.parametrize("kind", ["image", "table"])
def test_write_huggingface__croissant_is_valid(kind: str, make: Make, tmp_path: Path) -> None:
    croissant = pytest.importorskip("mlcroissant")
    read = croissant.Dataset(jsonld=export(make, kind, tmp_path) / "croissant.json")
    assert read.metadata.issues.errors == set()
    assert next(iter(read.records("items")))["items/label"] in {0, 1, 2}


@pytest.mark.parametrize("kind", ["image", "text", "series", "table", "vectors"])
def test_write_huggingface__its_own_library_loads_the_folder(
    kind: str, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    folder = export(make, kind, tmp_path)
    read = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))["train"]
    assert read.features["label"].names == ["common", "rare, odd", "=class", "unused"]
    assert len(read) == (15 if kind in {"image", "series"} else 16)
    if kind == "image":
        assert isinstance(read[0]["image"], Image.Image)
    bundle = make(kind)
    truth = bundle.labels.set_index("item_key")["class_name"]
    assert [read.features["label"].int2str(each) for each in read["label"]] == truth[
        list(read["item_key"])
    ].tolist()


def test_image_column__holds_files_that_open(make: Make, tmp_path: Path) -> None:
    table = pyarrow.parquet.read_table(export(make, "image", tmp_path) / "data/train.parquet").to_pylist()
    for row in table:
        assert Image.open(io.BytesIO(row["image"]["bytes"])).size == (12, 9)
