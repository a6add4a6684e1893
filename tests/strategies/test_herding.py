from __future__ import annotations

import numpy as np
import pytest

from strategies.herding import Herd, alike_width, usual_distance


def herd(
    points: list[list[float]], *, mass: list[float] | None = None, seen: list[list[float]] | None = None
) -> Herd:
    array = np.asarray(points, np.float32)
    weights = np.ones(len(points), np.float32) if mass is None else np.asarray(mass, np.float32)
    looked_at = np.asarray(seen, np.float32).reshape(-1, array.shape[1]) if seen else array[:0]
    return Herd(array, array, weights, looked_at)


def walk(walked: Herd, count: int, total: int) -> list[int]:
    taken = np.zeros(total, bool)
    picks = []
    for _ in range(count):
        position = walked.best(taken, np.random.default_rng(0))
        taken[position] = True
        walked.take(position)
        picks.append(position)
    return picks


def test_best__the_middle_of_a_dense_group_comes_first() -> None:
    points = [[0.0], [0.9], [1.0], [1.1], [2.0], [50.0]]
    assert walk(herd(points, seen=[[90.0], [91.0]]), 1, 6) == [2]


def test_best__the_next_group_follows_rather_than_a_neighbour() -> None:
    points = [[0.0], [0.1], [0.2], [9.0], [9.1]]
    first, second = walk(herd(points), 2, 5)
    assert {first <= 2, second <= 2} == {True, False}


def test_best__mass_outweighs_numbers() -> None:
    points = [[0.0], [0.1], [0.2], [9.0], [9.1]]
    assert walk(herd(points, mass=[0.1, 0.1, 0.1, 1.0, 0.9]), 1, 5)[0] == 3


def test_best__what_was_looked_at_counts_as_covered() -> None:
    points = [[0.0], [0.1], [0.2], [9.0], [9.1]]
    assert walk(herd(points, seen=[[0.1], [0.15]]), 1, 5)[0] >= 3


def test_best__lazy_gains_are_those_of_a_full_search() -> None:
    generator = np.random.default_rng(3)
    points = generator.normal(size=(300, 4)).astype(np.float32)
    mass = generator.random(300).astype(np.float32)
    walked = Herd(points, points, mass, points[:20])
    alike = np.exp(-np.square(points[:, None] - points[None]).sum(2) / walked.width)
    covered = alike[:20].max(axis=0)
    expected: list[int] = []
    for _ in range(40):
        gains = np.maximum(alike - covered, 0.0) @ mass
        gains[expected] = -1.0
        expected.append(int(gains.argmax()))
        covered = np.maximum(covered, alike[expected[-1]])
    assert walk(walked, 40, 300) == expected


def test_best__goes_on_when_nothing_is_left_to_cover() -> None:
    points = [[1.0]] * 4
    assert sorted(walk(herd(points, seen=[[1.0]]), 4, 4)) == [0, 1, 2, 3]


def test_alike_width__shrinks_as_labels_get_dense() -> None:
    targets = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    assert alike_width(targets[:100], targets) < alike_width(targets[:5], targets)


def test_alike_width__copies_looked_at_fall_back_on_the_targets() -> None:
    targets = np.arange(20, dtype=np.float32)[:, None]
    assert alike_width(np.zeros((5, 1), np.float32), targets) == pytest.approx(usual_distance(targets, 10))


def test_usual_distance__copies_alone_give_what_was_asked_for() -> None:
    assert usual_distance(np.ones((5, 2), np.float32), 3, otherwise=7.0) == 7.0
