"""The Confirm page's check of labels: those the model is least sure are right, kept or changed, stored by one act.

Like the grid to confirm it lives in the browser and speaks REST, and shares that one's outbox: decisions are kept and
delivered even while the server is restarted. The parameters only carry news between the page's session and the grid.
"""

from __future__ import annotations

import param
from panel.custom import JSComponent

from app.components.bundle import PAGE_PARTS, bundle

PARTS = (*PAGE_PARTS, "audit_tile.js", "audit_grid.js")
"""The grid's script, in the order in which it is joined."""


class AuditGrid(JSComponent):
    """A grid of labels that are likely wrong."""

    round_number = param.Integer(
        default=0, doc="Newest finished round, from Python: a page that nobody touched yet is made anew."
    )
    classes_version = param.Integer(
        default=0, doc="Counts up when the classes change, from Python: they are read anew."
    )
    active = param.Boolean(
        default=True, doc="Whether the grid is on show, from Python; its keys are dead otherwise."
    )
    wanted_keys = param.List(
        default=[], doc="Keys of the items to check, from Python; empty for all labels that the model doubts."
    )
    unsaved_count = param.Integer(
        default=0, doc="Pages of decisions the server has not acknowledged, from the browser."
    )

    _esm = bundle("GRID", parts=PARTS, styles=("tile_content.css", "confirm_grid.css"))
