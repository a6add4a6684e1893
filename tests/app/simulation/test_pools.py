from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.simulation.errors import LabelledPoolError
from app.simulation.pools import LabelledItems, SeekScores, long_tail, needles, profile, tail_sizes
from tests.app.simulation.pools import blobs, small_pool


def numbered(sizes: tuple[int, ...]) -> LabelledItems:
    """Items whose only number is their row, so that they can be followed."""
    truth = np.repeat(np.arange(len(sizes)), sizes).astype(np.int64)
    vectors = np.arange(truth.size, dtype=np.float32)[:, None]
    return LabelledItems("numbered", vectors, truth, tuple("abcdefgh"[: len(sizes)]))


def test_tail_sizes__fall_geometrically() -> None:
    assert tail_sizes(100, 100.0, 3) == [100, 10, 1]


def test_tail_sizes__never_below_one() -> None:
    assert min(tail_sizes(5, 1000.0, 4)) == 1


def test_profile__gives_each_class_its_size() -> None:
    pool = profile(numbered((50, 50, 50)), (20, 10, 5), seed=0, held_out_each=10, shuffle=False)
    assert pool.sizes.tolist() == [20, 10, 5]


def test_profile__held_out_is_balanced_and_apart_from_the_pool() -> None:
    pool = profile(numbered((50, 50, 50)), (50, 50, 50), seed=0, held_out_each=10)
    assert np.bincount(pool.held_out_truth).tolist() == [10, 10, 10]
    assert not set(pool.held_out[:, 0]) & set(pool.vectors[:, 0])


def test_profile__truth_stays_with_its_item() -> None:
    items = numbered((50, 30, 20))
    pool = profile(items, (20, 20, 10), seed=3)
    assert (items.truth[pool.vectors[:, 0].astype(int)] == pool.truth).all()


def test_profile__same_seed_same_pool() -> None:
    first, second = (profile(blobs(), (9, 8, 7), seed=4) for _ in range(2))
    assert (first.vectors == second.vectors).all() and (first.held_out == second.held_out).all()


def test_profile__the_seed_decides_which_class_is_large() -> None:
    largest = {
        int(profile(numbered((50,) * 6), (20, 9, 8, 7, 6, 5), seed=seed).sizes.argmax()) for seed in range(12)
    }
    assert len(largest) > 2


def test_profile__a_class_with_one_item_stays_in_the_pool() -> None:
    pool = profile(numbered((50, 1)), (50, 50), seed=0, shuffle=False)
    assert pool.sizes[1] == 1
    assert set(pool.held_out_truth) == {0}


def test_profile__nothing_to_hold_out_is_refused() -> None:
    with pytest.raises(LabelledPoolError, match="no class has two items"):
        profile(numbered((1, 1)), (1, 1), seed=0)


def test_profile__held_out_that_comes_apart_is_used() -> None:
    items = replace(
        numbered((20, 20)),
        held_out=np.full((8, 1), 99, np.float32),
        held_out_truth=np.repeat([0, 1], 4).astype(np.int64),
    )
    pool = profile(items, (20, 20), seed=0, held_out_each=3, shuffle=False)
    assert pool.sizes.tolist() == [20, 20]
    assert (pool.held_out == 99).all() and len(pool.held_out) == 6


def test_profile__named_classes_get_the_smallest_sizes() -> None:
    for seed in range(5):
        pool = profile(numbered((50,) * 4), (30, 20, 3, 2), seed=seed, rare=("b", "d"))
        assert sorted(pool.sizes[[1, 3]].tolist()) == [2, 3]
        assert pool.rare_classes.tolist() == [1, 3]


def test_profile__unknown_rare_class_lists_the_known_ones() -> None:
    with pytest.raises(LabelledPoolError, match=r"'z'.*a, b"):
        profile(numbered((9, 9)), (9, 9), seed=0, rare=("z",))


def test_profile__wrong_number_of_sizes_is_refused() -> None:
    with pytest.raises(LabelledPoolError, match="1 class sizes for 2 classes"):
        profile(numbered((9, 9)), (9,), seed=0)


