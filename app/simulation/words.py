"""Figures of a simulation as a person reads them; the terminal and the report say the same."""

from __future__ import annotations

import numpy as np

from app.simulation.measures import Interval
from app.simulation.tables import Standing

COLUMNS: tuple[tuple[str, str], ...] = (
    ("strategy", "as it was named"),
    ("area", "mean balanced accuracy over all decisions, with the half width of its 95 % interval"),
    ("Δ area", "area minus the reference's, paired by seed, with the half width of its 95 % interval"),
    (
        "ratio",
        "decisions to what the reference has at half budget, over the reference's, with its 95 % interval",
    ),
    ("at the end", "balanced accuracy after the last label"),
    ("macro F1", "macro-F1 after the last label"),
    (
        "all classes",
        "labels until every class was met, median; in brackets the seeds that got there, if not all",
    ),
    ("rare", "items of rare classes that were labelled"),
    ("balance", "effective number of classes among the labels: all of them when each has as many"),
    (
        "to 95 %",
        "labels to 95 % of the whole pool's model, median; in brackets the seeds that got there, if not all",
    ),
    (
        "decisions",
        "the same in decisions: one a label, one a confirmed page and one for each of its exceptions",
    ),
    ("s/choice", "seconds a choice took"),
)
"""Heading and meaning of each column."""


def cells(standing: Standing) -> list[str]:
    """Return one text for each of COLUMNS."""
    means = standing.means
    return [
        standing.strategy,
        with_half_width(means["area_decisions"]),
        "–" if standing.lead is None else with_half_width(standing.lead, "+.3f"),
        "–" if standing.ratio is None else between(standing.ratio, ".2f"),
        f"{means['final_balanced_accuracy'].mean:.3f}",
        f"{means['final_macro_f1'].mean:.3f}",
        _median(standing, "labels_to_all_classes"),
        f"{means['rare_found'].mean:.1f}",
        f"{means['effective_classes'].mean:.1f}",
        _median(standing, "labels_to_whole"),
        _median(standing, "decisions_to_whole"),
        f"{means['choose_s'].mean:.3f}",
    ]


def with_half_width(interval: Interval, form: str = ".3f") -> str:
    """Return a mean with the half width of its interval; the mean alone where there is no interval."""
    half = (interval.high - interval.low) / 2
    return f"{interval.mean:{form}} ± {half:.3f}" if np.isfinite(half) else f"{interval.mean:{form}}"


def between(interval: Interval, form: str) -> str:
    """Return a mean with the ends of its interval; the mean alone where there is no interval."""
    if not np.isfinite(interval.mean):
        return "never"
    ends = [format(end, form) if np.isfinite(end) else "∞" for end in (interval.low, interval.high)]
    alone = not np.isfinite(interval.low)
    return format(interval.mean, form) + ("" if alone else f" ({ends[0]} to {ends[1]})")


def _median(standing: Standing, name: str) -> str:
    value, reached = standing.medians[name], standing.reached[name]
    if np.isnan(value):
        return "–"
    number = f"{value:.0f}" if np.isfinite(value) else "never"
    return number if reached == standing.seeds else f"{number} ({reached}/{standing.seeds})"
