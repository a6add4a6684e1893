from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest

from models.errors import ModelError
from models.quality import Estimate
from models.stopping import (
    MOST_POINTS,
    Course,
    CurvePoint,
    Stopping,
    Unfound,
    Watch,
    decide,
    next_points,
)

SETTLED = Estimate(0.995, 0.99, 1.0)
CHANGING = Estimate(0.93, 0.92, 0.94)
NOTHING = Estimate(0.002, -0.01, 0.014)
MUCH = Estimate(0.05, 0.02, 0.08)
PERHAPS = Estimate(0.05, -0.02, 0.12)
NONE = Estimate(0.0, 0.0, 1.0)


def advice(**parts: Any) -> Stopping:
    whole: dict[str, Any] = {
        "verdict": "go_on",
        "labels": 40,
        "left": 60,
        "stability": CHANGING,
        "compared": 3,
        "gain": MUCH,
        "unfound": (Unfound("quasar", 2, Estimate(12.0, 3.0, 40.0)), Unfound("new", 0, None)),
        "classes": 2,
        "unmet": 1,
        "unknown": NONE,
        "new_class": Estimate(0.1, 0.05, 0.2),
        "course": Course("abc", (CurvePoint(20, 0.6),), {"1": 0.5}, Watch(3, 30, (SETTLED,))),
    }
    return Stopping(**{**whole, **parts})


def verdict(**parts: Any) -> str:
    settled: dict[str, Any] = {
        "trained": True,
        "left": 100,
        "stability": SETTLED,
        "gain": NOTHING,
        "unmet": 0,
        "unknown": NONE,
    }
    return decide(**{**settled, **parts})


@pytest.mark.parametrize(
    ("parts", "due"),
    [
        ({}, "may_stop"),
        ({"stability": CHANGING}, "go_on"),
        ({"gain": MUCH}, "go_on"),
        ({"gain": PERHAPS}, "unsure"),
        ({"gain": None}, "unsure"),
        ({"unmet": 1}, "go_on"),
        ({"unknown": Estimate(3.0, 1.0, 9.0)}, "go_on"),
        ({"stability": None}, "too_early"),
        ({"trained": False, "unmet": 2}, "too_early"),
        ({"left": 0, "stability": CHANGING}, "may_stop"),
    ],
)
def test_decide__each_look_has_its_say(parts: dict[str, Any], due: str) -> None:
    assert verdict(**parts) == due


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {
            "stability": None,
            "gain": None,
            "unknown": None,
            "new_class": None,
            "unfound": (),
            "course": Course(),
        },
    ],
    ids=["full", "empty"],
)
def test_from_dict__survives_json(parts: dict[str, Any]) -> None:
    found = advice(**parts)
    assert Stopping.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize("name", ["verdict", "labels", "stability", "unfound", "course"])
@pytest.mark.parametrize("value", ["broken", None, 3.5, [1]])
def test_from_dict__something_else_is_refused(name: str, value: object) -> None:
    data = advice().to_dict()
    data[name] = value
    if name == "labels" or value is None:  # some of these are allowed there, to be missing is not
        del data[name]
    with pytest.raises(ModelError, match="no advice on stopping"):
        Stopping.from_dict(data)


def test_next_points__level_moves_by_the_change() -> None:
    points = next_points((), labels=10, figure=0.6, change=None)
    points = next_points(points, labels=20, figure=0.5, change=0.04)
    assert points == (CurvePoint(10, 0.6), CurvePoint(20, 0.64))


def test_next_points__labels_taken_back_drop_what_lay_beyond() -> None:
    points = (CurvePoint(10, 0.6), CurvePoint(20, 0.7), CurvePoint(30, 0.8))
    assert [point.labels for point in next_points(points, labels=20, figure=0.7, change=-0.1)] == [10, 20]


def test_next_points__nothing_in_common_begins_anew() -> None:
    points = next_points((CurvePoint(10, 0.9),), labels=20, figure=0.4, change=None)
    assert points == (CurvePoint(20, 0.4),)


def test_next_points__stay_few_and_keep_both_ends() -> None:
    points: tuple[CurvePoint, ...] = ()
    for labels in range(5, 5_000, 5):
        points = next_points(points, labels=labels, figure=0.5, change=0.0)
    assert len(points) <= MOST_POINTS
    assert points[-1].labels == 4_995
    assert points[0].labels < 1_000
    assert all(first.labels < second.labels for first, second in pairwise(points))


def test_import__needs_no_torch() -> None:
    code = "import sys, models.stopping, app.advice; sys.exit(any(n in sys.modules for n in ('torch', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
