"""Predictions added as labels are marked in every format, with their probability."""

from __future__ import annotations

import csv
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from labeling.exports import csv as csv_export
from labeling.exports import parquet as parquet_export
from labeling.exports.auto_labels import AutoClass, AutoLabels, auto_sentences, with_auto_labels
from labeling.exports.contract import ExportBundle, plain_labels, training_labels
from labeling.exports.manifest import read_manifest
from labeling.exports.registry import exports
from tests.labeling.exports.bundles import make_pool, pool_bundle, suited_kind

KEY, CHANCE = "CON", 0.9721
AUTO = AutoLabels(
    round_number=3,
    target=0.95,
    cap=100,
    audited=True,
    wrong=(0.04, 0.011, 0.09),
    classes=(
        AutoClass("common", None, 0, False, 0, None),
        AutoClass("rare, odd", 0.96, 1, True, 40, (0.04, 0.011, 0.09)),
    ),
)
Found = tuple[str, float | None]


def made(name: str, folder: Path) -> ExportBundle:
    """Return a bundle in which one item has a prediction in place of a label."""
    (folder / "pool").mkdir(parents=True, exist_ok=True)
    pool = make_pool(suited_kind(name), folder)
    bundle = pool_bundle(pool, folder, {})
    kept = bundle.labels[bundle.labels["item_key"] != KEY]
    bundle = pool_bundle(pool, folder, {"labels": kept})
    added = pd.DataFrame({"class_name": ["rare, odd"], "probability": [CHANCE]})
    return with_auto_labels(bundle, AUTO, item_keys=[KEY], rows=[int(pool.rows([KEY])[0])], labels=added)


def from_csv(folder: Path) -> dict[str, Found]:
    return from_frame(csv_export.read_labels(folder / "labels.csv"))


def from_frame(table: pd.DataFrame) -> dict[str, Found]:
    told = zip(table["item_key"], table["label_source"], table["probability"], strict=True)
    return {key: (source, None if pd.isna(chance) else float(chance)) for key, source, chance in told}


def from_lines(folder: Path) -> dict[str, Found]:
    lines = (json.loads(line) for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines())
    return {each["item_key"]: (each["label_source"], each["probability"]) for each in lines}


def from_npz(folder: Path) -> dict[str, Found]:
    with np.load(folder / "labels.npz", allow_pickle=False) as found:
        return from_frame(
            pd.DataFrame({name: found[name] for name in ("label_source", "probability")}).assign(
                item_key=found["item_keys"]
            )
        )


def from_image_folder(folder: Path) -> dict[str, Found]:
    with (folder / "image_folder_items.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["item_key"]: (row["label_source"], float(row["probability"]) if row["probability"] else None)
        for row in rows
    }


def from_coco(folder: Path) -> dict[str, Found]:
    told = json.loads((folder / "coco/annotations.json").read_text(encoding="utf-8"))
    keys = {image["id"]: image["item_key"] for image in told["images"]}
    return {
        keys[each["image_id"]]: (each["label_source"], each["probability"]) for each in told["annotations"]
    }


def from_label_studio(folder: Path) -> dict[str, Found]:
    """A prediction there is one here; what has an annotation is a person's."""
    found: dict[str, Found] = {}
    for task in json.loads((folder / "label_studio/tasks.json").read_text(encoding="utf-8")):
        key = task["data"]["item_key"]
        if task["annotations"]:
            found[key] = ("person", None)
        for told in task.get("predictions", ()):
            assert told["model_version"] == "goldpan round 3"
            assert told["result"][0]["value"] == {"choices": ["rare, odd"]}
            found[key] = ("model", told["score"])
    return found


def from_fits(folder: Path) -> dict[str, Found]:
    fits = pytest.importorskip("astropy.io.fits")
    with fits.open(folder / "labels.fits") as opened:
        rows = opened["LABELS"].data
        told = zip(rows["item_key"], rows["label_source"], rows["probability"].tolist(), strict=True)
        return {str(key): (str(source), None if np.isnan(chance) else chance) for key, source, chance in told}


def from_huggingface(folder: Path) -> dict[str, Found]:
    return from_frame(pyarrow.parquet.read_table(folder / "huggingface/data/train.parquet").to_pandas())


def from_webdataset(folder: Path) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for path in sorted((folder / "webdataset").glob("*.tar")):
        with tarfile.open(path) as archive:
            for entry in archive:
                if entry.name.endswith(".json"):
                    told = json.loads(archive.extractfile(entry).read())  # type: ignore[union-attr]
                    found[told["item_key"]] = (told["label_source"], told["probability"])
    return found


READ: dict[str, Callable[[Path], dict[str, Found]]] = {
    "csv": from_csv,
    "parquet": lambda folder: from_frame(parquet_export.read_labels(folder / "labels.parquet")),
    "jsonl": from_lines,
    "npz": from_npz,
    "image_folder": from_image_folder,
    "coco": from_coco,
    "label_studio": from_label_studio,
    "fits": from_fits,
    "huggingface": from_huggingface,
    "webdataset": from_webdataset,
}
WITHOUT_ITEMS = {"selection", "model", "onnx"}
"""Exports that hold no predictions: a selection is of people's labels."""


def test_formats__every_export_is_looked_at() -> None:
    assert {name for name, _ in exports} == set(READ) | WITHOUT_ITEMS


@pytest.mark.parametrize("name", READ)
def test_formats__a_prediction_is_marked_and_nothing_else_is(name: str, tmp_path: Path) -> None:
    exports.get(name)(made(name, tmp_path), tmp_path / "out")
    found = READ[name](tmp_path / "out")
    source, chance = found.pop(KEY)
    assert source == "model"
    assert chance == pytest.approx(CHANCE)
    assert len(found) > 5
    assert set(found.values()) == {("person", None)}


def test_training_labels__hold_what_people_said(tmp_path: Path) -> None:
    bundle = made("csv", tmp_path)
    assert KEY in set(plain_labels(bundle)["item_key"])
    assert KEY not in set(training_labels(bundle)["item_key"])
    exports.get("selection")(bundle, tmp_path / "out")
    assert KEY not in (tmp_path / "out/selection.csv").read_text(encoding="utf-8")


def test_manifest_and_card__say_what_was_added_and_how_much_is_wrong(tmp_path: Path) -> None:
    bundle = made("huggingface", tmp_path)
    exports.get("huggingface")(bundle, tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    told: Any = manifest["auto_labels"]
    assert (told["added"], told["target"], told["wrong"]) == (1, 0.95, [0.04, 0.011, 0.09])
    assert "predicted" not in manifest["acts"]
    assert manifest["labels_per_class"]["rare, odd"] == int(
        (training_labels(bundle)["class_name"] == "rare, odd").sum()
    )
    card = (tmp_path / "out/huggingface/README.md").read_text(encoding="utf-8")
    assert "1 predictions of the model of round 3 are added as labels" in card
    assert "finds wrong: 4.0 % \\(1.1 to 9.0\\)" in card


def test_auto_sentences__without_an_audit_set_nobody_knows() -> None:
    told = auto_sentences(AutoLabels(1, 0.9, 10, False, None, ()))
    assert "not known: there was no audit set" in told[-1]
    assert "none added" in auto_sentences(AUTO)[2]
