from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from labeling.exports.items import columns_of, labelled_items, names_apart
from labeling.pools.pool import Pool
from tests.labeling.exports.bundles import Make


def test_columns_of__rows_in_any_order(pool_of: Callable[[str], Pool]) -> None:
    found = columns_of(pool_of("table"), [5, 0, 5])
    assert found["size"].tolist() == pytest.approx([5 / 7, 0, 5 / 7])
    assert found["Class_Name"].tolist() == ["é0", "é0", "é0"]


def test_columns_of__pool_without_columns(pool_of: Callable[[str], Pool]) -> None:
    assert columns_of(pool_of("text"), [1, 2]).shape == (2, 0)
    assert columns_of(pool_of("table"), []).shape == (0, 2)


def test_names_apart__taken_ones_are_told_apart() -> None:
    assert names_apart(["a", "Label", "pool_Label"], ["label"]) == {
        "a": "a",
        "Label": "pool_Label",
        "pool_Label": "pool_pool_Label",
    }


def test_labelled_items__are_in_the_order_of_their_keys(make: Make) -> None:
    bundle = make("text")
    items = labelled_items(bundle)
    assert list(items.keys) == sorted(items.keys)
    assert bundle.pool is not None
    np.testing.assert_array_equal(items.rows, bundle.pool.rows(items.keys))
    truth = bundle.labels.set_index("item_key")["class_name"]
    assert [items.class_names[place] for place in items.classes] == truth[list(items.keys)].tolist()
