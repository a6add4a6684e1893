"""The Model page's Team card: who labelled how much and how well, who agrees with whom, what people confuse.

It is shown only where two people or more have labelled.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import panel_material_ui as pmui

from app.background import Background
from app.components.layout import bar, html, panel, stack, two_columns, wide_table
from app.session import DashboardState
from app.team_figures import (
    TeamFigures,
    alpha_words,
    most_confused_classes,
    most_divided,
    read_team_figures,
)

SHOWN = 8
"""Buttons of a kind."""
PEOPLE_SHOWN = 12
"""People in the tables; those with the most labels."""
NAME_LENGTH = 24
NOTE = (
    "The consensus weighs people by what they are good at, learned from where they agree. It takes them to err "
    "independently; where an item misleads everybody alike, the figures are somewhat too good. A button opens its "
    "items."
)


class TeamCard:
    """Views of the team over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views; `paint` fills them.

        Args:
            state: the tab's dashboard state.
            document: the tab's bokeh Document.
        """
        self.state = state
        self._background = Background(document, state.context.reader)
        self._shown: tuple[int, int, int] | None = None
        self.said = html()
        self.people, self.pairs, self.classes = html(), html(), html()
        self.of_people = _Buttons("Differ from the consensus", self._open)
        self.of_pairs = _Buttons("Where two people differ", self._open)
        self.of_classes = _Buttons("Most confused between people", self._open)
        self.card = panel(
            "Team",
            self.said,
            two_columns(
                stack(self.people, *self.of_people.parts),
                stack(self.pairs, *self.of_pairs.parts),
            ),
            self.classes,
            *self.of_classes.parts,
            note=NOTE,
        )
        self.card.visible = False

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        return self.card

    def paint(self) -> None:
        """Compute the figures in a thread and show them, unless the present ones are shown already."""
        state = self.state
        wanted = (state.revision, state.round_number, state.classes_version)
        if wanted == self._shown:
            return
        project, number = state.context.project, state.round_number
        self._background.ask(
            lambda: read_team_figures(project, round_number=number),
            lambda found: self.show(found, wanted),
            failed=self._fail,
        )

    def show(self, figures: TeamFigures | None, shown: tuple[int, int, int] | None = None) -> None:
        """Show figures.

        Args:
            figures: what to show; None hides the card.
            shown: the label revision, round and version of the classes they are of.
        """
        self._shown = shown
        self.card.visible = figures is not None
        if figures is None:
            return
        self.said.object = f"<p>{escape(alpha_words(figures.alpha))}</p>"
        order = np.argsort([-each.votes for each in figures.quality], kind="stable")[:PEOPLE_SHOWN]
        self.people.object = people_html(figures, order)
        self.pairs.object = pairs_html(figures, order)
        self.classes.object = classes_html(figures)
        names, classes = figures.annotators, figures.class_names
        self.of_people.show(
            [
                (
                    f"{len(figures.differing(person)):,} × {_short(names[person])}",
                    partial(figures.differing, person),
                    f"labelled by {names[person]} otherwise than the consensus",
                )
                for person in (int(each) for each in order)
                if len(figures.differing(person))
            ],
            figures,
        )
        self.of_pairs.show(
            [
                (
                    f"{items:,} × {_short(names[first])} and {_short(names[second])}",
                    partial(figures.divided, first, second),
                    f"on which {names[first]} and {names[second]} differ",
                )
                for first, second, items in most_divided(figures, most=SHOWN)
            ],
            figures,
        )
        self.of_classes.show(
            [
                (
                    f"{items:,} × “{_short(classes[first])}” and “{_short(classes[second])}”",
                    partial(figures.confused, first, second),
                    f"labelled {classes[first]} by some and {classes[second]} by others",
                )
                for first, second, items in most_confused_classes(figures, most=SHOWN)
            ],
            figures,
        )

    def _fail(self, message: str) -> None:
        self.card.visible = True
        self.said.object = f'<p class="gp-problem">{escape(message)}</p>'

    def _open(self, figures: TeamFigures, find: Callable[[], npt.NDArray[np.int64]], words: str) -> None:
        pool = self.state.context.project.pool

        def rows() -> npt.NDArray[np.int64]:
            found = pool.rows(figures.keys(find()))
            return found[found >= 0]

        self.state.choose_on_map(rows, words)


Choice = tuple[str, Callable[[], npt.NDArray[np.int64]], str]
"""A button's label, what finds its items, and what they are in words."""


