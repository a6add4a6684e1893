from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models.errors import SeekInvalidError
from models.seeking import criterion_scores, examples_scores, join_columns, words_scores


def pool_vectors(items: int = 200, dimensions: int = 8) -> npt.NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(items, dimensions)).astype(np.float32)


def test_words_scores__nearest_direction_is_highest() -> None:
    vectors = pool_vectors()
    scores = words_scores(vectors, vectors[[3, 7]] * 5.0)
    assert scores.dtype == np.float16
    assert scores.argmax(axis=0).tolist() == [3, 7]
    assert abs(float(scores[3, 0]) - 1.0) < 1e-3


def test_words_scores__unreadable_items_are_zero() -> None:
    vectors = pool_vectors()
    vectors[5] = 0.0
    assert words_scores(vectors, vectors[:2])[5].tolist() == [0.0, 0.0]


def test_words_scores__memory_map_in_chunks(tmp_path: Path) -> None:
    vectors = pool_vectors(40_000, 4)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert words_scores(mapped, vectors[39_999:]).argmax() == 39_999


def test_words_scores__text_the_encoder_does_not_know() -> None:
    words = np.concatenate([pool_vectors(1), np.zeros((1, 8), np.float32)])
    with pytest.raises(SeekInvalidError, match="text 2 of 2"):
        words_scores(pool_vectors(), words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (np.zeros((0, 8), np.float32), "at least 1, 8"),
        (np.ones((1, 7), np.float32), "at least 1, 8"),
        (np.ones(8, np.float32), "at least 1, 8"),
        (np.full((1, 8), np.nan, np.float32), "NaN"),
    ],
)
def test_words_scores__wrong_shapes_and_numbers(words: npt.NDArray[np.float32], message: str) -> None:
    with pytest.raises(SeekInvalidError, match=message):
        words_scores(pool_vectors(), words)


def test_examples_scores__nearest_items_first() -> None:
    vectors = pool_vectors()
    scores = examples_scores(vectors, vectors[[10]]).astype(np.float32)
    order = np.argsort(-scores, kind="stable")
    nearest = np.argsort(((vectors - vectors[10]) ** 2).sum(axis=1), kind="stable")
    assert order[:5].tolist() == nearest[:5].tolist()
    assert scores[10] == pytest.approx(1.0, abs=1e-3)


def test_examples_scores__several_examples_each_have_neighbours() -> None:
    vectors = pool_vectors()
    scores = examples_scores(vectors, vectors[[10, 20]])
    assert set(np.argsort(-scores.astype(np.float32))[:2].tolist()) == {10, 20}


def test_examples_scores__units_do_not_matter() -> None:
    vectors = pool_vectors()
    small = examples_scores(vectors, vectors[[10]])
    large = examples_scores(vectors * 1_000 + 50, vectors[[10]] * 1_000 + 50)
    assert np.allclose(small.astype(np.float32), large.astype(np.float32), atol=5e-3)


def test_examples_scores__constant_vectors_are_finite() -> None:
    vectors = np.full((30, 4), 2.5, np.float32)
    assert np.isfinite(examples_scores(vectors, vectors[:1])).all()


def test_examples_scores__unreadable_item_and_example() -> None:
    vectors = pool_vectors()
    vectors[5] = 0.0
    assert examples_scores(vectors, vectors[[1]])[5] == 0.0
    with pytest.raises(SeekInvalidError, match="unreadable"):
        examples_scores(vectors, vectors[[5]])


def test_criterion_scores__mask() -> None:
    mask = np.array([True, False, True])
    assert criterion_scores(mask, rows=3).tolist() == [1.0, 0.0, 1.0]


def test_criterion_scores__graded_keeps_the_order_of_any_tail() -> None:
    values = np.array([1e30, -1e30, 0.0, np.nan, np.inf, 0.0])
    scores = criterion_scores(values, rows=6)
    assert np.isfinite(scores).all()
    assert scores[3] == 0.0
    assert scores[2] == scores[5]
    assert scores[4] > scores[0] > scores[2] > scores[1] > 0.0


def test_criterion_scores__best_stand_out() -> None:
    scores = criterion_scores(np.arange(1_000.0), rows=1_000).astype(np.float32)
    assert (scores.max() - scores.mean()) / scores.std() > 5.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(4, np.bool_), "each of the 3 items"),
        (np.zeros(3, np.int64), "int64"),
        (np.full(3, np.nan), "unknown for every item"),
    ],
)
def test_criterion_scores__refused(values: npt.NDArray[np.generic], message: str) -> None:
    with pytest.raises(SeekInvalidError, match=message):
        criterion_scores(values, rows=3)


def test_join_columns__classes_follow_their_columns() -> None:
    words = np.zeros((4, 2), np.float16)
    mask = np.ones(4, np.float16)
    columns = join_columns([(words, 3), (mask, -1)], rows=4)
    assert columns.scores.shape == (4, 3)
    assert columns.classes.tolist() == [3, 3, -1]


def test_join_columns__nothing_sought() -> None:
    columns = join_columns([], rows=4)
    assert columns.scores.shape == (4, 0)
    assert columns.classes.size == 0


@pytest.mark.parametrize("part", [np.zeros(3, np.float16), np.full(4, np.nan, np.float16)])
def test_join_columns__refused(part: npt.NDArray[np.float16]) -> None:
    with pytest.raises(SeekInvalidError, match="column 1"):
        join_columns([(part, 0)], rows=4)
