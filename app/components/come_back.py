"""What covers a page while its server starts again, and brings the page back."""

from __future__ import annotations

from pathlib import Path

import param
from panel.custom import JSComponent

from app.components.layout import stylesheet

PARTS = ("label_card_net.js", "come_back.js")


class ComeBack(JSComponent):
    """Nothing to see until the server is about to start again."""

    waiting = param.Boolean(default=False, doc="Whether the server starts again, from Python.")
    instance = param.String(default="", doc="The server's start that the page is from.")

    _esm = "\n".join(Path(__file__).with_name(part).read_text(encoding="utf-8") for part in PARTS)


def come_back(instance: str) -> ComeBack:
    """Return the component, without any size.

    Args:
        instance: the server's start that the page is from.
    """
    return ComeBack(
        instance=instance, stylesheets=[stylesheet()], width=0, height=0, margin=0, sizing_mode="fixed"
    )
