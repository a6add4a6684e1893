from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.curation.balance import Selection, balanced_selection
from labeling.curation.errors import SelectionError


def labels(**counts: int) -> pd.DataFrame:
    rows = [(f"{name}-{i:04d}", name) for name, count in counts.items() for i in range(count)]
    return pd.DataFrame(rows, columns=["item_key", "class_name"])


def select(
    table: pd.DataFrame, targets: dict[str, float] | None = None, budget: int | None = None, seed: int = 0
) -> Selection:
    return balanced_selection(table, targets=targets, budget=budget, generator=np.random.default_rng(seed))


def taken(selection: Selection) -> dict[str, int]:
    return dict(zip(selection.table["class_name"], selection.table["taken"].tolist(), strict=True))


def test_balanced_selection__scarcest_class_decides_without_a_budget() -> None:
    selection = select(labels(a=100, b=7, c=30))
    assert taken(selection) == {"a": 7, "b": 7, "c": 7}
    assert len(set(selection.item_keys)) == 21
    assert selection.table["available"].tolist() == [100, 7, 30]
    assert selection.table["short"].tolist() == [0, 0, 0]


def test_balanced_selection__targets_are_kept_without_a_budget() -> None:
    assert taken(select(labels(a=100, b=10), {"a": 3, "b": 1})) == {"a": 30, "b": 10}


def test_balanced_selection__class_without_labels_does_not_empty_the_selection() -> None:
    selection = select(labels(a=10, b=10), {"a": 1, "b": 1, "ghost": 1})
    assert taken(selection) == {"a": 10, "b": 10, "ghost": 0}
    assert selection.table.set_index("class_name").loc["ghost", "short"] == 10


def test_balanced_selection__what_a_class_lacks_is_spread_over_the_others() -> None:
    selection = select(labels(a=100, b=4, c=100), budget=60)
    assert taken(selection) == {"a": 28, "b": 4, "c": 28}
    assert selection.table["wanted"].tolist() == [20, 20, 20]
    assert selection.table["short"].tolist() == [0, 16, 0]


def test_balanced_selection__budget_beyond_all_labels_takes_all() -> None:
    assert taken(select(labels(a=5, b=2), budget=100)) == {"a": 5, "b": 2}


def test_balanced_selection__class_with_no_target_is_left_out() -> None:
    assert taken(select(labels(a=5, b=5), {"a": 1}, budget=8)) == {"a": 5, "b": 0}


def test_balanced_selection__numbers_are_met_where_they_can_be() -> None:
    selection = balanced_selection(
        labels(a=100, b=4),
        targets=None,
        budget=None,
        counts={"a": 7, "b": 9},
        generator=np.random.default_rng(0),
    )
    assert taken(selection) == {"a": 7, "b": 4}
    assert selection.table["short"].tolist() == [0, 5]


def test_balanced_selection__a_negative_number() -> None:
    with pytest.raises(SelectionError, match="-1 items of 'a'"):
        balanced_selection(
            labels(a=3), targets=None, budget=None, counts={"a": -1}, generator=np.random.default_rng(0)
        )


def test_balanced_selection__budget_of_nothing_and_no_labels() -> None:
    assert select(labels(a=5), budget=0).item_keys == ()
    assert select(labels()).item_keys == ()
    assert select(labels(), {"a": 1.0}, budget=5).table["short"].tolist() == [5]


def test_balanced_selection__seed_decides_and_the_order_of_labels_does_not() -> None:
    table = labels(a=100, b=10)
    shuffled = table.sample(frac=1, random_state=1)
    assert select(table, seed=3).item_keys == select(shuffled, seed=3).item_keys
    assert select(table, seed=3).item_keys != select(table, seed=4).item_keys


@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(0, 40), max_size=5),
    st.dictionaries(st.sampled_from("abcde"), st.floats(0.1, 50), min_size=1, max_size=5),
    st.integers(0, 150),
)
def test_balanced_selection__is_as_large_as_it_can_be(
    counts: dict[str, int], targets: dict[str, float], budget: int
) -> None:
    selection = select(labels(**counts), targets, budget)
    usable = sum(count for name, count in counts.items() if targets.get(name))
    assert len(selection.item_keys) == len(set(selection.item_keys)) == min(budget, usable)
    for _, row in selection.table.iterrows():
        assert 0 <= row["taken"] <= row["available"]
        # A class that gives less than its share has nothing left (one item of rounding apart).
        assert row["taken"] >= min(row["available"], row["wanted"]) - 1
    assert selection.table["wanted"].sum() == budget


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 40), min_size=1),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_balanced_selection__without_a_budget_no_class_exceeds_its_target(
    counts: dict[str, int], first: int, second: int
) -> None:
    targets = {"a": float(first), "b": float(second), "c": 1.0}
    result = taken(select(labels(**counts), targets))
    level = min(counts[name] / targets[name] for name in counts)
    for name in counts:
        assert result[name] <= int(np.ceil(level * targets[name] - 1e-9)) + 1e-9
        assert result[name] >= int(level * targets[name] + 1e-9) - 1e-9


@pytest.mark.parametrize(
    ("targets", "budget", "message"),
    [
        ({"a": -1.0}, None, "target of 'a' is -1"),
        ({"a": float("nan")}, None, "target of 'a' is nan"),
        ({"a": 0.0}, None, "no class has a target above 0"),
        ({}, None, "no class has a target above 0"),
        (None, -1, "the budget is -1"),
    ],
)
def test_balanced_selection__wrong_wishes(
    targets: dict[str, float] | None, budget: int | None, message: str
) -> None:
    with pytest.raises(SelectionError, match=message):
        select(labels(a=3), targets, budget)


def test_balanced_selection__wrong_labels() -> None:
    with pytest.raises(SelectionError, match="no column 'class_name'"):
        select(pd.DataFrame({"item_key": ["a"]}))
    with pytest.raises(SelectionError, match="'x' occurs twice"):
        select(pd.DataFrame({"item_key": ["x", "x"], "class_name": ["a", "b"]}))
