from __future__ import annotations

import numpy as np

from app.components.map_filter import EVERYTHING, WITHOUT, MapFilter, shown_positions
from app.components.map_picture import class_layer, frozen, value_layer

PLACES = frozen(np.arange(12, dtype=np.float32).reshape(6, 2))
CLASSES = class_layer(np.array([0, 1, 2, -1, 9, 1], np.int16), ["#112233"] * 3, ["a", "b", "c"])
VALUES = value_layer(np.array([0.0, 0.25, 0.5, 0.75, 1.0, np.nan], np.float32), "u")


def rows(layer: object, chosen: MapFilter) -> list[int]:
    shown = shown_positions(PLACES, layer, chosen)  # type: ignore[arg-type]
    return np.flatnonzero(np.isfinite(shown).all(axis=1)).tolist()


def test_shown_positions__everything_is_the_same_array() -> None:
    for layer in (CLASSES, VALUES):
        assert shown_positions(PLACES, layer, EVERYTHING) is PLACES
        assert shown_positions(PLACES, layer, MapFilter(frozenset({"gone"}))) is PLACES


def test_shown_positions__without_some_classes() -> None:
    assert rows(CLASSES, MapFilter(frozenset({"b"}))) == [0, 2, 3, 4]
    assert rows(CLASSES, MapFilter(frozenset({"a", "c"}))) == [1, 3, 4, 5]


def test_shown_positions__without_items_that_have_none() -> None:
    assert rows(CLASSES, MapFilter(frozenset({WITHOUT}))) == [0, 1, 2, 5]
    assert rows(VALUES, MapFilter(frozenset({WITHOUT}))) == [0, 1, 2, 3, 4]


def test_shown_positions__a_part_of_the_ramp() -> None:
    assert rows(VALUES, MapFilter(low=0.2, high=0.8)) == [1, 2, 3, 5]
    assert rows(VALUES, MapFilter(frozenset({WITHOUT}), low=0.5)) == [2, 3, 4]


def test_shown_positions__changes_no_input() -> None:
    before = PLACES.copy()
    shown = shown_positions(PLACES, CLASSES, MapFilter(frozenset({"a"})))
    np.testing.assert_array_equal(PLACES, before)
    assert shown.dtype == np.float32
    assert not shown.flags.writeable
