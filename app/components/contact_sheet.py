"""A contact sheet: some of the chosen items, small and side by side; a click opens one."""

from __future__ import annotations

import param
from panel.custom import JSComponent

from app.components.bundle import TILE_PARTS, bundle

PARTS = ("label_card_net.js", *TILE_PARTS, "contact_sheet.js")
"""Its script, in the order in which it is joined; the first two are the label card's too."""


class ContactSheet(JSComponent):
    """Items as tiles."""

    items = param.List(
        default=[],
        doc="""What is shown, from Python: dicts with `key`, `row`, `view` and `extra` as of `app.items.item_view`,
        `label` and `colour` of the item's class, both empty where it has none.""",
    )
    picked_row = param.Integer(
        default=-1, doc="Row of the item that was clicked, from the browser; -1 for none."
    )

    _esm = bundle("SHEET", parts=PARTS, styles=("tile_content.css", "contact_sheet.css"))
