"""How goldpan looks, in one place: colours in light and dark, spacing, type, radii, shadows, class palette.

The colours reach the page as CSS custom properties on `:root` (`theme_css`). They inherit into every shadow
root, so that components name `var(--gp-text)`, never a colour. Panel's Material widgets get the same colours
through `material_theme`, charts through `chart_colours` and `bokeh_theme`. The attribute `data-theme` on
`<html>` chooses light or dark; `theme_mirror.js` keeps it in step with Panel's own switch.
"""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif'
FONT_MONO = 'ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace'

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "bg": "#f4f6f8",
        "surface": "#ffffff",
        "sunken": "#f0f3f6",
        "raised": "#ffffff",
        "border": "#d9dfe6",
        "border-strong": "#7f8b99",
        "text": "#15202b",
        "text-2": "#465362",
        "text-3": "#5d6977",
        "primary": "#0b5c6e",
        "primary-hover": "#084855",
        "primary-soft": "#e2f0f3",
        "on-primary": "#ffffff",
        "gold": "#a5770a",
        "gold-soft": "#fbf3dc",
        "on-gold-soft": "#6b4a00",
        "focus": "#0b6fd3",
        "good": "#16703c",
        "good-soft": "#e3f4e9",
        "warn": "#835200",
        "warn-soft": "#fdf1d8",
        "bad": "#b0231b",
        "bad-soft": "#fdeae8",
        "discover": "#6741b8",
        "discover-soft": "#efeafb",
        "balance": "#0a6b5c",
        "balance-soft": "#e0f3ef",
        "refine": "#94490a",
        "refine-soft": "#fcecdf",
        "overlay": "rgb(16 24 32 / 0.48)",
    }
)
"""Colours of the light theme by token; text on surfaces and each `X` on `X-soft` has a contrast >= 4.5."""

DARK: Mapping[str, str] = MappingProxyType(
    {
        "bg": "#0f1418",
        "surface": "#171e24",
        "sunken": "#11171c",
        "raised": "#1f2830",
        "border": "#2d3842",
        "border-strong": "#6f7d8b",
        "text": "#e9eef2",
        "text-2": "#b6c2cc",
        "text-3": "#96a4b1",
        "primary": "#5fc3d6",
        "primary-hover": "#8ad6e4",
        "primary-soft": "#14323a",
        "on-primary": "#06232a",
        "gold": "#e8b93f",
        "gold-soft": "#322a14",
        "on-gold-soft": "#f2d27c",
        "focus": "#7db8ff",
        "good": "#6fd197",
        "good-soft": "#14301f",
        "warn": "#f0bd5a",
        "warn-soft": "#352809",
        "bad": "#ff9d94",
        "bad-soft": "#3d1a18",
        "discover": "#c0a8ff",
        "discover-soft": "#2a2244",
        "balance": "#62d3bd",
        "balance-soft": "#10332d",
        "refine": "#ffb27a",
        "refine-soft": "#3b2614",
        "overlay": "rgb(0 0 0 / 0.6)",
    }
)
"""Colours of the dark theme, the same tokens as LIGHT."""

SIZES: Mapping[str, str] = MappingProxyType(
    {
        "font": FONT,
        "mono": FONT_MONO,
        "size-xs": "12px",
        "size-s": "13px",
        "size-m": "15px",
        "size-l": "18px",
        "size-xl": "22px",
        "s1": "4px",
        "s2": "8px",
        "s3": "16px",
        "s4": "24px",
        "s5": "32px",
        "s6": "48px",
        "radius-s": "6px",
        "radius": "10px",
        "radius-l": "14px",
        "press": "120ms",
    }
)
"""Type, spacing (steps of 8 px, half a step for inner gaps), radii; the same in both themes."""

SHADOWS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "light": MappingProxyType(
            {
                "shadow": "0 1px 2px rgb(16 24 32 / 0.06), 0 1px 3px rgb(16 24 32 / 0.08)",
                "shadow-l": "0 8px 24px rgb(16 24 32 / 0.16), 0 2px 6px rgb(16 24 32 / 0.08)",
            }
        ),
        "dark": MappingProxyType(
            {
                "shadow": "0 1px 2px rgb(0 0 0 / 0.4)",
                "shadow-l": "0 12px 32px rgb(0 0 0 / 0.6)",
            }
        ),
    }
)

CLASS_PALETTE: tuple[str, ...] = (
    "#0077b6",
    "#f0a800",
    "#cc1a0c",
    "#bca6fa",
    "#1f1ff0",
    "#3ca890",
    "#843060",
    "#e46c30",
    "#7884fc",
    "#483cb4",
    "#78cc9c",
    "#90606c",
    "#9c0018",
    "#009cc0",
    "#5460fc",
    "#186090",
    "#00c0c0",
    "#d89c60",
    "#c06c60",
    "#3c849c",
)
"""Colours of the first 20 classes, ordered so that any first few differ most, also to a colour-blind eye."""

UNLABELLED = "#8793a0"
"""Colour of an item without a label, on maps and in charts, legible in both themes."""


