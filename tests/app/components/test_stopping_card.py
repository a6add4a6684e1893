from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.components.stopping_card import advice_sentence, stopping_card, stopping_line
from models.quality import Estimate
from models.stopping import Course, Stopping, Unfound

ADVICE = Stopping(
    verdict="may_stop",
    labels=400,
    left=9_600,
    stability=Estimate(0.9951, 0.991, 0.999),
    compared=3,
    gain=Estimate(0.0021, -0.0123, 0.0164),
    unfound=(
        Unfound("quasar", 12, Estimate(118.4, 61.2, 203.9)),
        Unfound("star", 300, Estimate(8_123, 7_900, 8_400)),
    ),
    classes=2,
    unmet=0,
    unknown=Estimate(0.0, 0.0, 1.0),
    new_class=Estimate(0.0, 0.0, 0.009),
    course=Course(),
)


def test_stopping_card__figures_with_their_intervals() -> None:
    card = stopping_card(ADVICE)
    assert "<b>0.995</b> (0.991 to 0.999)" in card
    assert "<b>+0.2 points</b> (\N{MINUS SIGN}1.2 to +1.6)" in card
    assert "<th>quasar</th><td>12</td><td>120 (61 to 200)</td>" in card
    assert "8,100 (7,900 to 8,400)" in card
    assert "no sign of classes" in card
    assert "0 % (0 % to under 1 %)" in card


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({}, "It may be time to stop: .* unless you are after the items of 'quasar' still unfound"),
        ({"unfound": ()}, "It may be time to stop: .*hardly help[.]$"),
        ({"left": 0}, "Every item has been looked at"),
        ({"verdict": "unsure"}, "Hard to tell: .*might still bring .1.6 points"),
        ({"verdict": "unsure", "gain": None}, "Hard to tell: .*curve is too short"),
        ({"verdict": "too_early", "compared": 1}, "Too early to tell: .*so far once"),
        ({"verdict": "too_early", "labels": 0}, "Too early to tell: nothing is labelled"),
        (
            {
                "verdict": "go_on",
                "stability": Estimate(0.9, 0.8, 1.0),
                "gain": Estimate(0.05, 0.02, 0.08),
                "unmet": 2,
            },
            "likely to pay: predictions still change, the model still gets better and 2 classes have no label yet[.]",
        ),
        (
            {"verdict": "go_on", "unknown": Estimate(3.0, 1.0, 8.0)},
            "likely to pay: some classes may not have been met yet[.]",
        ),
    ],
)
def test_advice_sentence__says_what_and_why(parts: dict[str, object], words: str) -> None:
    assert re.search(words, advice_sentence(replace(ADVICE, **parts)))  # type: ignore[arg-type]


def test_stopping_card__names_are_escaped_and_shortened() -> None:
    nasty = Unfound("<script>alert(1)</script>" + "x" * 200, 1, Estimate(3.0, 1.0, 9.0))
    for html in (
        stopping_card(replace(ADVICE, unfound=(nasty,))),
        stopping_line(replace(ADVICE, unfound=(nasty,))),
    ):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
        assert "x" * 60 not in html


def test_stopping_card__many_classes_are_counted_not_listed() -> None:
    many = tuple(Unfound(f"class {number}", 0, None) for number in range(20))
    card = stopping_card(replace(ADVICE, unfound=many, classes=1_000, unmet=988))
    assert card.count("not met yet") == 8
    assert "The 8 classes with the fewest labels; 992 more." in card
    assert "988 classes have a name and no label yet." in card


def test_stopping_card__without_a_model_there_is_no_estimate() -> None:
    one = replace(ADVICE, verdict="too_early", stability=None, gain=None, unfound=(Unfound("star", 3, None),))
    card = stopping_card(one)
    assert "needs a model" in card
    assert "Too few rounds" in card


def test_stopping_card__before_any_label_or_round() -> None:
    first = replace(
        ADVICE, verdict="too_early", labels=0, stability=None, gain=None, unknown=None, new_class=None
    )
    assert "<table" not in stopping_card(first)
    assert stopping_line(first) == stopping_line(None) == ""
    assert "first round" in stopping_card(None)
