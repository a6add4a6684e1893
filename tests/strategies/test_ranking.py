from __future__ import annotations

import numpy as np
import pytest

from strategies import ranking
from strategies.entropy import relative_entropy
from strategies.ranking import TopRows, best_first, margins, row_parts, top_two


@pytest.mark.parametrize("count", [0, 1, 5, 50, 80])
def test_best_first__highest_in_order(count: int) -> None:
    scores = np.random.default_rng(0).normal(size=50)
    expected = np.argsort(-scores)[:count]
    assert best_first(scores, count, np.random.default_rng(1)).tolist() == expected.tolist()


def test_best_first__equals_at_the_edge_are_drawn() -> None:
    scores = np.array([5.0, 1.0, 1.0, 1.0, 1.0])
    drawn = {tuple(best_first(scores, 2, np.random.default_rng(seed)).tolist()) for seed in range(60)}
    assert drawn == {(0, 1), (0, 2), (0, 3), (0, 4)}


def of_the_whole(scores: np.ndarray, count: int, generator: np.random.Generator) -> list[int]:
    """Return what `best_first` is to find, written down plainly: all at once, ties at the edge drawn."""
    total = scores.shape[0]
    kept = np.arange(total)
    if count < total:
        level = np.sort(scores)[total - count]
        above, equal = np.flatnonzero(scores > level), np.flatnonzero(scores == level)
        kept = np.concatenate([above, generator.choice(equal, count - above.size, replace=False)])
    return kept[np.lexsort((generator.random(kept.size), -scores[kept]))].tolist()


@pytest.mark.parametrize("part", [1, 7, 100, 5_000])
@pytest.mark.parametrize("count", [1, 40, 900, 6_000])
@pytest.mark.parametrize("levels", [1, 3, 10**9])
def test_top_rows__parts_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, part: int, count: int, levels: int
) -> None:
    monkeypatch.setattr(ranking, "LEAST_WAITING", 16)
    scores = np.random.default_rng(part).integers(0, levels, 3_000).astype(np.float32)
    top = TopRows(count)
    for low in range(0, scores.size, part):
        top.add(scores[low : low + part])
    found = top.best(np.random.default_rng(5)).tolist()
    assert found == of_the_whole(scores, count, np.random.default_rng(5))


def test_top_rows__holds_few_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "LEAST_WAITING", 16)
    top = TopRows(10)
    for part in np.random.default_rng(0).random((1_000, 100)):
        top.add(part)
        assert sum(len(scores) for scores in top._scores) <= 200
    assert top.best(np.random.default_rng(0)).size == 10


def test_top_rows__nothing_came() -> None:
    assert TopRows(5).best(np.random.default_rng(0)).size == 0


def test_row_parts__all_rows_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "PART_ROWS", 4)
    parts = list(row_parts(np.arange(10)))
    assert [part.size for part in parts] == [4, 4, 2]
    assert np.concatenate(parts).tolist() == list(range(10))


def test_top_two__equal_to_sorting() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(7), 100).astype(np.float32)
    first, highest, second = top_two(shares)
    ordered = np.sort(shares, axis=1)
    assert np.array_equal(first, shares.argmax(1))
    assert np.array_equal(highest, ordered[:, -1])
    assert np.array_equal(second, ordered[:, -2])


def test_margins__one_class_leads_by_all() -> None:
    assert margins(np.ones((3, 1), np.float32)).tolist() == [1, 1, 1]


def test_relative_entropy__from_certain_to_even() -> None:
    shares = np.array([[1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]], np.float32)
    assert relative_entropy(shares) == pytest.approx([0, 1], abs=1e-4)
