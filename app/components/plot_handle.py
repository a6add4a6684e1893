"""The handle by which a plot is moved among the others, by dragging or by keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import param
from panel.custom import JSComponent

from app.components.bundle import bundle

PARTS = ("label_card_net.js", "plot_handle.js")
PLOT_PX = 430
"""Height of a plot with its fields, about: half of it is how far a plot is dragged past another."""


class PlotHandle(JSComponent):
    """A grip that says where its plot shall stand."""

    group = param.String(default="", doc="Which list the plot is in, from Python: it moves within that one.")
    place = param.Integer(default=0, doc="Its place in the list, from 0, from Python.")
    count = param.Integer(default=1, doc="How many plots the list has, from Python.")
    label = param.String(default="", doc="What is read of the grip, from Python.")
    wish = param.List(default=[], doc="From the browser: a number that grows, and the place to move to.")

    _esm = bundle("HANDLE", parts=PARTS, styles=("plot_handle.css",), height=PLOT_PX)


def plot_handle(group: str, move: Callable[[int, int], None]) -> PlotHandle:
    """Return a handle.

    Args:
        group: which list its plot is in.
        move: called with the place that the plot has and the one it shall have.
    """
    handle = PlotHandle(group=group, width=30, height=30, margin=0, sizing_mode="fixed")

    def wished(event: Any) -> None:  # noqa: ANN401 - a param event
        to = event.new[1] if len(event.new) == 2 else -1
        if isinstance(to, int) and 0 <= to < handle.count and to != handle.place:
            move(handle.place, to)

    handle.param.watch(wished, "wish")
    return handle


def number_handles(handles: list[PlotHandle], titles: list[str]) -> None:
    """Tell handles where they are.

    Args:
        handles: those of one list, in order.
        titles: what their plots are called, plain text.
    """
    for place, (handle, title) in enumerate(zip(handles, titles, strict=True)):
        label = f"Move the plot {title}, {place + 1} of {len(handles)}: drag, or press the arrow keys"
        handle.param.update(place=place, count=len(handles), label=label, visible=len(handles) > 1)
