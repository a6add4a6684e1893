"""The report of a simulation: one HTML file with everything in it, readable in light and dark, without network."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from bokeh.embed import components
from bokeh.plotting import figure
from bokeh.settings import settings

from app.components.theme import DARK, FONT, LIGHT
from app.simulation.charts import Line, curve_chart, lead_chart, look_of
from app.simulation.errors import SimulationError
from app.simulation.store import StoredRun
from app.simulation.tables import Standing, standings
from app.simulation.words import COLUMNS, cells

TOKENS = ("bg", "surface", "border", "text", "text-2", "primary")

STYLE_FILE, PAINT_FILE = Path(__file__).with_name("report.css"), Path(__file__).with_name("report.js")


@dataclass(frozen=True)
class Section:
    """One pool with one head in the report: its standings and its curves."""

    title: str
    standings: Sequence[Standing]
    lines: Sequence[Line]
    whole: float


def write_report(runs: Sequence[StoredRun], path: Path, *, title: str, about: str, reference: str) -> None:
    """Write the report.

    Args:
        runs: finished runs.
        path: the file; the whole old or the whole new one is there at any moment.
        title: its heading.
        about: a sentence on what was run.
        reference: the strategy that the others are compared with.

    Raises:
        SimulationError: it cannot be written.
    """
    text = report_html(runs, title=title, about=about, reference=reference)
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        try:
            part.write_text(text, encoding="utf-8")
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as problem:
        raise SimulationError(f"{path}: cannot be written: {problem.strerror or problem}") from problem


def report_html(runs: Sequence[StoredRun], *, title: str, about: str, reference: str) -> str:
    """Return the report as HTML; see `write_report`."""
    sections = _sections(runs, reference)
    strategies = list(dict.fromkeys(run.strategy for run in runs if run.strategy))
    figures: list[figure] = []
    bodies = [_section_html(section, strategies, reference, figures) for section in sections]
    script, divs = components(figures) if figures else ("", ())
    body = "".join(bodies)
    for place, div in enumerate(divs):
        body = body.replace(_slot(place), div)
    # Not by bokeh.resources: where Panel is loaded too, that adds scripts of its extensions by address.
    library = (settings.bokehjs_path() / "js" / "bokeh.min.js").read_text(encoding="utf-8")
    scripts = f"<script>{library}</script>"
    nothing = "" if sections else "<p>No run is finished yet.</p>"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<style>{_colours()}{STYLE_FILE.read_text(encoding='utf-8')}</style>{scripts}</head><body>"
        f"<h1>{escape(title)}</h1><p>{escape(about)}</p>{_legend(strategies)}{nothing}{body}{_meanings(reference)}"
        f"{script}<script>{_paint()}</script></body></html>"
    )


def _sections(runs: Sequence[StoredRun], reference: str) -> list[Section]:
    found = standings(runs, reference)
    keys = list(dict.fromkeys((standing.pool, standing.head) for standing in found))
    several = len({head for _, head in keys}) > 1
    sections = []
    for pool, head in keys:
        own = [run for run in runs if (run.pool, run.head) == (pool, head)]
        whole = [run.summary["balanced_accuracy"] for run in own if not run.strategy]
        lines = [
            Line(standing.strategy, [run.steps for run in own if run.strategy == standing.strategy])
            for standing in found
            if (standing.pool, standing.head) == (pool, head)
        ]
        sections.append(
            Section(
                f"{pool}, {head}" if several else pool,
                [standing for standing in found if (standing.pool, standing.head) == (pool, head)],
                lines,
                sum(whole) / len(whole) if whole else float("nan"),
            )
        )
    return sections


def _section_html(section: Section, strategies: Sequence[str], reference: str, figures: list[figure]) -> str:
    """Return a pool's part of the page; its figures are appended, and slots stand where they go."""
    looks = {name: look_of(place) for place, name in enumerate(strategies)}
    paged = any(line.name.endswith("+page") for line in section.lines)
    charts = [
        ("Balanced accuracy by labels", curve_chart(section.lines, looks, "balanced_accuracy", whole=section.whole)),
        ("Classes met by labels", curve_chart(section.lines, looks, "classes_met")),
        ("Rare items found by labels", curve_chart(section.lines, looks, "rare_found")),
    ]  # fmt: skip
    if paged:
        by_effort = curve_chart(
            section.lines, looks, "balanced_accuracy", by="decisions", whole=section.whole
        )
        charts.insert(1, ("Balanced accuracy by decisions", by_effort))
    compared = [standing for standing in section.standings if standing.lead is not None]
    if compared:
        charts.append((f"Area under the curve minus that of {reference}", lead_chart(compared, looks)))
    parts = []
    for heading, chart in charts:
        parts.append(f"<section><h3>{escape(heading)}</h3>{_slot(len(figures))}</section>")
        figures.append(chart)
    return (
        f"<h2>{escape(section.title)}</h2>{_table(section.standings)}<div class=charts>{''.join(parts)}</div>"
    )


def _slot(place: int) -> str:
    # Texts from people are escaped, so that none of them can hold a comment.
    return f"<!--figure {place}-->"


def _table(rows: Sequence[Standing]) -> str:
    head = "".join(f'<th title="{escape(meaning)}">{escape(name)}</th>' for name, meaning in COLUMNS)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in cells(standing))}</tr>" for standing in rows
    )
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _legend(strategies: Sequence[str]) -> str:
    entries = []
    for place, name in enumerate(strategies):
        look = look_of(place)
        line = (
            f'<svg width="32" height="8" aria-hidden="true"><line x1="0" y1="4" x2="32" y2="4" stroke="{look.colour}" '
            f'stroke-width="3" stroke-dasharray="{" ".join(map(str, look.dash))}"/></svg>'
        )
        entries.append(f"<li>{line}{escape(name)}</li>")
    return f"<ul class=legend>{''.join(entries)}</ul>"


def _meanings(reference: str) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(meaning)}</dd>" for name, meaning in COLUMNS)
    return (
        f"<h2>What the figures mean</h2><p>The reference is {escape(reference)}. Bands and brackets are 95 % intervals "
        "over the seeds. Quality is measured on a held-out set with as many items of each class as could be had. The "
        "dotted line is the same head trained on the whole pool, and 95 % of it.</p>"
        f"<dl>{rows}</dl>"
    )


def _colours() -> str:
    light = "".join(f"--{name}:{LIGHT[name]};" for name in TOKENS)
    dark = "".join(f"--{name}:{DARK[name]};" for name in TOKENS)
    return f":root{{--font:{FONT};{light}}}@media (prefers-color-scheme: dark){{:root{{{dark}}}}}"


def _paint() -> str:
    schemes = {
        "light": {name: LIGHT[name] for name in TOKENS},
        "dark": {name: DARK[name] for name in TOKENS},
    }
    return PAINT_FILE.read_text(encoding="utf-8").replace("SCHEMES", json.dumps(schemes))
