"""The item under the pointer, shown small beside it once the pointer rests on the map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import param
from bokeh.events import MouseLeave, MouseMove
from bokeh.models import ColumnDataSource, CustomJS
from panel.custom import JSComponent

from app.components.bundle import TILE_PARTS, bundle
from app.components.map_figure import MapFigure
from app.components.map_repaint import LatestWins

REST_MS = 80
"""So long the pointer rests before the server is asked what lies there."""

PARTS = ("label_card_net.js", *TILE_PARTS, "map_hover.js")
"""The card's script, in the order in which it is joined; the first two are the label card's too."""

Look = Callable[[], dict[str, Any]]
"""Finds the item and says what the card shows; {} where there is none. Runs in a thread."""

_MOVED_JS = f"""
clearTimeout(ask.goldpan_rest)
const x = cb_obj.x, y = cb_obj.y
ask.goldpan_rest = setTimeout(() => {{ ask.data = {{x: [x], y: [y]}} }}, {REST_MS})
"""

_LEFT_JS = """
clearTimeout(ask.goldpan_rest)
if (ask.data.x.length) ask.data = {x: [], y: []}
"""


class HoverCard(JSComponent):
    """A card beside the pointer; it goes as soon as the pointer does."""

    item = param.Dict(
        default={},
        doc="""What is shown, from Python: `key`, `view` and `extra` as of `app.items.item_view`, `label` and `colour`
        of what the map shows of it; empty for nothing.""",
    )

    _esm = bundle("HOVER", parts=PARTS, styles=("tile_content.css", "map_hover.css"))


class MapHover:
    """Asks what lies under a resting pointer: the last place alone, one look at a time.

    Attributes:
        card: to be placed in the page; takes no room there.
    """

    def __init__(self, figure: MapFigure, look_at: Callable[[float, float], Look | None]) -> None:
        """Listen to a map's pointer.

        Args:
            figure: the map's.
            look_at: given a place in the positions' units, returns what looks there; None where nothing can be seen.
        """
        self.card = HoverCard(width=0, height=0, margin=0, styles={"position": "absolute"})
        self._figure = figure
        self._look_at = look_at
        self._number = 0
        self._ask = ColumnDataSource({"x": [], "y": []})
        figure.plot.js_on_event(MouseMove, CustomJS(args={"ask": self._ask}, code=_MOVED_JS))
        figure.plot.js_on_event(MouseLeave, CustomJS(args={"ask": self._ask}, code=_LEFT_JS))
        self._ask.on_change("data", self._rested)
        self._looks = LatestWins[Look, dict[str, Any]](
            _look, self._show, what="the item under the pointer could not be shown", most_unseen=None
        )

    def dispose(self) -> None:
        """Look no more."""
        self._looks.dispose()

    def _rested(self, _name: str, _old: object, _new: object) -> None:
        document = self._figure.live
        if document is not None:
            self._looks.ask(self._wish, document)

    def _wish(self) -> Look | None:
        place = [self._ask.data.get(name) for name in ("x", "y")]
        if not all(place):
            return _nothing
        try:
            x, y = (float(values[0]) for values in place)
        except (TypeError, ValueError, IndexError):
            return None
        return self._look_at(x, y)

    def _show(self, item: dict[str, Any]) -> None:
        # Numbered, so that the same item is shown again after the pointer left it.
        self._number += 1
        self.card.item = {**item, "number": self._number}


def _nothing() -> dict[str, Any]:
    return {}


def _look(look: Look) -> dict[str, Any]:
    return look()
