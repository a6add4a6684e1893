"""The time of a round over the size of its pool, beside merely reading the vectors, as one picture on two log axes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from app.components.theme import FONT, LIGHT

WIDTH_PX, HEIGHT_PX = 760, 420
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 62, 150, 62, 46
LABEL_GAP_PX = 14
"""Names at the ends of lines are at least so far apart."""

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One line of the picture.

    Attributes:
        figure: name of its figures, `{}` standing for the size.
        said: what is written at its end.
        style: attributes of the line.
        colour: of its marks and of what is written.
    """

    figure: str
    said: str
    style: str
    colour: str


LINES = (
    Line("round_{}_s", "a round", 'stroke-width="2.5"', LIGHT["primary"]),
    Line(
        "round_{}_cpu_s", "its processor time", 'stroke-width="1.5" stroke-dasharray="5 3"', LIGHT["primary"]
    ),
    Line("pass_{}_s", "the pass alone", 'stroke-width="1.5"', LIGHT["gold"]),
    Line("gpu_round_{}_s", "a round on a GPU", 'stroke-width="2.5"', LIGHT["discover"]),
    Line("read_{}_s", "merely reading", 'stroke-width="1.5"', LIGHT["text-3"]),
)
AIM = "aim"


def write_plot(files: Sequence[Path], target: Path, *, aims: Mapping[str, float]) -> None:
    """Draw what was measured.

    Args:
        files: JSON files of `benchmarks.scale`; of a figure that is in several the last one counts.
        target: the SVG to write; its folder is made if missing.
        aims: the most a figure may be, by name; those of a round are drawn as marks.

    Raises:
        ValueError: a file holds no figures of this benchmark, or all of them together hold no round.
    """
    figures: dict[str, float] = {}
    machines: list[str] = []
    for file in files:
        machine, found = read_figures(file)
        figures |= found
        machines += [machine] if machine not in machines else []
    save_plot(figures, target, aims=aims, machine="; ".join(machines))


def save_plot(figures: Mapping[str, float], target: Path, *, aims: Mapping[str, float], machine: str) -> None:
    """Draw figures into a file.

    Args:
        figures: by name.
        target: the SVG to write; its folder is made if missing.
        aims: the most a figure may be, by name.
        machine: on what it was measured.

    Raises:
        ValueError: there is no round among the figures.
    """
    drawn = draw_growth(figures, aims=aims, machine=machine)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(drawn, encoding="utf-8")


def read_figures(file: Path) -> tuple[str, dict[str, float]]:
    """Read a JSON file of this benchmark.

    Args:
        file: written by `--json`.

    Returns:
        The machine, and the figures by name.

    Raises:
        ValueError: the file is not one of `benchmarks.scale`.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["benchmark"] != "scale":
            raise ValueError(f"it is of benchmarks.{content['benchmark']}")
        figures = {str(name): float(value) for name, value in content["figures"].items()}
        return str(content["machine"]), figures
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ValueError(
            f"{file} holds no figures of benchmarks.scale ({problem}); give what --json wrote"
        ) from problem


def points_of(figures: Mapping[str, float], figure: str) -> Points:
    """Return sizes and values of a figure, by rising size; what is not above 0 is left out.

    Args:
        figures: by name.
        figure: its name, `{}` standing for the size.
    """
    before, after = figure.split("{}")
    found = []
    for name, value in figures.items():
        size = name[len(before) : len(name) - len(after)]
        if name == before + size + after and value > 0 and _is_size(size):
            found.append((float(size), value))
    return sorted(found)


def draw_growth(figures: Mapping[str, float], *, aims: Mapping[str, float], machine: str = "") -> str:
    """Draw time over size.

    Args:
        figures: by name, of several sizes.
        aims: the most a figure may be, by name.
        machine: on what it was measured; empty where that is not told.

    Returns:
        An SVG.

    Raises:
        ValueError: there is no round among the figures.
    """
    drawn = {line: points_of(figures, line.figure) for line in LINES}
    drawn = {line: points for line, points in drawn.items() if points}
    rounds = points_of(figures, LINES[0].figure)
    if not rounds:
        raise ValueError("no time of a round is among the figures; measure with --sizes first")
    sizes = {size for size, _ in rounds}
    marks = [(size, aim) for size, aim in points_of(aims, LINES[0].figure) if size in sizes]
    every = [point for points in (*drawn.values(), marks) for point in points]
    place = _placer(every)
    title = "Time of a round over the items of its pool, beside merely reading the vectors"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" role="img" '
            f"font-family='{FONT}' font-size='12' fill='{LIGHT['text']}'>",
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH_PX}" height="{HEIGHT_PX}" fill="{LIGHT["surface"]}"/>',
            f'<text x="{LEFT_PX}" y="24" font-size="14">{escape(title)}</text>',
            f'<text x="{LEFT_PX}" y="42" fill="{LIGHT["text-3"]}">{escape(machine)}</text>',
            *_axes(every, place),
            *(_drawn(line, points, place) for line, points in drawn.items()),
            *_ends(drawn, place),
            *_aims(marks, place),
            "</svg>",
            "",
        ]
    )


def _is_size(text: str) -> bool:
    try:
        return float(text) >= 1
    except ValueError:
        return False


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten around values, at least one apart."""
    low = math.floor(math.log10(min(values)) + 1e-9)
    return low, max(math.ceil(math.log10(max(values)) - 1e-9), low + 1)


