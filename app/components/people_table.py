"""The table of people on the Review page, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from app.workloads import PersonRow

HEAD = (
    ("Labels", "Labels given in all"),
    ("Today", "Labels given since midnight, by the server's clock"),
    ("A minute", "Labels a minute over the last 10 minutes of activity, pauses of 2 minutes left out"),
    ("Holds", "Items handed out to them and not answered yet"),
    ("Right on gold", "Share of gold items answered with the known class, with its 95 % interval"),
)


def people_table(rows: Sequence[PersonRow]) -> str:
    """Return the table; every name is escaped."""
    if not rows:
        return '<div class="gp-empty"><p>Nobody has labelled yet.</p></div>'
    head = "".join(f'<td title="{title}">{name}</td>' for name, title in HEAD)
    body = "".join(_row(row) for row in rows)
    return (
        '<div class="gp-scroll" tabindex="0" role="group" aria-label="People"><table class="gp-fields">'
        f"<thead><tr><th>Name</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: PersonRow) -> str:
    pace = "–" if row.pace is None else f"{row.pace:.1f}" if row.pace < 10 else f"{row.pace:.0f}"
    cells = (f"{row.labels:,}", f"{row.labels_today:,}", pace, f"{row.leases:,}", _gold(row))
    return f"<tr><th>{escape(row.name)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _gold(row: PersonRow) -> str:
    if row.gold is None:
        return "–"
    share, low, high = (f"{value:.0%}" for value in (row.gold.share, row.gold.low, row.gold.high))
    return f"{share} ({low} to {high}), {row.gold.answered} answered"
