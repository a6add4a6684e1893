from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.cluster.parted import PartedRows

WHOLE = np.random.default_rng(0).random((50, 4)).astype(np.float32)


class Fetched:
    """Fetches rows of WHOLE, and remembers which."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        assert (np.diff(rows) > 0).all()
        self.rows += rows.tolist()
        return WHOLE[rows]


@pytest.mark.parametrize(
    "index",
    [
        3,
        -1,
        np.int64(7),
        slice(2, 9, 3),
        [5, 5, 1],
        np.array([9, 2, 2, -1]),
        np.arange(50) % 7 == 0,
        (4, 2),
        (np.array([3, 1]), 2),
        (np.array([3, 1]), np.array([0, 3])),
        (np.array([3, 1]), slice(1, 3)),
        (slice(None), 1),
        np.array([[1, 2], [3, 4]]),
        np.empty(0, np.int64),
        [],
    ],
)
def test_parted_rows__indexed_as_the_whole(index: Any) -> None:
    found = PartedRows(WHOLE.shape, Fetched())[index]
    assert np.array_equal(found, WHOLE[index])
    assert np.shape(found) == np.shape(WHOLE[index])


def test_parted_rows__fetches_each_row_once_and_no_others() -> None:
    fetch = Fetched()
    rows = PartedRows(WHOLE.shape, fetch)
    rows[np.array([8, 3, 3])]
    rows[[3, 4]]
    assert rows[8, 1] == WHOLE[8, 1]
    assert fetch.rows == [3, 8, 4]


def test_parted_rows__anything_else_takes_all() -> None:
    rows = PartedRows(WHOLE.shape, Fetched())
    assert np.array_equal(rows.max(axis=1), WHOLE.max(axis=1))
    assert np.array_equal(1.0 - rows, 1.0 - WHOLE)
    assert np.array_equal(np.asarray(rows), WHOLE)
    assert (len(rows), rows.ndim, rows.size, rows.dtype.name) == (50, 2, 200, "float32")


def test_parted_rows__row_out_of_range() -> None:
    with pytest.raises(IndexError, match="there are 50"):
        PartedRows(WHOLE.shape, Fetched())[np.array([50])]
