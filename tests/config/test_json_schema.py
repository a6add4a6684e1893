from __future__ import annotations

import json

import pytest

from config.checks import Path
from config.json_schema import allowed_values, json_schema, known_keys


def test_json_schema__is_plain_json_that_refuses_unknown_keys() -> None:
    schema = json.loads(json.dumps(json_schema()))
    assert schema["title"] == "goldpan project"
    assert schema["required"] == ["project", "pool"]
    closed = [part["additionalProperties"] for part in (schema, *schema["$defs"].values())]
    assert closed == [False] * len(closed)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("rounds", "batch"), "a whole number from 1 to 10000"),
        (("rounds", "lease_s"), "a number above 0 up to 604800"),
        (("views", "theme"), "one of auto, light, dark"),
        (("head", "calibrate"), "true or false"),
        (("classes",), "a list"),
        (("classes", 3, "parent"), "text of 1 to 200 characters or null"),
        (("shared", "revision"), "a whole number from 0 up"),
        (("pool", "columns", 0), "text of 1 to 1000 characters"),
        (("nowhere",), ""),
        (("head", "calibrate", "deeper"), ""),
    ],
)
def test_allowed_values__says_what_a_value_may_be(path: Path, words: str) -> None:
    assert allowed_values(path) == words


def test_known_keys__are_in_the_order_of_the_schema() -> None:
    assert known_keys(("rounds",)) == ("batch", "queue", "retrain_after", "timeout_s", "lease_s", "scheduler")
    assert known_keys(("shared", "annotations", 7))[:3] == ("uid", "item", "act")
    assert known_keys(("rounds", "batch")) == ()
