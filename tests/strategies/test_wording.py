from __future__ import annotations

import pytest

from strategies.wording import LONGEST_NAME, boundary_reason, need_reason, percent, quote


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 %"), (0.004, "under 1 %"), (0.62, "62 %"), (0.999, "over 99 %"), (1.0, "100 %")],
)
def test_percent__never_rounds_to_certainty(share: float, words: str) -> None:
    assert percent(share) == words


def test_quote__markup_stays_text() -> None:
    assert quote("<b>x</b> & {y}") == "'<b>x</b> & {y}'"


def test_quote__line_breaks_and_direction_marks_become_spaces() -> None:
    assert quote("a\nb\t\u202ec\x00") == "'a b c'"


def test_quote__long_names_keep_both_ends() -> None:
    short = quote("begin " + "x" * 500 + " end")
    assert short.startswith("'begin ")
    assert short.endswith(" end'")
    assert len(short) <= LONGEST_NAME + 2


def test_boundary_reason__names_both_classes() -> None:
    said = boundary_reason(("a", "b"), 1, 0, (0.48, 0.45))
    assert said == "Between 'b' (48 %) and 'a' (45 %) if all classes were equally common."


def test_need_reason__says_how_many_are_wanted() -> None:
    expected = "Likely 'quasar' (62 %), a class with 3 of 20 wanted labels."
    assert need_reason("quasar", 0.62, 3, 20) == expected


def test_need_reason__under_even_odds_is_a_perhaps() -> None:
    assert need_reason("quasar", 0.3, 3, 20).startswith("Perhaps 'quasar' (30 %)")
