from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from strategies.contract import Outcome, PoolState
from strategies.registry import strategies
from strategies.seek import MOST_PICKS, NAMELESS_TRIES, seek_picks, seeks_open
from tests.strategies.pools import cold_state, group_vectors, taught_state

SIZES = (200, 200, 200, 8, 8, 8)
NAMES = ("a", "b", "c", "d", "e", "f")


def truth_of(sizes: tuple[int, ...] = SIZES) -> npt.NDArray[np.int64]:
    return np.repeat(np.arange(len(sizes)), sizes).astype(np.int64)


def sought_state(
    classes: tuple[int, ...] = (0, 1, 2, 3, 4, 5), *, about: tuple[int, ...] | None = None
) -> PoolState:
    """Return a pool with one column for each class given: nearness to the class's centre, or to that of `about`."""
    vectors, truth = group_vectors(SIZES), truth_of()
    centres = np.stack([vectors[truth == label].mean(axis=0) for label in about or classes])
    scores = -np.sqrt(((vectors[:, None] - centres[None]) ** 2).sum(axis=2)) / 10
    return replace(
        cold_state(vectors, names=NAMES),
        seek_scores=scores.astype(np.float16),
        seek_classes=np.asarray(classes, np.int64),
    )


def labelled(
    state: PoolState, rows: list[int] | npt.NDArray[np.int64], outcomes: tuple[Outcome, ...] = ()
) -> PoolState:
    labels = state.labels.copy()
    labels[rows] = truth_of()[rows]
    return replace(state, labels=labels, closed=labels >= 0, outcomes=state.outcomes + outcomes)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_seek_picks__first_batch_meets_every_class() -> None:
    picks = seek_picks(sought_state(), 6, generator())
    assert sorted(truth_of()[picks.rows].tolist()) == [0, 1, 2, 3, 4, 5]
    assert truth_of()[picks.rows].tolist() == picks.classes.tolist()


def test_seek_picks__met_classes_are_left_alone() -> None:
    state = labelled(sought_state(), [0, 250, 610])
    picks = seek_picks(state, 9, generator())
    assert set(picks.classes.tolist()) == {2, 3, 5}


def test_seek_picks__reason_names_the_class() -> None:
    picks = seek_picks(sought_state((4,)), 1, generator())
    assert "'e'" in picks.reasons[0]
    assert picks.reasons[0].endswith(".")


def test_seek_picks__several_columns_of_one_class_agree_on_one_turn() -> None:
    state = sought_state((3, 3, 4), about=(3, 0, 4))
    picks = seek_picks(state, 2, generator())
    assert sorted(picks.classes.tolist()) == [3, 4]


def test_seek_picks__lone_seed_is_followed() -> None:
    picks = seek_picks(sought_state((5,)), 3, generator())
    assert (truth_of()[picks.rows[:2]] == 5).all()


def test_seek_picks__criterion_met_by_few_items() -> None:
    mask = np.zeros((len(truth_of()), 1), np.float16)
    mask[[600, 601], 0] = 1.0
    state = replace(
        cold_state(group_vectors(SIZES), names=NAMES),
        seek_scores=mask,
        seek_classes=np.asarray([3], np.int64),
    )
    assert set(seek_picks(state, 2, generator()).rows.tolist()) == {600, 601}


def test_seek_picks__wrong_labels_move_the_search_elsewhere() -> None:
    # The seed of class 3 points at the large class 0; nothing else is said.
    state = sought_state((3,), about=(0,))
    first = seek_picks(state, 10, generator()).rows
    first = first[truth_of()[first] == 0]
    wrong = tuple(Outcome(int(row), "balance", 0, 3, 1) for row in first)
    taught = labelled(state, first, wrong)
    assert truth_of()[seek_picks(state, 1, generator()).rows[0]] == 0
    assert (truth_of()[seek_picks(taught, 4, generator()).rows] != 0).all()


def test_seek_picks__misleading_seed_costs_no_more_than_its_turn() -> None:
    # The seeds of classes 3 and 4 point at large classes, that of 5 is good.
    state = sought_state((3, 4, 5), about=(0, 1, 5))
    picks = seek_picks(state, 9, generator())
    assert np.bincount(picks.classes, minlength=6)[3:].tolist() == [3, 3, 3]


def test_seek_picks__tries_in_vain_let_others_go_first() -> None:
    vain = tuple(Outcome(row, "balance", 0, 3, 1) for row in range(4))
    state = labelled(sought_state((3, 4), about=(0, 1)), np.arange(4), vain)
    assert seek_picks(state, 4, generator()).classes.tolist() == [4, 4, 4, 4]


def test_seek_picks__misleading_seeds_still_meet_what_is_sought() -> None:
    state = sought_state((3, 4, 5), about=(4, 5, 3))
    truth, met = truth_of(), set()
    for number in range(6):
        picks = seek_picks(state, 3, generator(number))
        found = tuple(
            Outcome(int(row), "balance", int(truth[row]), int(label), number)
            for row, label in zip(picks.rows, picks.classes, strict=True)
        )
        state = labelled(state, picks.rows, found)
        met |= set(truth[picks.rows].tolist())
    assert met >= {3, 4, 5}


