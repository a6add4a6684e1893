from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from strategies.contract import Outcome, PoolState
from strategies.shares import FLOOR, label_counts, learn_shares, seek_share, wanted_labels
from tests.strategies.pools import cold_state, group_vectors


def labelled_state(*counts: int, outcomes: tuple[Outcome, ...] = ()) -> PoolState:
    state = cold_state(group_vectors((200,)), names=tuple("abcdef"[: len(counts)]))
    labels = state.labels.copy()
    labels[: sum(counts)] = np.repeat(np.arange(len(counts)), counts)
    return replace(state, labels=labels, closed=labels >= 0, outcomes=outcomes)


def repeated(kind: str, *, got: int, expected: int, times: int) -> tuple[Outcome, ...]:
    return tuple(Outcome(row, kind, got, expected, 1) for row in range(times))


def test_learn_shares__add_up_to_one() -> None:
    shares = learn_shares(labelled_state(30, 2))
    assert shares.discover + shares.balance + shares.refine == pytest.approx(1)


def test_learn_shares__discover_falls_when_it_finds_the_same_class_again() -> None:
    fresh = learn_shares(labelled_state(30, 2)).discover
    tired = learn_shares(
        labelled_state(30, 2, outcomes=repeated("discover", got=0, expected=-1, times=40))
    ).discover
    assert FLOOR <= tired < fresh


def test_learn_shares__discover_rises_when_it_meets_new_classes() -> None:
    news = tuple(Outcome(index, "discover", index, -1, 1) for index in range(6))
    state = labelled_state(30, 1, 1, 1, 1, 1)
    assert learn_shares(replace(state, outcomes=news)).discover > learn_shares(state).discover


def test_learn_shares__skipped_discoveries_do_not_pay() -> None:
    skipped = labelled_state(30, 2, outcomes=repeated("discover", got=-1, expected=-1, times=10))
    assert learn_shares(skipped).discover < learn_shares(labelled_state(30, 2)).discover


def test_learn_shares__balance_follows_whether_its_suggestions_were_right() -> None:
    right = learn_shares(
        labelled_state(30, 2, outcomes=repeated("balance", got=1, expected=1, times=10))
    ).balance
    wrong = learn_shares(
        labelled_state(30, 2, outcomes=repeated("balance", got=0, expected=1, times=10))
    ).balance
    assert FLOOR <= wrong < right


def test_learn_shares__no_balance_when_nothing_lacks() -> None:
    assert learn_shares(labelled_state(25, 25)).balance == 0


def test_learn_shares__old_outcomes_are_forgotten() -> None:
    early_luck = repeated("balance", got=1, expected=1, times=100) + repeated(
        "balance", got=0, expected=1, times=30
    )
    never = repeated("balance", got=0, expected=1, times=30)
    assert (
        learn_shares(labelled_state(30, 2, outcomes=early_luck)).balance
        == learn_shares(labelled_state(30, 2, outcomes=never)).balance
    )


def test_wanted_labels__follow_the_targets_up_to_enough() -> None:
    state = replace(labelled_state(12, 4), targets=np.array([0.25, 0.75], np.float32))
    assert wanted_labels(state, label_counts(state)).tolist() == [4, 12]
    many = labelled_state(100, 60)
    assert wanted_labels(many, label_counts(many)).tolist() == [20, 20]


def test_seek_share__nothing_sought_takes_no_place() -> None:
    assert seek_share(labelled_state(3, 3)) == 0.0


def test_seek_share__everything_at_first_and_less_as_it_fails() -> None:
    state = replace(
        labelled_state(3, 0), seek_scores=np.ones((200, 1), np.float32), seek_classes=np.array([1])
    )
    failed = replace(state, outcomes=repeated("balance", got=0, expected=1, times=30))
    assert seek_share(state) == 1.0
    assert seek_share(failed) < 0.5
