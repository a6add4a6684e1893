"""Which points lie inside a lasso, beside matplotlib-free reference answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from app.components.raster_select import MOST_VERTICES, rows_inside

GRID = np.stack(np.meshgrid(np.arange(40), np.arange(40)), axis=-1).reshape(-1, 2).astype(np.float32)


def crossings(
    points: npt.NDArray[np.floating], xs: npt.NDArray[np.floating], ys: npt.NDArray[np.floating]
) -> list[int]:
    """Return the rows inside by the even-odd rule, one point and edge at a time."""
    found = []
    for row, (x, y) in enumerate(points.astype(np.float64)):
        inside = False
        for one in range(len(xs)):
            other = (one + 1) % len(xs)
            if (ys[one] > y) != (ys[other] > y):
                inside ^= bool(x < (xs[other] - xs[one]) * (y - ys[one]) / (ys[other] - ys[one]) + xs[one])
        if inside:
            found.append(row)
    return found


def test_rows_inside__a_rectangle() -> None:
    found = rows_inside(GRID, np.array([1.5, 4.5, 4.5, 1.5]), np.array([2.5, 2.5, 4.5, 4.5]))
    assert GRID[found].tolist() == [[x, y] for y in (3, 4) for x in (2, 3, 4)]


@pytest.mark.parametrize("seed", range(5))
def test_rows_inside__any_line_that_crosses_itself(seed: int) -> None:
    generator = np.random.default_rng(seed)
    xs, ys = generator.uniform(-5, 45, (2, 30))
    points = generator.uniform(0, 40, (500, 2)).astype(np.float32)
    assert rows_inside(points, xs, ys).tolist() == crossings(points, xs, ys)


def test_rows_inside__a_line_of_a_hundred_thousand_points_is_thinned() -> None:
    turn = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    found = rows_inside(GRID, 20 + 10 * np.cos(turn), 20 + 10 * np.sin(turn))
    distances = np.linalg.norm(GRID - 20, axis=1)
    assert (
        set(np.flatnonzero(distances < 9.99)) <= set(found.tolist()) <= set(np.flatnonzero(distances <= 10))
    )
    assert len(turn) > MOST_VERTICES


@pytest.mark.parametrize("xs", [[], [1.0], [1.0, 2.0], [1.0, np.nan, 2.0], [1.0, np.inf, 2.0]])
def test_rows_inside__a_line_that_is_none_holds_nothing(xs: list[float]) -> None:
    assert rows_inside(GRID, np.array(xs), np.array(xs)).size == 0


def test_rows_inside__a_line_without_height() -> None:
    assert rows_inside(GRID, np.array([1.0, 9.0, 5.0]), np.array([3.0, 3.0, 3.0])).size == 0


def test_rows_inside__points_without_a_place_are_in_no_lasso() -> None:
    points = np.array([[1, 1], [np.nan, 1], [1, np.inf]], np.float32)
    assert rows_inside(points, np.array([0.0, 2.0, 2.0, 0.0]), np.array([0.0, 0.0, 2.0, 2.0])).tolist() == [0]


def test_rows_inside__lengths_that_differ() -> None:
    with pytest.raises(ValueError, match="as many of each"):
        rows_inside(GRID, np.zeros(3), np.zeros(4))
