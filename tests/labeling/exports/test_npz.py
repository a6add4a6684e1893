from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from labeling.exports.errors import ExportBundleError
from labeling.exports.registry import exports
from tests.labeling.exports.bundles import BROKEN, Make


def test_write_npz__scikit_learn_takes_it_without_pickle(make: Make, tmp_path: Path) -> None:
    bundle = make("image")
    exports.get("npz")(bundle, tmp_path / "out")
    with np.load(tmp_path / "out/labels.npz", allow_pickle=False) as data:
        X, y, names, keys = (data[name] for name in ("X", "y", "class_names", "item_keys"))
    assert LogisticRegression().fit(X, y).predict(X).shape == y.shape
    assert names.tolist() == ["common", "rare, odd", "=class", "unused"]
    truth = bundle.labels.set_index("item_key")["class_name"]
    assert dict(zip(keys.tolist(), names[y].tolist(), strict=True)) == truth[keys.tolist()].to_dict()
    assert bundle.pool is not None and bundle.vectors is not None
    np.testing.assert_array_equal(X, bundle.vectors[bundle.pool.rows(keys.tolist())])
    assert not {BROKEN, "gone", "skipped"} & set(keys.tolist())


def test_write_npz__vectors_of_another_pool(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ExportBundleError, match="there are 2 vectors"):
        exports.get("npz")(make("table", vectors=np.zeros((2, 3), np.float32)), tmp_path / "out")
