from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.checks import checked_integer, checked_name, checked_text, is_storable
from labeling.errors import LabelingError


@given(text=st.text(st.characters(codec=None), max_size=20))
def test_is_storable__is_utf8_without_nul(text: str) -> None:
    try:
        encodes = text.encode() is not None
    except UnicodeEncodeError:
        encodes = False

    assert is_storable(text) == (encodes and "\x00" not in text)


def test_checked_text__says_what_is_wrong_and_what_is_allowed() -> None:
    with pytest.raises(LabelingError, match="the comment has 4 characters; allowed are 0 to 3"):
        checked_text("four", what="the comment", error=LabelingError, longest=3)


def test_checked_name__one_spelling() -> None:
    assert checked_name("  e\u0301 ", what="the name", error=LabelingError) == "\u00e9"


@pytest.mark.parametrize("value", [True, 1.0, "1", None, -1, 6, float("nan")])
def test_checked_integer__refuses(value: Any) -> None:
    with pytest.raises(LabelingError, match="whole number from 0 to 5"):
        checked_integer(value, what="the number", error=LabelingError, most=5)
