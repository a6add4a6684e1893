"""Joins the parts of a component that lives in the browser into one script.

A component of Panel is one ECMAScript module, loaded from a blob, where relative imports lead nowhere; so its parts are
joined here, and the style sheets travel in a constant.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.components.theme import theme_css, theme_mirror_js

SHARED_PART = "render_once.js"
"""How every component is drawn; it needs `h` of `label_card_net.js`."""

TILE_PARTS = ("series_plot.js", "tile_content.js")
"""What shows an item small; it needs `label_card_net.js` before it."""

PAGE_PARTS = (
    "label_card_net.js",
    "label_card_outbox.js",
    "confirm_outbox.js",
    *TILE_PARTS,
    "confirm_words.js",
    "page_grid.js",
)
"""What the grids of the Confirm page share."""


def bundle(name: str, *, parts: Sequence[str], styles: Sequence[str], **constants: Any) -> str:  # noqa: ANN401
    """Return a component's whole script.

    Args:
        name: the constant that holds `css`, `theme` and what else is given.
        parts: scripts in this folder, in the order in which they are joined: each uses only names of those before it.
        styles: style sheets in this folder; where two contradict each other the later has the word.
        **constants: further values for the constant, as JSON has them.
    """
    values = {"css": _read(styles), "theme": theme_css(), **constants}
    return "\n".join(
        [f"const {name} = {json.dumps(values)};", theme_mirror_js(), _read([SHARED_PART, *parts])]
    )


def _read(files: Sequence[str]) -> str:
    folder = Path(__file__).parent
    return "\n".join((folder / file).read_text(encoding="utf-8") for file in files)
