"""Curves of label_efficiency as pictures: one SVG a pool, a panel for each contender beside margin and the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.components.theme import FONT, LIGHT
from app.simulation.oracle import ORACLE
from benchmarks.label_efficiency_figures import curves
from benchmarks.label_efficiency_runs import BASE, Run, Runs
from benchmarks.strategy_pools import POOLS

COLUMNS = 4
PANEL_PX, PLOT_PX = (240, 170), (190, 110)
LEFT_PX, TOP_PX, HEAD_PX = 38, 24, 44
Array = npt.NDArray[np.float64]


def write_curves(runs: Runs, folder: Path) -> list[Path]:
    """Draw the curves of every pool into a folder.

    Args:
        runs: by pool, contender and seed.
        folder: where `curves-POOL.svg` are written; made if missing.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for pool, by_name in runs.items():
        file = folder / f"curves-{pool}.svg"
        file.write_text(draw_curves(pool, by_name), encoding="utf-8")
        files.append(file)
    return files


def draw_curves(pool: str, by_name: Mapping[str, Mapping[int, Run]]) -> str:
    """Draw the mean curve of balanced accuracy over labels, with the band of the seeds' middle half.

    Args:
        pool: name of the pool.
        by_name: runs by contender and seed; those with pages are left out, their cost is not labels.

    Returns:
        An SVG.
    """
    budget = POOLS[pool].labels
    drawn = {name: _curve(by_seed, budget) for name, by_seed in by_name.items() if "+pages" not in name}
    beside = {name: drawn[name] for name in (BASE, ORACLE) if name in drawn}
    names = [name for name in drawn if name not in beside] or list(drawn)
    low = min(float(curve[1][0].min()) for curve in drawn.values())
    high = max(float(curve[1][1].max()) for curve in drawn.values())
    rows = -(-len(names) // COLUMNS)
    width, height = COLUMNS * PANEL_PX[0], HEAD_PX + rows * PANEL_PX[1]
    panels = [
        _panel(name, drawn[name], beside, (low, high), place, len(by_name[name]))
        for place, name in enumerate(names)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f"font-family='{FONT}' font-size='11' fill='{LIGHT['text']}'>",
            f"<title>{escape(_title(pool, beside))}</title>",
            f'<rect width="{width}" height="{height}" fill="{LIGHT["surface"]}"/>',
            f'<text x="{LEFT_PX}" y="26" font-size="13">{escape(_title(pool, beside))}</text>',
            *panels,
            "</svg>",
            "",
        ]
    )


def _title(pool: str, beside: Mapping[str, object]) -> str:
    others = {BASE: "margin with our start (grey)", ORACLE: "a balanced oracle (dashed)"}
    told = " and ".join(others[name] for name in beside)
    return f"{pool}: balanced accuracy over labels" + (f", beside {told}" if told else "")


def _curve(by_seed: Mapping[int, Run], budget: int) -> tuple[Array, Array]:
    """Return (g,) labels and (3, g) the quarter, the three quarters and the mean of the seeds there."""
    grid, heights = curves(by_seed, sorted(by_seed), budget)
    return grid, np.stack([*np.quantile(heights, [0.25, 0.75], axis=0), heights.mean(axis=0)])


def _panel(
    name: str,
    curve: tuple[Array, Array],
    beside: Mapping[str, tuple[Array, Array]],
    span: tuple[float, float],
    place: int,
    seeds: int,
) -> str:
    left = (place % COLUMNS) * PANEL_PX[0] + LEFT_PX
    top = HEAD_PX + (place // COLUMNS) * PANEL_PX[1] + TOP_PX
    last = float(curve[0][-1])
    styles = {
        BASE: f'stroke="{LIGHT["border-strong"]}"',
        ORACLE: f'stroke="{LIGHT["text-3"]}" stroke-dasharray="3 3"',
    }
    lines = [_line(grid, heights[2], last, span, styles[other]) for other, (grid, heights) in beside.items()]
    lines.append(_line(curve[0], curve[1][2], last, span, f'stroke="{LIGHT["primary"]}" stroke-width="2"'))
    band = _points(np.r_[curve[0], curve[0][::-1]], np.r_[curve[1][0], curve[1][1][::-1]], last, span)
    low, high = span
    return "\n".join(
        [
            f'<g transform="translate({left} {top})">',
            f'<text y="-7">{escape(name)} <tspan fill="{LIGHT["text-3"]}">{seeds} seeds</tspan></text>',
            f'<rect width="{PLOT_PX[0]}" height="{PLOT_PX[1]}" fill="none" stroke="{LIGHT["border"]}"/>',
            f'<polygon points="{band}" fill="{LIGHT["primary-soft"]}"/>',
            *lines,
            f'<text x="-5" y="9" text-anchor="end">{high:.2f}</text>',
            f'<text x="-5" y="{PLOT_PX[1]}" text-anchor="end">{low:.2f}</text>',
            f'<text x="{PLOT_PX[0]}" y="{PLOT_PX[1] + 14}" text-anchor="end">{last:.0f} labels</text>',
            "</g>",
        ]
    )


def _line(grid: Array, heights: Array, last: float, span: tuple[float, float], style: str) -> str:
    return f'<polyline points="{_points(grid, heights, last, span)}" fill="none" {style}/>'


def _points(x: Array, y: Sequence[float] | Array, last: float, span: tuple[float, float]) -> str:
    low, high = span
    across = np.asarray(x) / last * PLOT_PX[0]
    down = (1.0 - (np.asarray(y) - low) / max(high - low, 1e-9)) * PLOT_PX[1]
    return " ".join(f"{left:.1f},{top:.1f}" for left, top in zip(across, down, strict=True))
