from __future__ import annotations

from typing import Any

import pytest

from app.components.seek_rows import LONGEST_TEXT, report_words, seek_row, seek_words
from labeling.seeks import Seek, SeekKind
from tests.projects import MOMENT


def made(kind: SeekKind, text: str = "", items: tuple[str, ...] = ()) -> Seek:
    return Seek(1, kind, None, text, items, "ann", MOMENT)


def report(**values: Any) -> dict[str, Any]:
    return {"id": 1, "matches": None, "looked_at": 0, "right": None, "problem": "", **values}


def test_seek_row__every_text_is_shown_as_text() -> None:
    evil = "<img src=x onerror=alert(1)>"
    for seek in (made(SeekKind.WORDS, evil), made(SeekKind.EXAMPLE, items=(evil,))):
        shown = seek_row(seek, class_name=evil, colour='"><b>', report=report(problem=evil))
        assert "<img" not in shown and "<b>" not in shown
        assert shown.count("&lt;img") == 3


def test_seek_words__an_example_names_its_items() -> None:
    assert seek_words(made(SeekKind.EXAMPLE, items=("a", "b"))) == "like a, b"
    assert seek_words(made(SeekKind.EXAMPLE, items=tuple("abcde"))) == "like a, b, c and 2 more"


def test_seek_words__a_long_text_is_cut() -> None:
    assert len(seek_words(made(SeekKind.WORDS, "x" * 9000))) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (None, "The next round uses it."),
        ({"problem": "it knows none"}, "Not used: it knows none"),
        ({}, "None of its nearest items is answered yet."),
        ({"matches": 8}, "None of the 8 items that match is answered yet."),
        ({"matches": 0}, "No item matches."),
        ({"looked_at": 4, "right": 3}, "3 of 4 answers among its nearest items were 'rare'."),
        ({"looked_at": 4, "matches": 1200}, "4 of the 1,200 items that match answered."),
    ],
)
def test_report_words__says_what_came_of_it(values: dict[str, Any] | None, words: str) -> None:
    found = None if values is None else report(**values)
    assert report_words(found, class_name="rare") == words
