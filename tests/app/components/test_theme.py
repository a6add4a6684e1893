from __future__ import annotations

import itertools
import re

import numpy as np
import numpy.typing as npt
import pytest
from bokeh.themes import Theme

from app.components import theme
from app.components.theme import CLASS_PALETTE, DARK, LIGHT, contrast_ratio, ink_on

THEMES = {"light": LIGHT, "dark": DARK}
SURFACES = ("bg", "surface", "sunken", "raised")
SOFT = ("discover", "balance", "refine", "good", "warn", "bad", "primary")

# Machado, Oliveira and Fernandes (2009): what full protanopia and deuteranopia make of linear RGB.
VISION = {
    "usual": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_CONE = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]])
TO_LAB = np.array([[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]])


def perceived(colour: str, vision: str) -> npt.NDArray[np.float64]:
    """Return the Oklab coordinates of a colour as an eye of that kind sees it."""
    srgb = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(VISION[vision] @ linear, 0, 1)
    return np.asarray(TO_LAB @ np.cbrt(TO_CONE @ seen))


def closest_pair(colours: tuple[str, ...], vision: str) -> float:
    """Return the smallest Oklab distance between two of the colours."""
    points = [perceived(colour, vision) for colour in colours]
    return min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(points, 2))


def test_contrast_ratio__black_on_white_is_21() -> None:
    assert contrast_ratio("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("text", ["text", "text-2", "text-3", "primary", "bad", "good", "warn"])
def test_tokens__text_is_legible_on_every_surface(name: str, surface: str, text: str) -> None:
    assert contrast_ratio(THEMES[name][text], THEMES[name][surface]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("token", SOFT)
def test_tokens__coloured_text_is_legible_on_its_soft_ground(name: str, token: str) -> None:
    assert contrast_ratio(THEMES[name][token], THEMES[name][f"{token}-soft"]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("on-primary", "primary"),
        ("on-primary", "primary-hover"),
        ("on-gold-soft", "gold-soft"),
        ("text", "gold-soft"),
        ("text", "primary-soft"),
    ],
)
def test_tokens__pairs_that_meet_are_legible(name: str, text: str, ground: str) -> None:
    assert contrast_ratio(THEMES[name][text], THEMES[name][ground]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("token", ["border-strong", "focus", "gold"])
def test_tokens__lines_that_carry_meaning_stand_out(name: str, surface: str, token: str) -> None:
    assert contrast_ratio(THEMES[name][token], THEMES[name][surface]) >= 3


def test_tokens__both_themes_define_the_same_names() -> None:
    assert set(LIGHT) == set(DARK)


@pytest.mark.parametrize("vision", VISION)
def test_class_palette__ten_classes_are_told_apart_by_every_eye(vision: str) -> None:
    assert closest_pair(CLASS_PALETTE[:10], vision) >= 0.085


@pytest.mark.parametrize("vision", VISION)
def test_class_palette__twenty_classes_are_never_the_same(vision: str) -> None:
    assert closest_pair(CLASS_PALETTE, vision) >= 0.06


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("colour", CLASS_PALETTE)
def test_class_palette__stands_out_or_its_border_does(name: str, colour: str) -> None:
    surface = THEMES[name]["surface"]
    assert contrast_ratio(colour, surface) >= 1.9
    assert contrast_ratio(THEMES[name]["border-strong"], surface) >= 3


@pytest.mark.parametrize("colour", CLASS_PALETTE)
def test_ink_on__text_on_a_class_colour_is_legible(colour: str) -> None:
    assert contrast_ratio(ink_on(colour), colour) >= 4.5


def test_class_colour__is_a_hex_colour_far_past_the_palette() -> None:
    colours = [theme.class_colour(position) for position in range(77)]

    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for colour in colours)
    assert len(set(colours)) == 77


def test_theme_css__defines_every_token_in_both_themes() -> None:
    light, dark = theme.theme_css().split(':root[data-theme="dark"]')

    for token in LIGHT:
        assert f"--gp-{token}: {LIGHT[token]};" in light
        assert f"--gp-{token}: {DARK[token]};" in dark


def test_theme_css__fetches_nothing() -> None:
    assert "url(" not in theme.theme_css()
    assert "@import" not in theme.theme_css()


@pytest.mark.parametrize("dark", [False, True])
def test_bokeh_theme__is_one_that_bokeh_accepts(dark: bool) -> None:
    built = Theme(json=theme.bokeh_theme(dark=dark))

    assert built._json["attrs"]["Title"]["text_color"].startswith("#")


@pytest.mark.parametrize("dark", [False, True])
def test_chart_colours__labels_are_legible_on_the_plot(dark: bool) -> None:
    colours = theme.chart_colours(dark=dark)

    assert contrast_ratio(colours.text, colours.plot) >= 4.5
    assert contrast_ratio(colours.muted, colours.background) >= 4.5
    assert contrast_ratio(colours.unlabelled, colours.plot) >= 3


def test_material_theme__has_the_colours_of_both_themes() -> None:
    made = theme.material_theme()

    assert made["light"]["palette"]["background"]["paper"] == LIGHT["surface"]
    assert made["dark"]["palette"]["background"]["paper"] == DARK["surface"]
