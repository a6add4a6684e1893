from __future__ import annotations

import json
from pathlib import Path

import pytest

from labeling.exports.errors import ExportDamagedError
from labeling.exports.manifest import read_manifest, verify_manifest
from labeling.exports.registry import exports
from tests.labeling.exports.bundles import make_bundle


def test_write_manifest__tells_how_the_labels_came_to_be(tmp_path: Path) -> None:
    exports.get("csv")(make_bundle(targets={"common": 2.0}), tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert manifest["labels_per_class"] == {"common": 5, "rare, odd": 4, "=class": 3, "unused": 0}
    assert manifest["acts"] == {"label": 12, "skip": 1}
    assert manifest["annotators"] == {"Ada, Countess": 11, "bob": 2}
    assert manifest["hashes"] == {"config": "c" * 64, "pool": "p" * 64, "vectors": "v" * 64}
    assert (manifest["revision"], manifest["round"], manifest["seed"]) == (17, 3, 5)
    assert manifest["licence"] == "CC BY 4.0"
    assert manifest["created_at"] == "2026-11-21T12:30:15.250000+00:00"
    assert manifest["targets"] == {"common": 2.0}


def test_verify_manifest__every_damage_is_named(tmp_path: Path) -> None:
    exports.get("csv")(make_bundle(), tmp_path / "out")
    (tmp_path / "out/labels.csv").write_text("changed")
    (tmp_path / "out/classes.csv").unlink()
    with pytest.raises(ExportDamagedError, match=r"classes\.csv is missing; labels\.csv has other content"):
        verify_manifest(tmp_path / "out")


def test_verify_manifest__file_outside_is_not_read(tmp_path: Path) -> None:
    exports.get("csv")(make_bundle(), tmp_path / "out")
    path = tmp_path / "out/manifest.json"
    content = json.loads(path.read_text())
    content["files"].append({"name": "../secret", "bytes": 1, "sha256": "0"})
    path.write_text(json.dumps(content))
    (tmp_path / "secret").write_text("s")
    with pytest.raises(ExportDamagedError, match="secret is missing"):
        verify_manifest(tmp_path / "out")


@pytest.mark.parametrize("text", ["", "[]", "{}", "{broken"])
def test_read_manifest__no_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ExportDamagedError):
        read_manifest(tmp_path)
    with pytest.raises(ExportDamagedError):
        read_manifest(tmp_path / "nowhere")
