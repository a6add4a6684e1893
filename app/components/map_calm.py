"""Whether a person is just dragging on the map or moving its view: nothing is moved under their hand."""

from __future__ import annotations

import time
from typing import Any

from bokeh.events import PanEnd, PanStart

LONGEST_DRAG_S = 60.0
"""A drag whose end was never heard of, in a tab that froze, counts as over after so long."""

SETTLE_S = 1.0
"""So long after the view moved last."""


class Calm:
    """Follows drags and the view of one figure."""

    def __init__(self, figure: Any) -> None:  # noqa: ANN401 - a bokeh figure
        """Listen to a figure."""
        self._drag_began_s: float | None = None
        self._moved_s = -SETTLE_S
        figure.on_event(PanStart, self._drag_began)
        figure.on_event(PanEnd, self._drag_ended)
        for part in (figure.x_range, figure.y_range):
            part.on_change("start", self._moved)

    @property
    def now(self) -> bool:
        """Whether nothing is going on."""
        now_s = time.monotonic()
        dragging = self._drag_began_s is not None and now_s - self._drag_began_s < LONGEST_DRAG_S
        return not dragging and now_s - self._moved_s >= SETTLE_S

    def _drag_began(self, _event: PanStart) -> None:
        self._drag_began_s = time.monotonic()

    def _drag_ended(self, _event: PanEnd) -> None:
        self._drag_began_s = None

    def _moved(self, _name: str, _old: object, _new: object) -> None:
        self._moved_s = time.monotonic()
