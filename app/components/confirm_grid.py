"""The Confirm page's grid: a page of likely items of one class, the wrong ones taken out, the rest confirmed at once.

Like the label card it lives in the browser and speaks REST, so that a confirmed page is kept and delivered even while
the server is restarted. The parameters only carry news between the page's session and the grid.
"""

from __future__ import annotations

import param
from panel.custom import JSComponent

from app.components.bundle import PAGE_PARTS, bundle

PARTS = (*PAGE_PARTS, "confirm_tile.js", "confirm_grid.js")
"""The grid's script, in the order in which it is joined."""


class ConfirmGrid(JSComponent):
    """A grid of likely items of one class."""

    round_number = param.Integer(
        default=0, doc="Newest finished round, from Python: a page that nobody touched yet is made anew."
    )
    classes_version = param.Integer(
        default=0, doc="Counts up when the classes change, from Python: they are read anew."
    )
    active = param.Boolean(
        default=True, doc="Whether the page is on show, from Python; its keys are dead otherwise."
    )
    open_class = param.Integer(
        default=0,
        doc="Id of a class to show a page of, from Python; 0 for none. The browser sets it to 0 again.",
    )
    unsaved_count = param.Integer(
        default=0, doc="Confirmed pages the server has not acknowledged, from the browser."
    )

    _esm = bundle("GRID", parts=PARTS, styles=("tile_content.css", "confirm_grid.css"))