@dataclass(frozen=True)
class ChartColours:
    """What a Bokeh or HoloViews chart needs of one theme; every field is a CSS hex colour.

    Attributes:
        background: behind the whole chart.
        plot: behind the data.
        text: titles and tick labels.
        muted: axis lines and quiet labels.
        grid: grid lines.
        primary: the one line or bar that matters.
        target: a wanted value beside it.
        unlabelled: items without a label.
        good: better than before.
        warn: needs a look.
        bad: worse, failed.
        kinds: colour by proposal kind.
    """

    background: str
    plot: str
    text: str
    muted: str
    grid: str
    primary: str
    target: str
    unlabelled: str
    good: str
    warn: str
    bad: str
    kinds: Mapping[str, str]


def theme_css() -> str:
    """Return the CSS custom properties of both themes, all named `--gp-TOKEN`, for the page's `<head>`."""
    light = {**LIGHT, **SIZES, **SHADOWS["light"]}
    dark = {**DARK, **SHADOWS["dark"]}
    return "\n".join(
        [
            ":root {",
            "  color-scheme: light;",
            *(f"  --gp-{token}: {value};" for token, value in light.items()),
            "}",
            ':root[data-theme="dark"] {',
            "  color-scheme: dark;",
            *(f"  --gp-{token}: {value};" for token, value in dark.items()),
            "}",
            "",
        ]
    )


def theme_mirror_js() -> str:
    """Return the script that keeps `data-theme` on `<html>` in step with Panel's switch; may run twice."""
    return Path(__file__).with_name("theme_mirror.js").read_text(encoding="utf-8")


def material_theme() -> dict[str, dict[str, Any]]:
    """Return `{"light": …, "dark": …}` for `theme_config` of panel-material-ui's Page or components."""
    return {"light": _material(LIGHT), "dark": _material(DARK)}


def chart_colours(*, dark: bool) -> ChartColours:
    """Return the colours of a chart in the dark or the light theme."""
    tokens = DARK if dark else LIGHT
    return ChartColours(
        background=tokens["surface"],
        plot=tokens["surface"],
        text=tokens["text-2"],
        muted=tokens["text-3"],
        grid=tokens["border"],
        primary=tokens["primary"],
        target=tokens["gold"],
        unlabelled=UNLABELLED,
        good=tokens["good"],
        warn=tokens["warn"],
        bad=tokens["bad"],
        kinds=MappingProxyType({kind: tokens[kind] for kind in ("discover", "balance", "refine")}),
    )


def bokeh_theme(*, dark: bool) -> dict[str, Any]:
    """Return the JSON of a `bokeh.themes.Theme` with the colours and type of this theme."""
    colours = chart_colours(dark=dark)
    return {
        "attrs": {
            "Plot": {
                "background_fill_color": colours.plot,
                "border_fill_color": colours.background,
                "outline_line_color": None,
            },
            "Grid": {"grid_line_color": colours.grid, "grid_line_alpha": 0.7},
            "Axis": {
                "axis_line_color": colours.grid,
                "major_tick_line_color": colours.grid,
                "minor_tick_line_color": None,
                "axis_label_text_color": colours.text,
                "axis_label_text_font": FONT,
                "axis_label_text_font_size": "13px",
                "axis_label_text_font_style": "normal",
                "major_label_text_color": colours.text,
                "major_label_text_font": FONT,
                "major_label_text_font_size": "12px",
            },
            "Title": {
                "text_color": colours.text,
                "text_font": FONT,
                "text_font_size": "14px",
                "text_font_style": "bold",
            },
            "Legend": {
                "background_fill_color": colours.background,
                "background_fill_alpha": 0.9,
                "border_line_color": None,
                "label_text_color": colours.text,
                "label_text_font": FONT,
                "label_text_font_size": "12px",
            },
            "ColorBar": {
                "background_fill_color": colours.background,
                "major_label_text_color": colours.text,
                "title_text_color": colours.text,
            },
        }
    }


def class_colour(position: int) -> str:
    """Return the colour of the class at a position (0 first): the palette, then hues by the golden angle."""
    if position < len(CLASS_PALETTE):
        return CLASS_PALETTE[position]
    step = position - len(CLASS_PALETTE)
    red, green, blue = colorsys.hls_to_rgb((step * 0.618034) % 1.0, (0.42, 0.56, 0.34)[step % 3], 0.55)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def contrast_ratio(one: str, other: str) -> float:
    """Return the WCAG 2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(colour: str) -> str:
    """Return the text colour, near black or white, that reads better on a `#rrggbb` colour."""
    return max(("#05080b", "#ffffff"), key=lambda ink: contrast_ratio(ink, colour))


def _luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _material(tokens: Mapping[str, str]) -> dict[str, Any]:
    def hue(name: str) -> dict[str, str]:
        return {"main": tokens[name], "contrastText": ink_on(tokens[name])}

    return {
        "palette": {
            "primary": {
                **hue("primary"),
                "dark": tokens["primary-hover"],
                "contrastText": tokens["on-primary"],
            },
            "secondary": hue("gold"),
            "error": hue("bad"),
            "warning": hue("warn"),
            "success": hue("good"),
            "info": hue("focus"),
            "background": {"default": tokens["bg"], "paper": tokens["surface"]},
            "text": {"primary": tokens["text"], "secondary": tokens["text-2"], "disabled": tokens["text-3"]},
            "divider": tokens["border"],
        },
        "typography": {
            "fontFamily": FONT,
            "fontSize": 14,
            "button": {"textTransform": "none", "fontWeight": 600},
        },
        "shape": {"borderRadius": 10},
    }
