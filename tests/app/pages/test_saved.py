from __future__ import annotations

from app.pages.saved import selection_line
from labeling.selections import NamedSelection
from tests.projects import MOMENT

HOSTILE = "<img src=x onerror=alert(1)>"


def test_selection_line__texts_are_text() -> None:
    text = selection_line(NamedSelection(1, HOSTILE, HOSTILE, 2, HOSTILE, MOMENT))
    assert "<img" not in text
    assert text.count("&lt;img") == 2
