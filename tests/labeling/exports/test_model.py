from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from labeling.exports.registry import exports
from models.portable.predict import load
from tests.labeling.exports.bundles import Make

CLASSES = ["common", "rare, odd", "=class", "unused"]


def test_write_model__predicts_alone_from_its_folder(make: Make, tmp_path: Path) -> None:
    bundle = make("table")
    exports.get("model")(bundle, tmp_path / "out")
    assert bundle.vectors is not None
    np.save(tmp_path / "vectors.npy", bundle.vectors)
    command = [sys.executable, "-I", str(tmp_path / "out/model/predict.py"), str(tmp_path / "vectors.npy")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=True)
    names, *rows = csv.reader(done.stdout.splitlines())
    assert names == CLASSES
    expected = load(tmp_path / "out/model").predict_proba(bundle.vectors)
    np.testing.assert_allclose(np.asarray(rows, dtype=np.float64), expected, atol=1e-6)


def test_write_model__says_where_it_comes_from(make: Make, tmp_path: Path) -> None:
    exports.get("model")(make("table"), tmp_path / "out")
    facts = json.loads((tmp_path / "out/model/model.json").read_text(encoding="utf-8"))
    assert (facts["head"], facts["encoder"], facts["class_names"]) == ("logistic", "given", CLASSES)


def test_write_onnx__onnxruntime_gives_the_same_probabilities(make: Make, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    bundle = make("table")
    exports.get("onnx")(bundle, tmp_path / "onnx")
    exports.get("model")(bundle, tmp_path / "model")
    session = runtime.InferenceSession(tmp_path / "onnx/model.onnx", providers=["CPUExecutionProvider"])
    (told,) = session.run(["probabilities"], {"vectors": bundle.vectors})
    assert bundle.vectors is not None
    expected = load(tmp_path / "model/model").predict_proba(bundle.vectors)
    np.testing.assert_allclose(told, expected, atol=1e-5)
    assert json.loads(session.get_modelmeta().custom_metadata_map["class_names"]) == CLASSES
