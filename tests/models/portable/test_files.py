from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from models.errors import WeightsError
from models.portable.files import open_head

META = {"head": "logistic", "class_names": '["a", "b"]', "temperature": "1.0", "dimensions": "3"}


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({}, "cannot be read as a head"),
        (META | {"class_names": "no"}, "cannot"),
        (META, "3 shares for 2 classes"),
    ],
)
def test_open_head__file_of_something_else(tmp_path: Path, meta: dict[str, str], words: str) -> None:
    save_file({"x": np.zeros(1, np.float32)}, tmp_path / "x", metadata=meta)
    with pytest.raises(WeightsError, match=words):
        open_head(tmp_path / "x", prior=[0.2, 0.3, 0.5])


def test_open_head__no_such_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="run a round"):
        open_head(tmp_path / "x", prior=[1.0])
