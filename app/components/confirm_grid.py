"""The Confirm page's grid: a page of likely items of one class, the wrong ones taken out, the rest confirmed at once.

Like the label card it lives in the browser and speaks REST, so that a confirmed page is kept and delivered even while
the server is restarted. The parameters only carry news between the page's session and the grid.
"""

from __future__ import annotations

import json
from pathlib import Path

import param
from panel.custom import JSComponent

from app.components.theme import theme_css, theme_mirror_js

PARTS = (
    "label_card_net.js",
    "label_card_outbox.js",
    "confirm_outbox.js",
    "confirm_tile.js",
    "confirm_words.js",
    "confirm_grid.js",
)
"""The grid's script, in the order in which it is joined; the first two are the label card's too."""


def grid_source() -> str:
    """Return the grid's whole script as one ECMAScript module; style sheet and theme travel in `GRID`."""
    folder = Path(__file__).parent
    constants = {
        "css": (folder / "confirm_grid.css").read_text(encoding="utf-8"),
        "theme": theme_css(),
    }
    scripts = [(folder / name).read_text(encoding="utf-8") for name in PARTS]
    return "\n".join([f"const GRID = {json.dumps(constants)};", theme_mirror_js(), *scripts])


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
    unsaved_count = param.Integer(
        default=0, doc="Confirmed pages the server has not acknowledged, from the browser."
    )

    _esm = grid_source()
