from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labeling.curation.vessels import fill_evenly


def test_fill_evenly__what_runs_out_gives_all() -> None:
    assert fill_evenly(np.array([10, 2, 10]), 12).tolist() == [5, 2, 5]
    assert fill_evenly(np.array([3, 0]), 0).tolist() == [0, 0]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.floats(0, 1))
def test_fill_evenly__sums_to_the_total_and_differs_by_one(have: list[int], share: float) -> None:
    total = int(share * sum(have))
    given_ = fill_evenly(np.array(have), total)
    assert given_.sum() == total
    assert (given_ <= have).all()
    unfinished = given_[given_ < have]
    assert not len(unfinished) or unfinished.min() >= given_.max() - 1
