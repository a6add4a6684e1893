from __future__ import annotations

from app.class_needs import ClassNeed, class_groups, class_needs, group_limits
from app.components.balance_bars import SHOWN as ROWS_SHOWN
from app.components.balance_bars import ClassBalance, balance_rows
from app.components.balance_words import SHOWN, groups_html, needs_html, work_html

HOSTILE = '<img src=x onerror="alert(1)">'


def made(*labelled: int, name: str = "class") -> list[ClassBalance]:
    share = 1 / len(labelled)
    return [
        ClassBalance(f"{name} {at}", "#123456", count, 50.0, 40.0, 60.0, share, at)
        for at, count in enumerate(labelled, start=1)
    ]


def needs(*labelled: int, name: str = "class") -> list[ClassNeed]:
    return class_needs(made(*labelled, name=name), [], pool_size=1_000, left=5_000)


def test_groups_html__says_limits_and_whether_they_are_scaled() -> None:
    large, small = made(300, 30, 1), made(10, 0)

    assert "more than 100 labels" in groups_html(class_groups(large), group_limits(large))
    assert "made smaller" not in groups_html(class_groups(large), group_limits(large))
    assert "made smaller" in groups_html(class_groups(small), group_limits(small))


def test_needs_html__the_class_that_lacks_most_comes_first() -> None:
    text = needs_html(needs(80, 10, 0))

    assert text.index("class 3") < text.index("class 2")
    assert "class 1" not in text
    assert "2 classes lack labels" in text
    assert "about 600 labels" in text


def test_needs_html__without_classes_and_without_lack() -> None:
    assert "first class" in needs_html([])
    assert "Nothing is labelled yet" in needs_html(needs(0, 0))
    assert "Every class has reached its target" in needs_html(needs(5, 5))


def test_needs_html__many_classes_are_cut_short() -> None:
    text = needs_html(needs(1_000, *[0] * 77))

    assert text.count("<tr>") == SHOWN + 1
    assert f"{77 - SHOWN} classes that lack fewer" in text


def test_work_html__what_is_known_of_a_class() -> None:
    text = work_html(needs(9, 1)[1], pool_size=1_000, labelled=10)

    assert "about 50 of 1,000 (40 to 60 with 95 %)" in text
    assert "4 to have 5" in text
    assert "Click a class" in work_html(None, pool_size=1_000, labelled=0)


def test_html__names_are_text() -> None:
    entries = needs(10, 0, name=HOSTILE)

    for text in (needs_html(entries), work_html(entries[1], pool_size=9, labelled=10)):
        assert "<img" not in text
        assert "&lt;img" in text


def test_balance_rows__a_thousand_classes_are_cut_short() -> None:
    text = balance_rows(made(*[1] * 1_000))

    assert text.count('role="row"') == ROWS_SHOWN + 1
    assert f"{1_000 - ROWS_SHOWN:,} more classes" in text
