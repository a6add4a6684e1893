from __future__ import annotations

from app.visited import VISITED_MAX, Visited


def test_add__newest_first_and_each_once() -> None:
    visited = Visited()
    assert [visited.add(row) for row in (3, 5, 3, 3, -1)] == [True, True, True, False, False]
    assert visited.rows == (3, 5)


def test_add__the_oldest_are_forgotten() -> None:
    visited = Visited()
    for row in range(VISITED_MAX + 5):
        visited.add(row)
    assert (len(visited.rows), visited.rows[0], visited.rows[-1]) == (VISITED_MAX, VISITED_MAX + 4, 5)
