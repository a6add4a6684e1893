"""The last round's model: its weights as safetensors, a predictor that needs numpy alone, and ONNX."""

from __future__ import annotations

from pathlib import Path

from labeling.exports.contract import ExportBundle, TrainedModel, Written
from labeling.exports.errors import ExportBundleError


def write_model(bundle: ExportBundle, folder: Path) -> Written:
    """Write `model/` with the weights, what they mean, and `predict.py`.

    Args:
        bundle: what to write; with a model.
        folder: an empty folder.

    Returns:
        The files.

    Raises:
        ExportBundleError: the bundle has no model.
    """
    place = folder / "model"
    place.mkdir()
    return Written(_model(bundle).write_weights(place))


def write_onnx(bundle: ExportBundle, folder: Path) -> Written:
    """Write `model.onnx`: `vectors` (b, d) float32 → `probabilities` (b, k) float32.

    Args:
        bundle: what to write; with a model.
        folder: an empty folder.

    Returns:
        The file.

    Raises:
        ExportBundleError: the bundle has no model.
    """
    return Written((_model(bundle).write_onnx(folder / "model.onnx"),))


def _model(bundle: ExportBundle) -> TrainedModel:
    if bundle.model is None:
        raise ExportBundleError("the bundle has no model; run a round first")
    return bundle.model
