"""What is sought as light rows of HTML, each with what came of it; every text of a person is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from labeling.seeks import Seek, SeekKind

LONGEST_TEXT = 240
SHOWN_KEYS = 3
KIND_NAMES = {SeekKind.WORDS: "Words", SeekKind.EXAMPLE: "Example", SeekKind.CRITERIA: "Criteria"}


def seek_row(seek: Seek, *, class_name: str, colour: str, report: Mapping[str, Any] | None) -> str:
    """Return one seek as HTML.

    Args:
        seek: what is sought.
        class_name: the name of the class it is about, "" for none.
        colour: that class's CSS hex colour.
        report: what came of it in the last round; None until one has used it.
    """
    about = f'<span class="gp-for"><i style="background:{escape(colour)}"></i>{escape(class_name)}</span>'
    kind = f'<span class="gp-quiet">{KIND_NAMES[seek.kind]}</span>'
    wrong = report is not None and bool(report.get("problem"))
    style = "gp-seek-problem" if wrong else "gp-quiet"
    return (
        f'<div class="gp-seek">{kind}{about if class_name else ""}'
        f'<p class="gp-text">{escape(seek_words(seek))}</p>'
        f'<p class="{style}">{escape(report_words(report, class_name=class_name))}</p></div>'
    )


def seek_words(seek: Seek) -> str:
    """Return what is sought as one line of plain text."""
    if seek.kind == SeekKind.EXAMPLE:
        more = len(seek.item_keys) - SHOWN_KEYS
        text = "like " + ", ".join(seek.item_keys[:SHOWN_KEYS]) + (f" and {more} more" if more > 0 else "")
    else:
        text = seek.text
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def report_words(report: Mapping[str, Any] | None, *, class_name: str) -> str:
    """Return what came of a seek as plain text."""
    if report is None:
        return "The next round uses it."
    if report.get("problem"):
        return f"Not used: {report['problem']}"
    matches, looked_at, right = report.get("matches"), report.get("looked_at", 0), report.get("right")
    where = "its nearest items" if matches is None else f"the {matches:,} items that match"
    if not looked_at:
        return f"None of {where} is answered yet." if matches != 0 else "No item matches."
    if right is None:
        return f"{looked_at} of {where} answered."
    return f"{right} of {looked_at} answers among {where} were {class_name!r}."
