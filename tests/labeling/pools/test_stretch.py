from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from labeling.pools.stretch import CURVES, Stretch, is_deep, stretch_image


def deep(values: object) -> Image.Image:
    return Image.fromarray(np.asarray(values))


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_stretch_image__percentiles_are_black_and_white(kind: type[np.number[Any]]) -> None:
    values = np.linspace(0, 10_000, 101 * 101).reshape(101, 101).astype(kind)
    greys = np.asarray(stretch_image(deep(values), Stretch("linear", 10, 90)))
    assert greys.dtype == np.uint8
    assert (greys[0, 0], greys[-1, -1]) == (0, 255)
    assert abs(int(greys[50, 50]) - 128) <= 1
    assert (greys == 0).mean() == pytest.approx(0.1, abs=0.01)
    assert (greys == 255).mean() == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("curve", CURVES)
def test_stretch_image__every_curve_rises_from_black_to_white(curve: str) -> None:
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    greys = np.asarray(stretch_image(deep(ramp), Stretch(curve, 0, 100))).reshape(-1).astype(int)
    assert (greys[0], greys[-1]) == (0, 255)
    assert (np.diff(greys) >= 0).all()


def test_stretch_image__bent_curves_lift_what_is_faint() -> None:
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    faint = {
        curve: int(np.asarray(stretch_image(deep(ramp), Stretch(curve, 0, 100))).reshape(-1)[200])
        for curve in CURVES
    }
    assert faint["linear"] < faint["asinh"] < faint["log"]
    assert faint["linear"] < faint["sqrt"] < faint["log"]


def test_stretch_image__one_hot_pixel_does_not_darken_the_rest() -> None:
    values = np.random.default_rng(0).normal(1000, 20, (200, 200)).astype(np.float32)
    values[3, 3] = 1e9
    greys = np.asarray(stretch_image(deep(values), Stretch()))
    assert 90 < greys.mean() < 165
    assert greys[3, 3] == 255


def test_stretch_image__numbers_that_are_none_are_black() -> None:
    values = np.linspace(0, 1, 64).reshape(8, 8).astype(np.float32)
    values[0, :3] = [np.nan, np.inf, -np.inf]
    greys = np.asarray(stretch_image(deep(values), Stretch("asinh", 0, 100)))
    assert greys[0, :3].tolist() == [0, 0, 0]
    assert greys.max() == 255


@pytest.mark.parametrize("fill", [0.0, 7.0, np.nan])
def test_stretch_image__one_number_throughout(fill: float) -> None:
    greys = np.asarray(stretch_image(deep(np.full((4, 4), fill, np.float32)), Stretch()))
    assert (greys == 0).all()


def test_stretch_image__a_few_lit_pixels_on_nothing_are_seen() -> None:
    values = np.zeros((100, 100), np.uint16)
    values[50, 50] = 900
    assert np.asarray(stretch_image(deep(values), Stretch()))[50, 50] == 255


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_stretch_image__eight_bits_of_every_mode(mode: str) -> None:
    values = np.random.default_rng(0).integers(40, 90, (16, 16, 3), dtype=np.uint8)
    shown = stretch_image(Image.fromarray(values).convert(mode), Stretch("linear", 0, 100))
    assert shown.mode in ("L", "RGB", "RGBA")
    assert np.asarray(shown.convert("L")).max() > 200


def test_stretch_image__transparency_is_kept() -> None:
    image = Image.new("RGBA", (4, 4), (10, 20, 30, 77))
    assert np.asarray(stretch_image(image, Stretch()))[..., 3].tolist() == [[77] * 4] * 4


def test_is_deep__tells_the_modes_apart() -> None:
    assert is_deep(deep(np.zeros((2, 2), np.uint16)))
    assert is_deep(deep(np.zeros((2, 2), np.float32)))
    assert not is_deep(Image.new("RGB", (2, 2)))
