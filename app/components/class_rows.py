"""The list of classes on the Balance page: each in a row that can be changed in place.

Like the label card it lives in the browser and speaks REST, so that a thousand rows cost the page's session nothing.
The parameters only carry news between the two.
"""

from __future__ import annotations

import param
from panel.custom import JSComponent

from app.components.bundle import bundle

PARTS = ("label_card_net.js", "class_dialogs.js", "class_row.js", "class_rows.js")
"""The list's script, in the order in which it is joined; the first is the label card's too."""


class ClassRows(JSComponent):
    """The classes, to be added, renamed, ordered, put under each other, merged and archived."""

    classes_version = param.Integer(
        default=0, doc="Counts up when the classes change, from Python: they are read anew."
    )
    revision = param.Integer(
        default=0, doc="Label revision, from Python: the numbers of labels are read anew."
    )
    active = param.Boolean(
        default=True, doc="Whether the page is on show, from Python; nothing is read otherwise."
    )
    chosen_id = param.Integer(
        default=0, doc="Id of the class that is worked on, from both sides; 0 for none."
    )

    may_add = param.Boolean(default=True, doc="Whether the person may add classes, from Python.")
    may_change = param.Boolean(
        default=True, doc="Whether the person may rename, order, merge and archive them, from Python."
    )

    _esm = bundle("ROWS", parts=PARTS, styles=("class_rows.css",))