def test_seek_picks__copies_are_not_offered_one_after_the_other() -> None:
    state = sought_state((3,))
    vectors, scores = state.vectors.copy(), state.seek_scores
    assert scores is not None
    copied = scores.copy()
    vectors[600:604], copied[600:604] = vectors[600], 0.0
    picks = seek_picks(replace(state, vectors=vectors, seek_scores=copied), 3, generator())
    assert np.isin(picks.rows, np.arange(600, 604)).sum() == 1


def test_seek_picks__nothing_sought_nothing_offered() -> None:
    state = cold_state(group_vectors(SIZES), names=NAMES)
    assert seek_picks(state, 5, generator()).rows.size == 0
    empty = replace(state, seek_scores=np.zeros((624, 0), np.float16), seek_classes=np.empty(0, np.int64))
    assert seek_picks(empty, 5, generator()).rows.size == 0


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_seek_picks__seed_that_says_nothing_still_offers_items(value: float) -> None:
    state = replace(sought_state((3,)), seek_scores=np.full((624, 1), value, np.float16))
    assert np.unique(seek_picks(state, 5, generator()).rows).size == 5


def test_seek_picks__never_more_than_are_open() -> None:
    state = sought_state()
    closed = np.ones(624, np.bool_)
    closed[[5, 210]] = False
    assert set(seek_picks(replace(state, closed=closed), 10, generator()).rows.tolist()) == {5, 210}
    assert seek_picks(replace(state, closed=np.ones(624, np.bool_)), 10, generator()).rows.size == 0


def test_seek_picks__large_pool_keeps_the_best_of_each_seed() -> None:
    vectors = group_vectors((9_000, 3, 3))
    truth = truth_of((9_000, 3, 3))
    scores = np.stack([truth == 1, truth == 2], axis=1).astype(np.float16)
    state = replace(
        cold_state(vectors, names=("a", "b", "c")),
        seek_scores=scores,
        seek_classes=np.asarray([1, 2], np.int64),
    )
    assert sorted(truth[seek_picks(state, 2, generator()).rows].tolist()) == [1, 2]


def test_seek_picks__a_thousand_classes() -> None:
    names = tuple(f"class {index}" for index in range(1_000))
    vectors = group_vectors((2_000,))
    scores = np.random.default_rng(1).normal(size=(2_000, 1_000)).astype(np.float16)
    state = replace(
        cold_state(vectors, names=names), seek_scores=scores, seek_classes=np.arange(1_000, dtype=np.int64)
    )
    picks = seek_picks(state, 60, generator())
    assert np.unique(picks.classes).size == 60


def test_seeks_open__until_every_class_sought_has_a_label() -> None:
    state = sought_state((3, 4))
    assert seeks_open(state)
    assert seeks_open(labelled(state, [600]))
    assert not seeks_open(labelled(state, [600, 610]))
    assert not seeks_open(cold_state(group_vectors(SIZES), names=NAMES))


def test_seeks_open__seed_about_no_class_ends_after_some_tries() -> None:
    state = sought_state((-1,), about=(3,))
    picks = seek_picks(state, NAMELESS_TRIES, generator())
    assert picks.classes.tolist() == [-1] * NAMELESS_TRIES
    assert (truth_of()[picks.rows[:2]] == 3).all()
    tried = tuple(Outcome(int(row), "balance", int(truth_of()[row]), -1, 1) for row in picks.rows)
    assert seeks_open(labelled(state, picks.rows[:4], tried[:4]))
    assert not seeks_open(labelled(state, picks.rows, tried))


def test_seek_picks__seeds_about_no_class_take_turns() -> None:
    state = sought_state((-1, -1), about=(3, 4))
    skipped = tuple(Outcome(row, "balance", -1, -1, 1) for row in (600, 601, 602))
    picks = seek_picks(replace(state, outcomes=skipped), 1, generator())
    assert truth_of()[picks.rows].tolist() == [4]


def test_seek__list_goes_on_after_what_is_sought() -> None:
    state = sought_state()
    choice = strategies.get("seek")(state, 624, generator())
    assert choice.kinds[:MOST_PICKS] == ("balance",) * MOST_PICKS
    assert choice.kinds[MOST_PICKS:] == ("discover",) * (624 - MOST_PICKS)


def test_seek__all_met_is_margin_with_a_model_and_density_without() -> None:
    cold = labelled(sought_state(), [0, 200, 400, 600, 608, 616])
    assert set(strategies.get("seek")(cold, 5, generator()).kinds) == {"discover"}
    taught = taught_state(group_vectors(SIZES))
    seek, margin = (strategies.get(name)(taught, 5, generator()) for name in ("seek", "margin"))
    assert seek.indices.tolist() == margin.indices.tolist()


@pytest.mark.parametrize("name", strategies.names())
def test_choice__every_strategy_takes_a_pool_with_seeds(name: str) -> None:
    state = taught_state(group_vectors((60, 30, 10)))
    scores = np.random.default_rng(0).random((100, 3)).astype(np.float16)
    sought = replace(state, seek_scores=scores, seek_classes=np.asarray([0, 2, -1], np.int64))
    first, second = (strategies.get(name)(sought, 30, generator(5)) for _ in range(2))
    assert np.unique(first.indices).size == 30
    assert first.indices.tolist() == second.indices.tolist()
    assert first.reasons == second.reasons
