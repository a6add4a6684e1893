from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from labeling.curation.spread import draw_spread


def table(count: int, **columns: Sequence[int]) -> pd.DataFrame:
    return pd.DataFrame({"item_key": [f"i{number:03d}" for number in range(count)], **columns})


def draw(labels: pd.DataFrame, count: int, seed: int = 0) -> list[int]:
    return [int(key[1:]) for key in draw_spread(labels, count, np.random.default_rng(seed))]


def test_draw_spread__the_same_number_from_each_part() -> None:
    parts = [0] * 90 + [1] * 8 + [2] * 2
    drawn = np.asarray(parts)[draw(table(100, subclass=parts), 12)]
    assert np.bincount(drawn).tolist() == [5, 5, 2]


def test_draw_spread__confirmed_labels_come_first() -> None:
    confirmed = [number % 5 == 0 for number in range(50)]
    drawn = draw(table(50, confirmed=confirmed), 10)
    assert drawn == list(range(0, 50, 5))


def test_draw_spread__a_copy_comes_after_everything_else() -> None:
    together = [0] * 10 + list(range(1, 11))
    drawn = draw(table(20, together=together), 11)
    assert len([number for number in drawn if number < 10]) == 1
    assert draw(table(20, together=together), 20) == list(range(20))


def test_draw_spread__the_odd_one_of_several_parts_is_drawn() -> None:
    parts = list(range(4)) * 5
    first = {draw(table(20, subclass=parts), 1, seed)[0] % 4 for seed in range(30)}
    assert first == {0, 1, 2, 3}


def test_draw_spread__nothing_of_nothing() -> None:
    assert draw(table(0), 0) == []
    assert draw(table(5), 0) == []