class _Buttons:
    """A title and a row of buttons, each of which opens items."""

    def __init__(
        self, title: str, on_open: Callable[[TeamFigures, Callable[[], npt.NDArray[np.int64]], str], None]
    ) -> None:
        self._on_open = on_open
        self._choices: list[Choice] = []
        self._figures: TeamFigures | None = None
        self.title = html(f"<h4>{escape(title)}</h4>", visible=False)
        self.buttons = [
            pmui.Button(label="", variant="outlined", size="small", margin=0, visible=False)
            for _ in range(SHOWN)
        ]
        for place, button in enumerate(self.buttons):
            button.on_click(partial(self.press, place))
        self.parts = (self.title, bar(*self.buttons))

    def show(self, choices: list[Choice], figures: TeamFigures) -> None:
        """Show the first of some choices."""
        self._choices, self._figures = choices[:SHOWN], figures
        self.title.visible = bool(choices)
        for place, button in enumerate(self.buttons):
            if place < len(self._choices):
                button.label = self._choices[place][0]
            button.visible = place < len(self._choices)

    def press(self, place: int, *_: Any) -> None:  # noqa: ANN401 - a click
        """Open the items of a button."""
        if place < len(self._choices) and self._figures is not None:
            choice = self._choices[place]
            self._on_open(self._figures, choice[1], choice[2])


def people_html(figures: TeamFigures, order: npt.NDArray[np.integer]) -> str:
    """Return the table of annotators as HTML; every name is escaped.

    Args:
        figures: the figures.
        order: places of the annotators shown.
    """
    rows = []
    for person in order:
        quality, pace = figures.quality[person], figures.paces[person]
        share = "nobody else labelled these"
        if quality.agreement is not None:
            share = f"{quality.agreement:.0%} ({quality.low:.0%} to {quality.high:.0%})"
        rows.append(
            f"<tr><th scope='row'>{escape(figures.annotators[person])}</th><td>{quality.votes:,}</td><td>{share}</td>"
            f"<td>{'–' if pace is None else f'{pace:.0f}'}</td></tr>"
        )
    left = len(figures.annotators) - len(order)
    more = f'<p class="gp-quiet">And {left:,} more with fewer labels.</p>' if left else ""
    table = (
        "<table class='gp-fields'><thead><tr><th scope='col'>Who</th><td>labels</td><td>agree with the consensus</td>"
        f"<td>labels a minute</td></tr></thead>{''.join(rows)}</table>"
    )
    return wide_table("Labels of each person", table) + more


def pairs_html(figures: TeamFigures, order: npt.NDArray[np.integer]) -> str:
    """Return the matrix of pairs as HTML: Cohen's kappa, the share that agrees below it; every name is escaped.

    Args:
        figures: the figures.
        order: places of the annotators shown.
    """
    head = "".join(f"<td>{escape(_short(figures.annotators[person]))}</td>" for person in order)
    rows = "".join(
        f"<tr><th scope='row'>{escape(_short(figures.annotators[first]))}</th>"
        + "".join(_pair(figures, int(first), int(second)) for second in order)
        + "</tr>"
        for first in order
    )
    table = (
        f"<table class='gp-fields'><thead><tr><th scope='col'>Agreement of two (kappa)</th>{head}</tr></thead>{rows}"
        "</table>"
    )
    return (
        f"{wide_table('Agreement of two people', table)}"
        "<p class='gp-quiet'>Kappa is agreement beyond what each one's habits bring by chance: 1 is perfect, 0 "
        "is chance. In brackets the share of their common items with the same class.</p>"
    )


def classes_html(figures: TeamFigures) -> str:
    """Return in words on which classes people agree least, as HTML; every name is escaped."""
    agreement = figures.by_class.agreement
    known = [place for place in np.argsort(agreement, kind="stable") if np.isfinite(agreement[place])]
    if not known:
        return ""
    told = ", ".join(
        f"<b>{escape(figures.class_names[place])}</b> ({agreement[place]:.0%})" for place in known[:5]
    )
    return f"<p>How often another person gives the same class as one, the most divided first: {told}.</p>"


def _pair(figures: TeamFigures, first: int, second: int) -> str:
    pairs = figures.pairs
    if first == second or not pairs.common[first, second]:
        return "<td>–</td>"
    kappa = pairs.kappa[first, second]
    said = "–" if np.isnan(kappa) else f"{kappa:.2f}"
    return f"<td>{said} ({pairs.share[first, second]:.0%})</td>"


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1].rstrip()}…"
