"""The balance of the classes as light rows of HTML, for beside the label card.

The charts of the Balance page say more; these rows are repainted after every label and must cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

SHOWN = 150
"""Rows at most: they are sent anew after every label."""


@dataclass(frozen=True)
class ClassBalance:
    """One class in the balance.

    Attributes:
        name: the class's name, any text.
        colour: a CSS hex colour.
        labelled: items with this label.
        predicted: items of the pool thought to be of this class; None without a model.
        low: lower end of the interval of `predicted`.
        high: upper end.
        wanted_share: wanted share among the labels, 0 to 1.
        class_id: the class's number; 0 where nobody asks for it.
    """

    name: str
    colour: str
    labelled: int
    predicted: float | None
    low: float | None
    high: float | None
    wanted_share: float
    class_id: int = 0


def balance_rows(rows: Sequence[ClassBalance]) -> str:
    """Return the rows as HTML; every name is escaped."""
    if not rows:
        return '<p class="gp-quiet">The balance appears with your first class.</p>'
    most = max(max(row.labelled for row in rows), 1)
    total = sum(row.labelled for row in rows)
    head = (
        '<div class="gp-bal gp-bal-head" role="row"><span role="columnheader">Class</span>'
        '<span role="columnheader">Labelled</span><span role="columnheader" class="gp-num">Labels</span>'
        '<span role="columnheader" class="gp-num" title="Estimated number of items of this class in the whole pool">'
        "In the pool</span></div>"
    )
    body = "".join(_row(row, most=most, total=total) for row in rows[:SHOWN])
    more = len(rows) - SHOWN
    rest = f'<p class="gp-quiet">{more:,} more classes are on the Balance page.</p>' if more > 0 else ""
    start = '<div class="gp-bals" role="table" tabindex="0" aria-label="Balance of the classes">'
    return f"{start}{head}{body}</div>{rest}"


def _row(row: ClassBalance, *, most: int, total: int) -> str:
    name = escape(row.name)
    width = 100 * row.labelled / most
    mark = min(100 * row.wanted_share * total / most, 100)
    predicted = "–" if row.predicted is None else f"≈ {row.predicted:,.0f}"
    interval = (
        "" if row.low is None or row.high is None else f"{row.low:,.0f} to {row.high:,.0f} items (95 %)"
    )
    colour = escape(row.colour)
    return (
        f'<div class="gp-bal" role="row"><span role="cell" class="gp-bal-name" title="{name}">'
        f'<i style="background:{colour}"></i>{name}</span>'
        f'<span role="cell" class="gp-track" title="Target: {row.wanted_share:.0%} of the labels">'
        f'<b style="width:{width:.1f}%;background:{colour}"></b><em style="left:{mark:.1f}%"></em></span>'
        f'<span role="cell" class="gp-num">{row.labelled:,}</span>'
        f'<span role="cell" class="gp-num" title="{interval}">{predicted}</span></div>'
    )
