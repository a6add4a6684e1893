"""A round's head as files that others can use. Its weights are read as data; what is computed is in `predict`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from models.errors import WeightsError
from models.portable import predict

PREDICTOR = Path(predict.__file__)
CAN_WRITE = tuple(predict.HEADS)
"""Heads whose computation is known without torch; `sklearn` is refitted from its labels, which needs goldpan."""


@dataclass(frozen=True)
class HeadFile:
    """The weights of a head and what its numbers mean. d numbers a vector, k classes.

    Attributes:
        path: the safetensors file.
        head: the kind of head.
        class_names: k names.
        temperature: what logits are divided by.
        dimensions: d.
        prior: k shares of the classes in the pool.
    """

    path: Path
    head: str
    class_names: tuple[str, ...]
    temperature: float
    dimensions: int
    prior: tuple[float, ...]

    def tensors(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return the weights by name, as in the file.

        Raises:
            WeightsError: the file cannot be read any more.
        """
        try:
            with safe_open(self.path, framework="np") as opened:
                return {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
        except (OSError, SafetensorError) as error:
            raise WeightsError(f"{self.path} cannot be read as weights ({error}); run a round") from error


def open_head(path: Path, *, prior: Sequence[float]) -> HeadFile | None:
    """Return what a head's file says of itself; None where the head cannot be written for others.

    Args:
        path: a file that `models.heads.files.save_head` wrote.
        prior: (k,) shares of the classes in the pool.

    Raises:
        WeightsError: the file cannot be read, or is not a head's.
    """
    try:
        with safe_open(path, framework="np") as opened:
            meta = dict(opened.metadata() or {})
        if meta["head"] not in CAN_WRITE:
            return None
        names = tuple(str(name) for name in json.loads(meta["class_names"]))
        shares = tuple(float(share) for share in prior)
        if len(shares) != len(names):
            raise ValueError(f"{len(shares)} shares for {len(names)} classes")
        return HeadFile(
            path, meta["head"], names, float(meta["temperature"]), int(meta["dimensions"]), shares
        )
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(f"{path} cannot be read as a head's weights ({error}); run a round") from error


def write_weights(head: HeadFile, folder: Path, *, facts: Mapping[str, Any]) -> tuple[Path, ...]:
    """Write `head.safetensors`, `model.json` and `predict.py` into a folder.

    Args:
        head: what to write.
        folder: where to; it is there.
        facts: what else `model.json` shall say, such as the encoder.

    Returns:
        The files.

    Raises:
        OSError: they cannot be written.
    """
    files = (folder / "head.safetensors", folder / "model.json", folder / "predict.py")
    content = {
        **facts,
        "head": head.head,
        "class_names": head.class_names,
        "temperature": head.temperature,
        "prior": head.prior,
        "dimensions": head.dimensions,
    }
    shutil.copyfile(head.path, files[0])
    files[1].write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    shutil.copyfile(PREDICTOR, files[2])
    return files
