from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.errors import WeightsError
from models.heads.files import FORMAT, load_head, save_head
from models.heads.registry import heads
from tests.models.heads.sets import CPU, labelled, section


@pytest.fixture
def file(tmp_path: Path) -> Path:
    trained = heads.get("logistic").fit(labelled("wine", 40), section=section(), seed=0, device=CPU)
    save_head(trained, tmp_path / "head.safetensors")
    return tmp_path / "head.safetensors"


def meta(**changes: str) -> dict[str, str]:
    return {
        "format": FORMAT, "head": "logistic", "class_names": '["a", "b", "c"]', "dimensions": "13",
        "corrected": "true", "seed": "0", "temperature": "1.0",
    } | changes  # fmt: skip


def test_save_head__leaves_no_part_behind(file: Path) -> None:
    assert [path.name for path in file.parent.iterdir()] == ["head.safetensors"]


def test_save_head__folder_that_is_not_there(file: Path) -> None:
    trained, _ = load_head(file)
    with pytest.raises(WeightsError, match="cannot write"):
        save_head(trained, file.parent / "missing" / "head.safetensors")


def test_load_head__missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights file"):
        load_head(tmp_path / "head.safetensors")


@pytest.mark.parametrize("kept", [0, 5, 200, -1])
def test_load_head__cut_file(file: Path, kept: int) -> None:
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        load_head(file)


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.sprung,)


def test_load_head__pickle_is_not_opened(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1), "trap": Trap(tmp_path / "sprung")}, tmp_path / "head.safetensors")
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        load_head(tmp_path / "head.safetensors")
    assert not (tmp_path / "sprung").exists()


def test_load_head__safetensors_of_something_else(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(1)}, tmp_path / "head.safetensors")
    with pytest.raises(WeightsError, match="not a head written by this version"):
        load_head(tmp_path / "head.safetensors")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"head": "oracle"}, "not installed here.*logistic"),
        ({"class_names": '["a"]'}, "damaged"),
        ({"class_names": "{}"}, "damaged"),
        ({"class_names": "no json"}, "damaged"),
        ({"seed": "x"}, "damaged"),
        ({"temperature": "0"}, "damaged"),
        ({"temperature": "nan"}, "damaged"),
    ],
)
def test_load_head__wrong_description(file: Path, changes: dict[str, str], message: str) -> None:
    save_file(load_file(file), file, metadata=meta(**changes))
    with pytest.raises(WeightsError, match=message):
        load_head(file)


@pytest.mark.parametrize("name", ["mean", "mask", "parameter.weight", "parameter.bias"])
def test_load_head__missing_or_misshapen_tensor(file: Path, name: str) -> None:
    tensors = load_file(file)
    save_file({key: value for key, value in tensors.items() if key != name}, file, metadata=meta())
    with pytest.raises(WeightsError, match="damaged"):
        load_head(file)
    save_file(tensors | {name: torch.zeros(3, 7)}, file, metadata=meta())
    with pytest.raises(WeightsError, match="damaged"):
        load_head(file)


def test_load_head__weights_that_are_no_numbers(file: Path) -> None:
    tensors = load_file(file)
    tensors["parameter.bias"][0, 0] = float("nan")
    save_file(tensors, file, metadata=meta())
    with pytest.raises(WeightsError, match="NaN"):
        load_head(file)
