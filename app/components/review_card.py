"""The review card: the label card over items that a reviewer decides, with what people said beside each.

It shares the label card's pane, classes, keys and undo, and has its own queue and outbox (see `review_card.js`).
"""

from __future__ import annotations

from app.components.bundle import bundle
from app.components.label_card import PALETTE, PARTS, STYLES, LabelCard

REVIEW_PARTS = (*PARTS, "review_card.js", "review_card_start.js")
"""The card's script, in the order in which it is joined."""


class ReviewCard(LabelCard):
    """One item to decide, with its votes, the classes and the keys."""

    _esm = bundle("CARD", parts=REVIEW_PARTS, styles=(*STYLES, "review_card.css"), palette=PALETTE)
