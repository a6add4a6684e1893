from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from labeling.exports.contract import ExportBundle
from labeling.exports.errors import ExportUnfitError
from labeling.exports.items import UNREADABLE, image_of
from labeling.exports.manifest import read_manifest
from labeling.exports.registry import exports
from tests.labeling.exports.bundles import BROKEN, Make
from tests.labeling.pools.files import snapshot
from tests.labeling.pools.files import write_image_folder as write_files

CLASSES = ["..", "a/b", "NUL", "c" * 10_000]


def read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def renamed(make: Make, names: list[str]) -> ExportBundle:
    bundle = make("image")
    new = dict(zip(bundle.classes["class_name"], names, strict=True))
    labels = bundle.labels.assign(class_name=bundle.labels["class_name"].map(new))
    return make("image", labels=labels, classes=bundle.classes.assign(class_name=names))


def test_write_image_folder__files_are_the_images_and_tables_have_the_keys(
    make: Make, tmp_path: Path
) -> None:
    bundle = make("image")
    exports.get("image_folder")(bundle, tmp_path / "out")
    items = read_table(tmp_path / "out/image_folder_items.csv")
    truth = bundle.labels.set_index("item_key")["class_name"]
    assert items["class_name"].tolist() == truth[items["item_key"].tolist()].tolist()
    assert len(items) == len(set(items["file"].str.casefold())) == 15
    assert bundle.pool is not None
    for key, file in zip(items["item_key"], items["file"], strict=True):
        path = tmp_path / "out/image_folder" / file
        image = image_of(bundle.pool, int(bundle.pool.rows([key])[0]))
        assert image is not None and path.read_bytes() == image.data
        with Image.open(path) as opened:
            assert opened.format is not None
            assert (
                path.suffix in {".png", ".jpg", ".gif"} and path.suffix[1:].upper()[:2] == opened.format[:2]
            )


def test_write_image_folder__a_library_sees_the_classes(make: Make, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    exports.get("image_folder")(make("image"), tmp_path / "out")
    place = str(tmp_path / "out/image_folder")
    read = datasets.load_dataset("imagefolder", data_dir=place, cache_dir=str(tmp_path / "cache"))["train"]
    folders = read_table(tmp_path / "out/image_folder_classes.csv").set_index("folder")["class_name"]
    assert sorted(folders[read.features["label"].names].tolist()) == ["=class", "common", "rare, odd"]
    assert len(read) == 15


def test_write_image_folder__class_names_that_are_no_file_names(make: Make, tmp_path: Path) -> None:
    exports.get("image_folder")(renamed(make, CLASSES), tmp_path / "out")
    folders = read_table(tmp_path / "out/image_folder_classes.csv")
    assert folders["class_name"].tolist() == CLASSES
    used = {path.name for path in (tmp_path / "out/image_folder").iterdir()}
    assert len(used) == 3 and used <= set(folders["folder"])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_write_image_folder__unreadable_image_is_left_out_and_told(make: Make, tmp_path: Path) -> None:
    exports.get("image_folder")(make("image"), tmp_path / "out")
    told = read_manifest(tmp_path / "out")["left_out"]["image_folder"]
    assert told["count"] == 2
    assert {"item_key": BROKEN, "why": UNREADABLE} in told["items"]


def test_write_image_folder__pool_without_images(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ExportUnfitError, match="image_folder is for pools of images, this one is of texts"):
        exports.get("image_folder")(make("text"), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_write_image_folder__files_that_vanished_or_broke_since(make: Make, tmp_path: Path) -> None:
    pool = snapshot(tmp_path, write_files(tmp_path))
    gone, cut, *_ = sorted((tmp_path / "images").rglob("*.png"))
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:60])
    keys = pool.keys(range(pool.n))
    labels = make("image").labels.iloc[[0]].drop(columns=["item_key", "row"])
    labels = labels.loc[labels.index.repeat(pool.n)].assign(item_key=keys, row=range(pool.n))
    files = exports.get("image_folder")(make("image", pool=pool, labels=labels), tmp_path / "out")
    assert sum(path.suffix == ".png" for path in files) == pool.n - 2
    told = read_manifest(tmp_path / "out")["left_out"]["image_folder"]
    assert told["reasons"] == {UNREADABLE: 2}
    assert [each["item_key"].split("~")[0] for each in told["items"]] == [gone.stem, cut.stem]
