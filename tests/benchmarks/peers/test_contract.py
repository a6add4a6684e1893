"""The wrapping around a peer: starts, seeds, repeated picks, bad answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.peers.contract import Peer, PeerStrategy, Pick, Request, seeded
from benchmarks.peers.errors import PeerAnswerError
from strategies.checks import check_choice
from strategies.density_start import density_start
from strategies.random_draw import random_draw
from tests.benchmarks.peers.states import make_state


def peer(pick: Pick, *, needs_model: bool = True, needs_labels: bool = False) -> Peer:
    return Peer("made_up", "made-up", "made_up", pick, needs_model, needs_labels)


def first_open(request: Request) -> npt.ArrayLike:
    return request.open_rows[: request.batch]


def test_peer_strategy__meets_the_contract() -> None:
    state = make_state()
    choice = PeerStrategy(peer(first_open))(state, 5, np.random.default_rng(0))
    check_choice(choice, state, 5)
    assert choice.indices.tolist() == [12, 13, 14, 15, 16]


def test_peer_strategy__gives_answers_on_the_classes_with_labels_alone() -> None:
    seen: list[Request] = []

    def look(request: Request) -> npt.ArrayLike:
        seen.append(request)
        return first_open(request)

    PeerStrategy(peer(look))(make_state(labelled=2), 5, np.random.default_rng(0))
    assert seen[0].answers is not None
    assert seen[0].answers.shape == (80, 2)
    assert np.allclose(seen[0].answers.sum(axis=1), 1.0)
    assert seen[0].classes.tolist() == [0, 1]


@pytest.mark.parametrize(("own_start", "expected"), [(True, random_draw), (False, density_start)])
def test_peer_strategy__begins_without_a_model(own_start: bool, expected: object) -> None:
    state = make_state(labelled=0)
    choice = PeerStrategy(peer(first_open), own_start=own_start)(state, 6, np.random.default_rng(3))
    assert callable(expected)
    assert choice.indices.tolist() == expected(state, 6, np.random.default_rng(3)).indices.tolist()


def test_peer_strategy__own_start_of_one_that_needs_nothing() -> None:
    strategy = PeerStrategy(peer(first_open, needs_model=False))
    assert strategy(make_state(labelled=0), 3, np.random.default_rng(0)).indices.tolist() == [0, 1, 2]


def test_peer_strategy__replaces_and_counts_what_was_picked_twice() -> None:
    strategy = PeerStrategy(peer(lambda request: np.repeat(request.open_rows[:1], request.batch)))
    state = make_state()
    choice = strategy(state, 4, np.random.default_rng(0))
    check_choice(choice, state, 4)
    assert strategy.duplicates == 3


@pytest.mark.parametrize("answer", [[0, 13, 14], [12], [12, 13, 80]])
def test_peer_strategy__refuses_rows_that_are_not_open_or_too_few(answer: list[int]) -> None:
    with pytest.raises(PeerAnswerError, match="asked for 3 open rows"):
        PeerStrategy(peer(lambda request: answer))(make_state(), 3, np.random.default_rng(0))


def test_peer_strategy__pool_smaller_than_the_batch() -> None:
    state = make_state(14)
    assert PeerStrategy(peer(first_open))(state, 10, np.random.default_rng(0)).indices.tolist() == [12, 13]


def test_peer_strategy__nothing_open() -> None:
    state = make_state(12)
    assert PeerStrategy(peer(first_open))(state, 10, np.random.default_rng(0)).indices.size == 0


def test_seeded__puts_numpys_state_back() -> None:
    np.random.seed(5)
    expected = np.random.random(3).tolist()
    np.random.seed(5)
    with seeded(1):
        inside = np.random.random()
    assert np.random.random(3).tolist() == expected
    with seeded(1):
        assert np.random.random() == inside
