"""The legend of the pool map: what the colours mean, and what of it is shown on the map."""

from __future__ import annotations

from typing import Any

import param
from panel.custom import JSComponent

from app.components.bundle import bundle
from app.components.map_colours import UNLABELLED_OPACITY, Theme, readable, value_ramp
from app.components.map_filter import WITHOUT, MapFilter
from app.components.map_picture import Layer
from app.components.theme import UNLABELLED

PARTS = ("label_card_net.js", "map_legend.js")
"""Its script, in the order in which it is joined; the first one is the label card's too."""

RAMP_STOP_EVERY = 17


class LegendCard(JSComponent):
    """Classes as buttons that hide and show them; a ramp with a slider for the part that is shown.

    Its name must not end in Legend: panel-material-ui would take it for a legend of Bokeh and dress it as one.
    """

    entries = param.List(
        default=[],
        doc="""What the colours mean, from Python: dicts with `name` (empty for items without a class or value), `label`
        to be read, `colour`, `opacity` and `count`.""",
    )
    ramp = param.Dict(
        default={},
        doc="""The ramp of values, from Python: `name`, `stops` (colours), `low` and `high` (numbers at its ends),
        `unit` ("number" or "date"); empty where classes are shown.""",
    )
    hidden = param.List(default=[], doc="Names of the entries that are hidden, from both sides.")
    span = param.List(default=[0.0, 1.0], doc="The shown part of the ramp, 0 to 1 along it, from both sides.")

    _esm = bundle("LEGEND", parts=PARTS, styles=("map_legend.css",))

    def say(self, layer: Layer, theme: Theme) -> None:
        """Say what a colouring's colours mean.

        Args:
            layer: the colouring; its names are plain text from a person or a file.
            theme: light or dark.
        """
        ramp = ramp_of(layer, theme) if layer.values is not None else {}
        entries = entries_of(layer, theme)
        changed = {"entries": entries} if entries != self.entries else {}
        self.param.update(**changed, **({"ramp": ramp} if ramp != self.ramp else {}))

    def follow(self, chosen: MapFilter) -> None:
        """Show what is hidden."""
        self.param.update(hidden=sorted(chosen.hidden), span=[chosen.low, chosen.high])

    def chosen(self) -> MapFilter:
        """Return what is shown, as the person chose it; what a browser cannot have meant counts as everything."""
        names = frozenset(str(name) for name in self.hidden or ())
        edges = [edge for edge in self.span or () if isinstance(edge, int | float) and 0 <= edge <= 1]
        low, high = edges if len(edges) == 2 and edges[0] <= edges[1] else (0.0, 1.0)
        return MapFilter(names, float(low), float(high))


def entries_of(layer: Layer, theme: Theme) -> list[dict[str, Any]]:
    """Return the legend's entries: the classes, and last the items without a class or value where there are any."""
    found = [
        {"name": name, "label": name, "colour": readable(colour, theme), "opacity": 1.0, "count": count}
        for name, colour, count in zip(layer.names, layer.palette, layer.counts.tolist(), strict=False)
    ]
    if layer.without:
        found.append(
            {
                "name": WITHOUT,
                "label": layer.none,
                "colour": UNLABELLED,
                "opacity": UNLABELLED_OPACITY,
                "count": layer.without,
            }
        )
    return found


def ramp_of(layer: Layer, theme: Theme) -> dict[str, Any]:
    """Return what the legend says of a ramp."""
    low, high = layer.ends
    stops = value_ramp(theme)[::RAMP_STOP_EVERY]
    return {"name": layer.names[0], "stops": stops, "low": low, "high": high, "unit": layer.unit}
