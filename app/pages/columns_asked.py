"""The question of a project that is opened first: whether its columns are read as the person means them."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.columns_asked import ColumnsAsked
from app.components.layout import bar, html, stylesheet
from app.session import DashboardState

WORDS_ROOM = "1 1 320px"
"""Of the line: the words take what the buttons leave, and a line of their own where that is little."""


class ColumnsNotice:
    """A slim notice over the page that the project opens with."""

    def __init__(self, state: DashboardState) -> None:
        """Build the notice; it is hidden where nothing is to be asked.

        Args:
            state: the tab's state, once it knows the page.
        """
        self.state = ColumnsAsked(state)
        self._page = state.page
        self.words = html()
        self.words.styles = {"flex": WORDS_ROOM}
        self.look = _button("Look at the columns", self._look)
        self.right = _button("They are right", self._confirm)
        self.later = _button("Ask me later", self._later, variant="text")
        buttons = bar(self.look, self.right, self.later)
        buttons.styles = {**buttons.styles, "flex": "0 1 auto", "width": "auto"}
        self.line = pn.Column(
            self.words,
            buttons,
            css_classes=["gp-ask"],
            stylesheets=[stylesheet()],
            sizing_mode="stretch_width",
            margin=0,
        )
        self._show()
        self.state.param.watch(lambda *_: self._show(), ["open", "busy", "problem"])
        state.param.watch(lambda *_: self._show(), "page")

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the notice."""
        return self.line

    def _show(self) -> None:
        state = self.state
        self.line.visible = state.open and state.dashboard.page == self._page
        self.words.object = notice_html(state.words, state.problem) if state.open else ""
        for button in (self.look, self.right, self.later):
            button.disabled = state.busy

    async def _look(self, *_: Any) -> None:  # noqa: ANN401 - a click
        await self.state.look()

    async def _confirm(self, *_: Any) -> None:  # noqa: ANN401 - a click
        await self.state.confirm()

    def _later(self, *_: Any) -> None:  # noqa: ANN401 - a click
        self.state.later()


def notice_html(words: str, problem: str) -> str:
    """Return the question, and why an answer could not be kept, as HTML; every text in it is escaped."""
    trouble = f'<p class="gp-problem">{escape(problem)}</p>' if problem else ""
    return f'<p role="status">{escape(words)}</p>{trouble}'


def _button(label: str, act: Any, *, variant: str = "outlined") -> Any:  # noqa: ANN401 - a Panel widget
    return pmui.Button(label=label, size="small", variant=variant, margin=0, on_click=act)
