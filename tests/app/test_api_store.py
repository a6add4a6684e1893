from __future__ import annotations

from typing import Any

import pytest

from app.api_store import parse_annotation
from app.class_keys import KEY_ORDER, next_key
from app.errors import RequestError

GOOD: dict[str, Any] = {"uid": "a" * 32, "item_key": "k", "act": "label", "class_id": 3, "shown_ms": 12.7}


def test_parse_annotation__fills_what_is_left_out() -> None:
    new = parse_annotation(GOOD)
    assert (new.class_id, new.shown_ms, new.comment, new.round_number) == (3, 12, "", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"uid": 7},
        {"uid": ""},
        {"item_key": None},
        {"act": ["label"]},
        {"class_id": True},
        {"class_id": "3"},
        {"shown_ms": float("nan")},
        {"shown_ms": float("inf")},
        {"shown_ms": 1e300},
        {"comment": {"a": 1}},
    ],
)
def test_parse_annotation__wrong_types(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        parse_annotation({**GOOD, **changes})


def test_next_key__skips_the_taken_and_the_reserved() -> None:
    assert next_key({"1", "2"}) == "3"
    assert not set("suf") & set(KEY_ORDER)
    assert next_key(set(KEY_ORDER)) is None
