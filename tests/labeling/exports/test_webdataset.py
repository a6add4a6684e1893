from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from labeling.exports import webdataset
from labeling.exports.registry import exports
from labeling.pools.images import inspect_image
from tests.labeling.exports.bundles import BROKEN, Make


def samples(folder: Path) -> dict[str, dict[str, bytes]]:
    """Return each item's files by suffix, as WebDataset groups them."""
    found: dict[str, dict[str, bytes]] = {}
    for path in sorted((folder / "webdataset").glob("*.tar")):
        with tarfile.open(path) as archive:
            for entry in archive:
                name, suffix = entry.name.split(".", 1)
                file = archive.extractfile(entry)
                assert file is not None and entry.mtime == 0
                found.setdefault(name, {})[suffix] = file.read()
    return found


def test_write_webdataset__each_item_is_whole(make: Make, tmp_path: Path) -> None:
    bundle = make("image")
    exports.get("webdataset")(bundle, tmp_path / "out")
    names = json.loads((tmp_path / "out/webdataset/classes.json").read_text(encoding="utf-8"))
    truth = bundle.labels.set_index("item_key")["class_name"]
    found = samples(tmp_path / "out")
    assert len(found) == 15
    for files in found.values():
        told = json.loads(files["json"])
        assert names[int(files["cls"])] == told["class_name"] == truth[told["item_key"]]
        assert told["item_key"] != BROKEN
        (image,) = (data for suffix, data in files.items() if suffix not in {"json", "cls"})
        assert inspect_image(image) is None


def test_write_webdataset__content_of_other_kinds(make: Make, tmp_path: Path) -> None:
    for kind in ("text", "series", "vectors", "table"):
        bundle = make(kind)
        exports.get("webdataset")(bundle, tmp_path / kind)
        assert bundle.pool is not None
        for name, files in samples(tmp_path / kind).items():
            row = int(name)
            if kind == "text":
                assert files["txt"].decode() == bundle.pool.texts(row, row + 1)[0]
            elif kind == "table":
                assert set(json.loads(files["json"])["fields"]) == {"size", "Class_Name"}
            else:
                array = np.load(io.BytesIO(files["npy"]), allow_pickle=False)
                whole = bundle.pool.series if kind == "series" else bundle.pool.vectors
                np.testing.assert_array_equal(array, whole(row, row + 1)[0])


def test_write_webdataset__many_items_make_several_shards(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webdataset, "SHARD_ITEMS", 4)
    exports.get("webdataset")(make("text"), tmp_path / "out")
    assert len(list((tmp_path / "out/webdataset").glob("*.tar"))) == 4
    assert len(samples(tmp_path / "out")) == 16


def test_write_webdataset__its_own_library_reads_it(make: Make, tmp_path: Path) -> None:
    wds = pytest.importorskip("webdataset")
    exports.get("webdataset")(make("image"), tmp_path / "out")
    shards = sorted(str(path) for path in (tmp_path / "out/webdataset").glob("*.tar"))
    read = list(wds.WebDataset(shards, shardshuffle=False).decode("pil"))
    assert len(read) == 15
    assert {each["json"]["class_name"] for each in read} == {"common", "rare, odd", "=class"}
    assert all((each.get("png") or each.get("jpg") or each.get("gif")) is not None for each in read)
