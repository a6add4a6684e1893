from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from strategies.checks import check_state
from strategies.contract import Outcome
from strategies.errors import StateInvalidError
from tests.strategies.pools import cold_state, group_vectors, taught_state


def test_check_state__good_states_pass() -> None:
    check_state(cold_state(group_vectors((5, 5))))
    check_state(taught_state(group_vectors((50, 5))))


def test_check_state__empty_pool_passes() -> None:
    check_state(cold_state(np.empty((0, 4), np.float32)))


def test_check_state__probabilities_kept_as_float16_pass() -> None:
    state = taught_state(group_vectors((50, 5)), names=tuple("abcdefghijklmnopqrst"))
    assert state.probabilities is not None
    check_state(replace(state, probabilities=state.probabilities.astype(np.float16)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vectors": np.zeros(55, np.float32)}, "shape"),
        ({"vectors": np.zeros((55, 0), np.float32)}, "shape"),
        ({"vectors": np.zeros((55, 3), np.int64)}, "floating-point"),
        ({"labels": np.zeros(3, np.int64)}, "labels have shape"),
        ({"labels": np.full(55, 3)}, "labels run from 3 to 3"),
        ({"labels": np.full(55, -2)}, "labels run from -2"),
        ({"closed": np.zeros(55, np.int64)}, "closed have shape"),
        ({"closed": np.zeros(55, np.bool_)}, "has a label but is not closed"),
        ({"targets": np.array([0.5, 0.2, 0.1], np.float32)}, "targets add up to 0.8"),
        ({"targets": np.array([1.5, -0.5, 0.0], np.float32)}, "least of -0.5"),
        ({"targets": np.array([1.0], np.float32)}, "targets have shape"),
        ({"targets": np.array([np.nan, 0.5, 0.5], np.float32)}, "targets"),
        ({"prior": None}, "without prior"),
        ({"probabilities": np.zeros((55, 3), np.float32)}, "of row 0 add up to 0"),
        ({"probabilities": np.full((55, 2), 0.5, np.float32)}, "probabilities have shape"),
        ({"balanced_probabilities": np.full((55, 3), 2.0, np.float32)}, "run from 2 to 2"),
        ({"disagreement": np.full(55, -1.0, np.float32)}, "disagreement run from -1"),
        ({"outcomes": (Outcome(55, "refine", 0, 0, 1),)}, "not of this pool"),
        ({"outcomes": (Outcome(0, "guess", 0, 0, 1),)}, "kinds are discover"),
        ({"outcomes": (Outcome(0, "refine", 3, 0, 1),)}, "3 classes"),
        ({"seek_scores": np.zeros((55, 1), np.float32)}, "belong together"),
        (
            {"seek_scores": np.zeros((55, 2), np.float32), "seek_classes": np.zeros(1, np.int64)},
            "seek_scores",
        ),
        ({"seek_scores": np.full((55, 1), np.nan), "seek_classes": np.zeros(1, np.int64)}, "hold NaN"),
        ({"seek_scores": np.zeros((55, 1)), "seek_classes": np.full(1, 3)}, "seek_classes run from 3"),
        ({"member_rows": np.arange(2)}, "belong together"),
        (
            {"member_rows": np.zeros(2, np.int64), "member_probabilities": np.full((4, 2, 3), 1 / 3)},
            "distinct",
        ),
        ({"member_rows": np.arange(2), "member_probabilities": np.full((4, 2, 3), 0.2)}, "add up to 0.6"),
    ],
)
def test_check_state__what_is_wrong_is_named(changes: dict[str, object], message: str) -> None:
    state = taught_state(group_vectors((50, 5)))
    with pytest.raises(StateInvalidError, match=message):
        check_state(replace(state, **changes))  # type: ignore[arg-type]
