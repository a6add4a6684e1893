"""A place on a page that can be brought into sight."""

from __future__ import annotations

from pathlib import Path

import param
from panel.custom import JSComponent


class LookHere(JSComponent):
    """Nothing to see; put into a layout, it scrolls to where it stands."""

    wanted = param.Boolean(
        default=False, doc="Whether to come into sight, from Python; the browser takes it back."
    )

    _esm = Path(__file__).with_name("look_here.js").read_text(encoding="utf-8")


def look_here() -> LookHere:
    """Return the component, without any size."""
    return LookHere(width=0, height=0, margin=0, sizing_mode="fixed")