def _placer(points: Points) -> Callable[[float, float], tuple[float, float]]:
    """Return what turns (items, seconds) into pixels."""
    left, right = _decades([size for size, _ in points])
    low, high = _decades([seconds for _, seconds in points])
    width, height = WIDTH_PX - LEFT_PX - RIGHT_PX, HEIGHT_PX - TOP_PX - BOTTOM_PX

    def place(size: float, seconds: float) -> tuple[float, float]:
        across = (math.log10(size) - left) / (right - left)
        up = (math.log10(seconds) - low) / (high - low)
        return round(LEFT_PX + across * width, 1), round(TOP_PX + (1 - up) * height, 1)

    return place


def _axes(points: Points, place: Callable[[float, float], tuple[float, float]]) -> list[str]:
    left, right = _decades([size for size, _ in points])
    low, high = _decades([seconds for _, seconds in points])
    parts = []
    for power in range(left, right + 1):
        x, bottom = place(10.0**power, 10.0**low)
        parts.append(_rule((x, bottom), place(10.0**power, 10.0**high)))
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{10**power:,}</text>')
    for power in range(low, high + 1):
        x, y = place(10.0**left, 10.0**power)
        parts.append(_rule((x, y), place(10.0**right, 10.0**power)))
        parts.append(f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{10.0**power:g} s</text>')
    middle = (LEFT_PX + WIDTH_PX - RIGHT_PX) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT_PX - 8}" text-anchor="middle">items in the pool</text>')
    return parts


def _rule(start: tuple[float, float], stop: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, stop
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{LIGHT["border"]}"/>'


def _drawn(line: Line, points: Points, place: Callable[[float, float], tuple[float, float]]) -> str:
    placed = [place(*point) for point in points]
    told = " ".join(f"{x},{y}" for x, y in placed)
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="3">'
        f"<title>{escape(line.said)}: {size:,.0f} items, {seconds:.3g} s</title></circle>"
        for (x, y), (size, seconds) in zip(placed, points, strict=True)
    )
    return (
        f'<polyline points="{told}" fill="none" stroke="{line.colour}" {line.style}/>'
        f'<g fill="{line.colour}">{dots}</g>'
    )


def _ends(drawn: Mapping[Line, Points], place: Callable[[float, float], tuple[float, float]]) -> list[str]:
    """Write each line's name beside its end, moved down where two would overlap."""
    ends = sorted(((*place(*points[-1]), line) for line, points in drawn.items()), key=lambda end: end[1])
    parts, last = [], -math.inf
    for x, y, line in ends:
        last = max(y + 4, last + LABEL_GAP_PX)
        parts.append(f'<text x="{x + 9}" y="{last:.1f}" fill="{line.colour}">{escape(line.said)}</text>')
    return parts


def _aims(marks: Points, place: Callable[[float, float], tuple[float, float]]) -> list[str]:
    """Draw a mark at each aim, and say once, beside the title, what the marks are."""
    parts = []
    for size, seconds in marks:
        x, y = place(size, seconds)
        parts.append(
            f'<path d="M{x - 9},{y} h18" stroke="{LIGHT["bad"]}" stroke-width="2">'
            f"<title>{AIM}: {seconds:g} s at {size:,.0f} items</title></path>"
        )
    if parts:
        x = WIDTH_PX - RIGHT_PX + 9
        parts.append(f'<path d="M{x},38 h18" stroke="{LIGHT["bad"]}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 24}" y="42" fill="{LIGHT["bad"]}">{AIM}</text>')
    return parts
