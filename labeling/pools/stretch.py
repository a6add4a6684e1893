"""An image's numbers to the 256 greys of a screen: a range between two percentiles, and a curve over it.

A detector counts to thousands, and what matters is often faint beside its brightest pixels. The curves are those of
the display tools of astronomy (SAOImage DS9): `log` is log(1 + 1000 t) and `asinh` is asinh(10 t), scaled to 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

FloatArray = npt.NDArray[np.float64]

CURVES: Mapping[str, Callable[[FloatArray], FloatArray]] = MappingProxyType(
    {
        "linear": lambda share: share,
        "sqrt": np.sqrt,
        "log": lambda share: np.log1p(1000 * share) / np.log1p(1000),
        "asinh": lambda share: np.arcsinh(10 * share) / np.arcsinh(10),
    }
)
"""Name → what it makes of shares of the range, 0 to 1. The label card has the same ones for images of 8 bits."""

_DEEP_MODES = ("I", "F")
_LOOKED_AT = 1_000_000
"""Pixels, evenly spaced, that percentiles are taken from."""
_STRIP_PIXELS = 1_000_000
"""Pixels that are held as float64 at a time."""


@dataclass(frozen=True)
class Stretch:
    """How numbers become greys.

    Attributes:
        curve: a key of `CURVES`.
        low: percentile, 0 to 100, of the number that is black.
        high: percentile, above `low`, of the number that is white.
    """

    curve: str = "linear"
    low: float = 0.5
    high: float = 99.5


def is_deep(image: Image.Image) -> bool:
    """Return whether an image's numbers go beyond 8 bits, so that their range is the instrument's."""
    return image.mode.startswith(_DEEP_MODES)


def stretch_image(image: Image.Image, stretch: Stretch) -> Image.Image:
    """Return an image of 8 bits; numbers that are not finite are black.

    Args:
        image: of any mode; colours share one range, that of their brightness.
        stretch: range and curve.
    """
    image = ImageOps.exif_transpose(image)
    if is_deep(image):
        return Image.fromarray(_stretch_deep(np.asarray(image), stretch))
    plain = image if image.mode in ("L", "RGB", "RGBA") else image.convert(_plain_mode(image))
    low, high = _range(np.asarray(plain.convert("L")), stretch)
    table = _greys(np.arange(256, dtype=np.float64), low, high, stretch.curve).tolist()
    bands = {"L": table, "RGB": table * 3, "RGBA": table * 3 + list(range(256))}
    return plain.point(bands[plain.mode])


def _stretch_deep(values: npt.NDArray[Any], stretch: Stretch) -> npt.NDArray[np.uint8]:
    """Return (h, w) uint8 for (h, w) numbers, a strip at a time."""
    low, high = _range(values, stretch)
    greys = np.empty(values.shape, dtype=np.uint8)
    step = max(1, _STRIP_PIXELS // max(values.shape[1], 1))
    for start in range(0, len(values), step):
        strip = values[start : start + step].astype(np.float64)
        greys[start : start + step] = _greys(strip, low, high, stretch.curve)
    return greys


def _greys(values: FloatArray, low: float, high: float, curve: str) -> npt.NDArray[np.uint8]:
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    share = np.where(np.isfinite(values), share, 0.0).clip(0.0, 1.0)
    return np.rint(CURVES[curve](share) * 255).astype(np.uint8)


def _range(values: npt.NDArray[Any], stretch: Stretch) -> tuple[float, float]:
    """Return the numbers that are black and white; (0, 0) where no number is finite."""
    step = max(1, int(np.ceil(np.sqrt(values.size / _LOOKED_AT))))
    sample = values[::step, ::step].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 0.0
    low, high = np.percentile(sample, (stretch.low, stretch.high))
    if high <= low:
        # Nearly all pixels are alike; the few that differ are what there is to see.
        low, high = sample.min(), sample.max()
    return float(low), float(high)


def _plain_mode(image: Image.Image) -> str:
    if image.mode in ("LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return "RGBA"
    return "L" if image.mode == "1" else "RGB"
