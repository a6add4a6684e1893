from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from labeling.curation.errors import SelectionError, SplitError
from labeling.exports.contract import LABEL_COLUMNS, ExportBundle
from labeling.exports.selection_plan import plan_selection
from labeling.exports.selection_words import describe_plan
from tests.labeling.exports.bundles import WHEN, make_bundle


def bundle(have: dict[str, int], /, *, groups: list[int] | None = None, **changes: Any) -> ExportBundle:
    names = [name for name, count in have.items() for _ in range(count)]
    rows = [
        (f"item-{row:03d}", row, name, "label", "ann", WHEN, 1, "prospect", "balance")
        for row, name in enumerate(names)
    ]
    labels = pd.DataFrame(rows, columns=list(LABEL_COLUMNS))
    if groups is not None:
        labels["together"], labels["group"] = groups, [f"night {group}" for group in groups]
    classes = pd.DataFrame({"class_name": [*have, "empty"]})
    return make_bundle(labels=labels, classes=classes, **changes)


def test_plan_selection__everything_is_every_labelled_item() -> None:
    plan = plan_selection(bundle({"a": 30, "b": 5}, balanced=False))
    assert plan.items["class_name"].value_counts().to_dict() == {"a": 30, "b": 5}
    assert list(plan.items.columns) == ["item_key", "row", "class_name"]


def test_plan_selection__numbers_of_items() -> None:
    plan = plan_selection(bundle({"a": 30, "b": 5}, counts={"a": 12, "b": 12}))
    table = plan.selection.table.set_index("class_name")
    assert table["taken"].to_dict() == {"a": 12, "b": 5}
    assert table["short"].to_dict() == {"a": 0, "b": 7}


def test_plan_selection__a_budget_lowers_the_numbers_alike() -> None:
    plan = plan_selection(bundle({"a": 30, "b": 30}, counts={"a": 20, "b": 10}, budget=15))
    assert plan.selection.table["taken"].tolist() == [10, 5]
    assert plan.selection.table["wanted"].tolist() == [10, 5]


def test_plan_selection__no_item_is_asked_for() -> None:
    with pytest.raises(SelectionError, match="no item of any class"):
        plan_selection(bundle({"a": 3}, counts={"a": 0}))


def test_plan_selection__groups_are_in_one_split() -> None:
    plan = plan_selection(
        bundle({"a": 60, "b": 30}, groups=[number // 3 for number in range(90)], splits={"x": 2, "y": 1})
    )
    assert plan.items.groupby("group")["split"].nunique().max() == 1
    assert plan.items["split"].value_counts()["x"] == pytest.approx(40, abs=2)


def test_plan_selection__one_group_is_everything() -> None:
    with pytest.raises(SplitError, match="belong together"):
        plan_selection(bundle({"a": 9}, groups=[4] * 9, splits={"x": 1, "y": 1}))


def test_describe_plan__says_what_becomes_of_the_balance() -> None:
    words = " ".join(describe_plan(plan_selection(bundle({"a": 60, "b": 8}, targets={"a": 1.0, "b": 1.0}))))
    assert "16 of 68 labels are selected" in words
    assert "largest class has 60 (a), the smallest 8 (b): 7.5 to 1" in words
    assert "each of 2 classes has 8" in words


def test_describe_plan__a_target_no_class_can_meet() -> None:
    short = describe_plan(plan_selection(bundle({"a": 60, "b": 8}, counts={"a": 100, "b": 500})))
    assert "Fewer than wanted: b has 8 of the 500 wanted; a has 60 of the 100 wanted." in short
    nothing = describe_plan(plan_selection(bundle({"a": 60}, targets={"empty": 1.0}, budget=10)))
    assert nothing == ["Nothing would be selected of 60 labels: no class that has a target has a label."]
    assert describe_plan(plan_selection(bundle({}))) == ["No item has a label; there is nothing to select."]


def test_describe_plan__splits_and_the_class_that_is_not_in_all() -> None:
    groups = [*([0] * 10), *range(1, 51)]
    plan = plan_selection(
        bundle({"rare": 10, "a": 50}, groups=groups, balanced=False, splits={"train": 4, "test": 1})
    )
    words = " ".join(describe_plan(plan))
    assert "Splits: train 50 (83 %), test 10 (17 %). 10 items in 1 group or set" in words
    assert "No item of rare in " in words
