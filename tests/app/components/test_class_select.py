"""The field that chooses a class: by name, whatever the name looks like."""

from __future__ import annotations

from app.components.class_select import ClassSelect
from labeling.classes import LabelClass


def entry(number: int, name: str) -> LabelClass:
    return LabelClass(
        id=number, name=name, position=number, key=None, colour=None, parent_id=None, description="", target=None,
        archived=False,
    )  # fmt: skip


def field() -> tuple[ClassSelect, list[int]]:
    """Return a field with classes called as the digits, whose ids are others, and what it tells."""
    told: list[int] = []
    made = ClassSelect("Class", none="– none –", on_choose=told.append)
    made.show([entry(number + 1, str(number)) for number in range(8)], 0)
    return made, told


def browser_says(made: ClassSelect, text: str) -> None:
    """Hand over what the browser sends: the option's text."""
    made.view.param.update(**made.view._process_property_change({"value": text}))


def test_chosen__a_class_called_as_the_id_of_another() -> None:
    made, told = field()
    browser_says(made, "5")
    assert told == [6]
    assert made.view.value == "5"


def test_chosen__none_again() -> None:
    made, told = field()
    browser_says(made, "3")
    browser_says(made, "– none –")
    assert told == [4, 0]


def test_show__a_renamed_class_stays_chosen() -> None:
    made, _ = field()
    made.show([entry(1, "zero"), entry(2, "one")], 2)
    assert made.view.value == "one"
    assert made.view.options == ["– none –", "zero", "one"]


def test_show__a_class_that_is_gone_is_not_chosen() -> None:
    made, told = field()
    made.show([entry(1, "zero"), entry(2, "one")], 2)
    made.show([entry(1, "zero")], 2)
    assert made.view.value == "– none –"
    assert told[-1] == 0
