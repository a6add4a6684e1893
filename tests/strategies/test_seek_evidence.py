from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from strategies import seek_evidence
from strategies.contract import PoolState
from strategies.seek_evidence import ALL_ROWS, CANDIDATES_A_SEED, LARGEST_SCORE, RANDOM_CANDIDATES, weigh
from tests.strategies.pools import cold_state, group_vectors


def state_of(scores: npt.NDArray[np.floating], classes: list[int], *, labels: dict[int, int]) -> PoolState:
    state = cold_state(
        group_vectors((len(scores) // 2, len(scores) - len(scores) // 2)), names=("a", "b", "c")
    )
    given = state.labels.copy()
    for row, label in labels.items():
        given[row] = label
    return replace(
        state, labels=given, closed=given >= 0, seek_scores=scores, seek_classes=np.asarray(classes, np.int64)
    )


def weighed(state: PoolState, wanted: list[int]) -> seek_evidence.Evidence:
    rows = np.flatnonzero(~state.closed)
    return weigh(state, rows, np.asarray(wanted, np.int64), np.random.default_rng(0))


def random_scores(items: int, columns: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(items, columns)).astype(np.float32)


def test_weigh__chances_leave_room_for_nothing_that_was_said() -> None:
    evidence = weighed(state_of(random_scores(100, 2), [0, 1], labels={3: 0, 60: 1}), [0, 1])
    total = np.exp(evidence.chances).sum(axis=1)
    assert (total > 0).all()
    assert (total < 1).all()


def test_weigh__units_of_a_column_do_not_matter() -> None:
    scores = random_scores(100, 2)
    plain = weighed(state_of(scores, [0, 1], labels={3: 0}), [0, 1])
    other = weighed(
        state_of(
            scores * np.asarray([50.0, 0.1], np.float32) - np.asarray([9.0, 2.0], np.float32),
            [0, 1],
            labels={3: 0},
        ),
        [0, 1],
    )
    assert np.allclose(plain.chances, other.chances, atol=1e-2)


def test_weigh__a_class_has_the_best_of_its_columns() -> None:
    scores = np.zeros((100, 2), np.float32)
    scores[4, 0], scores[5, 1] = 1.0, 1.0
    evidence = weighed(state_of(scores, [2, 2], labels={}), [0, 1])
    assert evidence.classes.tolist() == [2]
    assert set(np.argsort(-evidence.seeds[:, 0])[:2].tolist()) == {4, 5}


def test_weigh__labels_of_a_class_not_sought_explain_their_surroundings() -> None:
    scores = np.zeros((100, 1), np.float32)
    scores[[10, 80], 0] = 1.0
    before = weighed(state_of(scores, [0], labels={}), [0])
    after = weighed(state_of(scores, [0], labels=dict.fromkeys(range(20, 50), 2)), [0])

    def chance(evidence: seek_evidence.Evidence, row: int) -> float:
        return float(evidence.chances[np.flatnonzero(evidence.rows == row)[0], 0])

    # Row 10 lies in the group of the labels, row 80 in the other.
    assert chance(before, 10) == pytest.approx(chance(before, 80))
    assert chance(after, 10) < chance(after, 80)


def test_weigh__one_outlier_does_not_count_for_all() -> None:
    scores = random_scores(100, 1)
    scores[7] = 1e6
    assert weighed(state_of(scores, [0], labels={}), [0]).seeds.max() <= LARGEST_SCORE


def test_weigh__large_pool_has_few_candidates_with_the_best_of_each_seed() -> None:
    scores = random_scores(2 * ALL_ROWS, 3)
    evidence = weighed(state_of(scores, [0, 1, 2], labels={}), [0, 2])
    assert evidence.rows.size <= 2 * CANDIDATES_A_SEED + RANDOM_CANDIDATES
    assert {int(scores[:, 0].argmax()), int(scores[:, 2].argmax())} <= set(evidence.rows.tolist())


def test_weigh__more_labels_than_are_read() -> None:
    labels = dict.fromkeys(range(900), 0) | {950: 1}
    evidence = weighed(state_of(random_scores(1_000, 1), [2], labels=labels), [0])
    assert evidence.classes.tolist() == [0, 1, 2]
    assert np.isfinite(evidence.chances).all()


def test_weigh__rare_criterion_between_the_rows_read_for_the_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seek_evidence, "MOST_NUMBERS", 100)
    mask = np.zeros((1_000, 1), np.float16)
    mask[333] = 1.0
    evidence = weighed(state_of(mask, [0], labels={}), [0])
    assert evidence.seeds[:, 0].max() == LARGEST_SCORE
