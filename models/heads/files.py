"""Trained heads on disk: safetensors, which is data alone, with the head's name and settings beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from config.errors import UnknownNameError
from models.errors import TrainingSetError, WeightsError
from models.heads.contract import TrainedHead
from models.heads.registry import heads

FORMAT = "goldpan head 1"
OWN = ("mean", "size", "mask", "label_counts")
"""Tensors every head has; a head's own parameters are stored under "parameter.NAME"."""


def save_head(trained: TrainedHead, path: Path, *, temperature: float = 1.0) -> None:
    """Write a trained head; a file of that name is replaced only once the new one is whole.

    Args:
        trained: the head; its tensors may be on any device.
        path: the file, by custom `head.safetensors`.
        temperature: what its logits are divided by.

    Raises:
        WeightsError: the file cannot be written.
    """
    tensors = {key: getattr(trained, key).cpu().contiguous() for key in OWN}
    tensors |= {f"parameter.{key}": tensor.cpu().contiguous() for key, tensor in trained.tensors.items()}
    meta = {
        "format": FORMAT,
        "head": trained.name,
        "class_names": json.dumps(trained.class_names),
        "dimensions": str(trained.dimensions),
        "corrected": json.dumps(trained.corrected),
        "seed": str(trained.seed),
        "temperature": repr(float(temperature)),
    }
    part = path.with_name(path.name + ".part")
    try:
        save_file(tensors, part, metadata=meta)
        part.replace(path)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        raise WeightsError(f"cannot write {path}: {error}; free space or choose another folder") from error


def load_head(path: Path, *, device: torch.device | None = None) -> tuple[TrainedHead, float]:
    """Read a trained head.

    Args:
        path: a file that `save_head` wrote.
        device: where its tensors shall be; None for the cpu.

    Returns:
        The head and the temperature its logits are divided by.

    Raises:
        WeightsError: there is no such file, it is cut short or altered, it is not a head's, or its head is
            unknown here.
    """
    meta, tensors = _read(path)
    if meta.get("format") != FORMAT:
        raise WeightsError(
            f"{path} is not a head written by this version of goldpan; let a round train it anew"
        )
    try:
        trained, temperature = _assemble(meta, tensors)
        _try_out(trained)
    except UnknownNameError as error:
        raise WeightsError(f"{path} holds a head that is not installed here: {error}") from error
    except (KeyError, ValueError, RuntimeError, TypeError, IndexError, TrainingSetError) as error:
        raise WeightsError(f"{path} is damaged ({error}); let a round train it anew") from error
    return (trained.to(device) if device else trained), temperature


def _read(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    if not path.is_file():
        raise WeightsError(f"there is no weights file {path}; let a round train one")
    try:
        with safe_open(path, framework="pt") as opened:
            names = list(opened.keys())
            return dict(opened.metadata() or {}), {name: opened.get_tensor(name) for name in names}
    except (OSError, SafetensorError, ValueError) as error:
        raise WeightsError(
            f"{path} cannot be read as weights ({error}); let a round train it anew"
        ) from error


def _assemble(meta: Mapping[str, str], tensors: Mapping[str, torch.Tensor]) -> tuple[TrainedHead, float]:
    head = heads.get(meta["head"])
    names: Any = json.loads(meta["class_names"])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("the class names are not a list of texts")
    trained = TrainedHead(
        name=meta["head"],
        tensors={key.removeprefix("parameter."): value for key, value in tensors.items() if key not in OWN},
        mean=tensors["mean"],
        size=tensors["size"],
        mask=tensors["mask"],
        label_counts=tensors["label_counts"],
        forward=head.forward,
        class_names=tuple(names),
        corrected=json.loads(meta["corrected"]) is True,
        seed=int(meta["seed"]),
    )
    temperature = float(meta["temperature"])
    if not 0 < temperature < float("inf"):
        raise ValueError(f"temperature {temperature}")
    return trained, temperature


def _try_out(trained: TrainedHead) -> None:
    """Compute the logits of the mean vector, so that tensors that do not fit together are found at once."""
    logits = trained.logits(trained.mean[None, :])
    wanted = (trained.members, 1, len(trained.class_names))
    if tuple(logits.shape) != wanted or trained.label_counts.shape != (len(trained.class_names),):
        raise ValueError(f"logits of shape {tuple(logits.shape)} instead of {wanted}")
    if not bool(torch.isfinite(logits).all()):
        raise ValueError("its weights hold NaN or infinite numbers")
