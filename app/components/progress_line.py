"""How the labelling goes, as a few lines of HTML whose height never changes: it stands beside the label card."""

from __future__ import annotations

from html import escape

from app.progress import Progress, RoundChange

SHOWN_CLASSES = 3
MINUS = "\N{MINUS SIGN}"


def progress_html(*, labels: int, reached: int, classes: int, progress: Progress) -> str:
    """Return the lines; every name is escaped.

    Args:
        labels: labels so far.
        reached: classes that have reached their target.
        classes: how many there are.
        progress: the pace, and what the last round changed.
    """
    pace = (
        "–"
        if progress.pace is None
        else f"{progress.pace:.1f}"
        if progress.pace < 10
        else f"{progress.pace:.0f}"
    )
    share = f"{reached:,} of {classes:,}" if classes else "–"
    cells = (
        (f"{labels:,}", "labels", "Items that have a label now"),
        (
            pace,
            "a minute",
            "Labels a minute over the last 10 minutes of activity, pauses of 2 minutes left out",
        ),
        (
            share,
            "classes at their target",
            "Classes with as many labels as their target asks for, of those given so far",
        ),
    )
    told = "".join(
        f'<div title="{title}"><b>{value}</b><span>{name}</span></div>' for value, name, title in cells
    )
    words = escape(change_words(progress.change))
    return f'<div class="gp-progress" role="group" aria-label="Progress">{told}<p title="{words}">{words}</p></div>'


def change_words(change: RoundChange | None) -> str:
    """Return what the last round changed as one line of plain text."""
    if change is None or (change.gain is None and not change.met):
        return "What a round changes is told from the second one with figures on."
    parts = []
    if change.gain is not None:
        parts.append(f"balanced accuracy {_points(change.gain)} (cross-validated)")
    if change.met:
        names = ", ".join(change.met[:SHOWN_CLASSES])
        more = f" and {len(change.met) - SHOWN_CLASSES} more" if len(change.met) > SHOWN_CLASSES else ""
        parts.append(f"newly met: {names}{more}")
    return f"Round {change.number}: {'; '.join(parts)}"


def _points(gain: float) -> str:
    hundredths = round(100 * gain, 1)
    text = f"{hundredths:+.1f}".replace("-", MINUS) if hundredths else "±0.0"
    return f"{text} points"
