"""A contact sheet: some of the chosen items, small and side by side; a click opens one."""

from __future__ import annotations

import json
from pathlib import Path

import param
from panel.custom import JSComponent

from app.components.theme import theme_css, theme_mirror_js

PARTS = ("label_card_net.js", "confirm_tile.js", "contact_sheet.js")
"""Its script, in the order in which it is joined; the first two are the label card's and the Confirm page's."""


def sheet_source() -> str:
    """Return the sheet's whole script as one ECMAScript module; style sheet and theme travel in `SHEET`."""
    folder = Path(__file__).parent
    constants = {
        "css": (folder / "contact_sheet.css").read_text(encoding="utf-8"),
        "theme": theme_css(),
    }
    scripts = [(folder / name).read_text(encoding="utf-8") for name in PARTS]
    return "\n".join([f"const SHEET = {json.dumps(constants)};", theme_mirror_js(), *scripts])


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

    _esm = sheet_source()