def test_profile__seeds_follow_their_items() -> None:
    items = numbered((20, 20))
    items = replace(items, seeds=SeekScores(items.vectors * 2, np.array([1], np.int64)))
    pool = profile(items, (10, 10), seed=0)
    assert pool.seeds is not None
    assert (pool.seeds.scores == pool.vectors * 2).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vectors": np.full((6, 1), np.nan, np.float32)}, "NaN"),
        ({"truth": np.zeros(6, np.int64)}, "one class"),
        ({"truth": np.full(6, 7, np.int64)}, "from 0 to 1"),
        ({"held_out": np.zeros((1, 1), np.float32)}, "belong together"),
    ],
)
def test_profile__unusable_items_are_refused(change: dict[str, object], words: str) -> None:
    items = replace(numbered((3, 3)), **change)  # type: ignore[arg-type]
    with pytest.raises(LabelledPoolError, match=words):
        profile(items, (3, 3), seed=0)


def test_long_tail__has_the_ratio() -> None:
    sizes = np.sort(long_tail(numbered((200,) * 3), ratio=25.0, seed=0, held_out_each=50).sizes)
    assert sizes.tolist() == [6, 30, 150]


@pytest.mark.parametrize("ratio", [0.5, float("inf"), float("nan")])
def test_long_tail__impossible_ratio_is_refused(ratio: float) -> None:
    with pytest.raises(LabelledPoolError, match="ratio"):
        long_tail(blobs(), ratio=ratio, seed=0)


def test_needles__drawn_classes_get_few_items_and_alone_are_rare() -> None:
    pool = needles(numbered((50,) * 6), seed=1, classes=2, each=5)
    assert np.sort(pool.sizes).tolist() == [5, 5, 25, 25, 25, 25]
    assert (pool.sizes[pool.rare_classes] == 5).all() and len(pool.rare_classes) == 2


def test_needles__named() -> None:
    pool = needles(numbered((50,) * 4), seed=1, each=3, names=("c",))
    assert pool.sizes[2] == 3 and pool.rare_classes.tolist() == [2]


def test_needles__others_are_joined() -> None:
    pool = needles(numbered((50,) * 8), seed=1, classes=2, each=5, groups=3)
    assert len(pool.class_names) == 5 and pool.sizes.tolist() == [5, 5, 70, 70, 70]
    assert pool.class_names[2:] == ("others 1", "others 2", "others 3")
    assert pool.rare_classes.tolist() == [0, 1]


def test_needles__more_than_there_are_classes_is_refused() -> None:
    with pytest.raises(LabelledPoolError, match="give 1 to 3"):
        needles(numbered((9,) * 4), seed=0, classes=4)


def test_rare_classes__small_share_or_smallest() -> None:
    assert small_pool().rare_classes.tolist() == [2]


def test_profile__what_was_said_in_words_stays_whole() -> None:
    items = numbered((20, 20))
    points = np.array([[3.0], [5.0]], np.float32)
    items = replace(
        items, seeds=SeekScores(np.zeros((40, 2), np.float32), np.array([1, 0], np.int64), points)
    )
    pool = profile(items, (10, 5), seed=0)
    assert pool.seeds is not None and pool.seeds.vectors is not None
    assert pool.seeds.scores.shape == (15, 2)
    assert np.array_equal(pool.seeds.vectors, points) and pool.seeds.classes.tolist() == [1, 0]


def test_needles__names_of_classes_that_are_joined_are_names_of_the_group() -> None:
    items = numbered((50,) * 4)
    points = np.arange(5, dtype=np.float32)[:, None]
    classes = np.array([0, 1, 2, 3, -1], np.int64)
    items = replace(items, seeds=SeekScores(np.zeros((200, 5), np.float32), classes, points))
    pool = needles(items, seed=1, each=3, names=("c",), groups=1)
    assert pool.seeds is not None and pool.seeds.vectors is not None
    assert pool.seeds.classes.tolist() == [1, 1, 0, 1, -1]
    assert np.array_equal(pool.seeds.vectors, points)
