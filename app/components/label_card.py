"""The label card: one item, why it was chosen, the classes as buttons with keys; the heart of the page.

The card lives in the browser. It fetches its items, sends annotations and reads the history over REST (see
`label_card.js` and its neighbours), so that a label is kept and delivered even while the server is restarted. The
parameters of this class only carry news between the page's session and the card; the card works without them.
"""

from __future__ import annotations

import param
from panel.custom import JSComponent

from app.components.bundle import TILE_PARTS, bundle
from app.components.theme import class_colour

PARTS = (
    "label_card_net.js",
    "label_card_outbox.js",
    "label_card_history.js",
    "label_card_kept.js",
    "label_card_look.js",
    *TILE_PARTS,
    "label_card_queue.js",
    "label_card_tools.js",
    "label_card_image.js",
    "label_card_text.js",
    "label_card_table.js",
    "label_card_series.js",
    "label_card_cutouts.js",
    "label_card_item.js",
    "label_card_near.js",
    "label_card_classes.js",
    "label_card_keys.js",
    "label_card_flag.js",
    "label_card_notices.js",
    "label_card.js",
)
"""The card's script, in the order in which it is joined: each part uses only names of the parts before it."""

START = "label_card_start.js"
"""What draws it, the last part."""

STYLES = (
    "tile_content.css",
    "label_card_tools.css",
    "label_card_image.css",
    "label_card_text.css",
    "label_card_table.css",
    "label_card_series.css",
    "label_card_cutouts.css",
    "label_card_near.css",
    "label_card_answers.css",
    "label_card.css",
)
"""Its style sheets; the last, which knows the widths, has the last word."""

PALETTE = [class_colour(position) for position in range(80)]
"""Colours of classes that have none of their own."""


class LabelCard(JSComponent):
    """One item to label, with its reason, the classes and the keys."""

    classes = param.List(
        default=[],
        doc="""The classes in order, from Python to the browser: dicts with `id`, `name`, `key`, `colour`,
        `description` and, where known, `count` (labels so far).""",
    )
    round_number = param.Integer(
        default=0,
        doc="Newest finished round, from Python: a change makes the card fetch what waits behind anew.",
    )
    active = param.Boolean(
        default=True, doc="Whether the card is on show, from Python; its keys are dead otherwise."
    )
    open_key = param.String(
        default="",
        doc="Key of an item to show next, from Python: one picked on the map. The browser empties it again.",
    )
    open_keys = param.List(
        default=[],
        doc="Keys of items to show next, one after the other, from Python. The browser empties it again.",
    )
    may_add_classes = param.Boolean(default=True, doc="Whether the person may add classes, from Python.")
    current_key = param.String(
        default="", doc="Key of the item on screen, from the browser; empty while none is."
    )
    current_row = param.Integer(
        default=-1, doc="Its row in the pool, from the browser; -1 while none is on screen."
    )
    revision = param.Integer(
        default=0, doc="Revision of the labels after the last acknowledged annotation, from the browser."
    )
    unsaved_count = param.Integer(
        default=0, doc="Annotations the server has not acknowledged, from the browser."
    )

    _esm = bundle("CARD", parts=(*PARTS, START), styles=STYLES, palette=PALETTE)
