from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from strategies import ranking
from strategies.contract import Choice, Outcome, PoolState
from strategies.prospect_plan import CLASS_CANDIDATES, _edges_and_members
from strategies.ranking import best_first, margins
from strategies.registry import strategies
from tests.strategies.pools import cold_state, group_vectors, taught_state

BIG, SMALL, UNSEEN = slice(0, 400), slice(400, 420), slice(420, 440)


def confident_state(
    *, names: tuple[str, str] = ("common", "rare"), labelled: tuple[int, int] = (60, 2)
) -> PoolState:
    """Return two labelled groups, of which the model is fairly sure, and a third group that it takes for the first."""
    vectors = group_vectors((400, 20, 20), seed=4)
    state = cold_state(vectors, names=names)
    labels = state.labels.copy()
    labels[: labelled[0]] = 0
    labels[400 : 400 + labelled[1]] = 1
    rare = np.full(440, 0.02, np.float32)
    rare[SMALL] = 0.7
    rare[60:90] = np.linspace(0.45, 0.55, 30)
    shares = np.stack([1 - rare, rare], axis=1)
    return replace(
        state,
        labels=labels,
        closed=labels >= 0,
        probabilities=shares,
        balanced_probabilities=shares,
        disagreement=np.zeros(440, np.float32),
        prior=np.array([0.95, 0.05], np.float32),
    )


def prospect(state: PoolState, batch: int, seed: int = 0) -> Choice:
    return strategies.get("prospect")(state, batch, np.random.default_rng(seed))


def test_prospect__discover_meets_the_group_without_a_label() -> None:
    choice = prospect(confident_state(), 60)
    discovered = [row for row, kind in zip(choice.indices, choice.kinds, strict=True) if kind == "discover"]
    assert UNSEEN.start <= discovered[0] < UNSEEN.stop


def test_prospect__discover_prefers_a_small_group_to_a_lone_outlier() -> None:
    state = confident_state()
    vectors = state.vectors.copy()
    middle = vectors[UNSEEN].mean(axis=0)
    nearest = vectors[BIG].mean(axis=0)
    vectors[200] = nearest - (middle - nearest)  # as far from the labels as the unseen group, and alone
    choice = prospect(replace(state, vectors=vectors), 60)
    discovered = [
        int(row) for row, kind in zip(choice.indices, choice.kinds, strict=True) if kind == "discover"
    ]
    assert UNSEEN.start <= discovered[0] < UNSEEN.stop


def test_prospect__balance_proposes_likely_members_of_the_class_in_need() -> None:
    state = confident_state()
    choice = prospect(state, 60)
    members = [
        (int(row), int(index), reason)
        for row, kind, index, reason in zip(
            choice.indices, choice.kinds, choice.class_indices, choice.reasons, strict=True
        )
        if kind == "balance"
    ]
    row, index, reason = members[0]
    assert state.probabilities is not None
    chance = float(state.probabilities[row, 1])
    assert index == 1
    assert chance > 0.4  # where one item in twenty is of that class
    word = "Likely" if chance >= 0.5 else "Perhaps"
    assert reason == f"{word} 'rare' ({chance:.0%}), a class with 2 of 20 wanted labels.".replace("%)", " %)")


def test_prospect__nothing_to_balance_once_every_class_has_enough() -> None:
    state = confident_state()
    labels = state.labels.copy()
    labels[100:130] = 1
    choice = prospect(replace(state, labels=labels, closed=labels >= 0), 60)
    assert "balance" not in choice.kinds


def test_prospect__refine_names_the_two_classes() -> None:
    choice = prospect(confident_state(), 10)
    refined = [reason for reason, kind in zip(choice.reasons, choice.kinds, strict=True) if kind == "refine"]
    assert refined[0].startswith("Between '")


def test_prospect__kinds_mix_within_the_first_places() -> None:
    met = [set(prospect(confident_state(), 60, seed=seed).kinds[:10]) for seed in range(30)]
    assert sum("discover" in kinds for kinds in met) >= 3
    assert sum("balance" in kinds for kinds in met) >= 3
    assert all("refine" in kinds for kinds in met)


def test_prospect__copies_of_a_boundary_item_are_proposed_once() -> None:
    state = confident_state()
    vectors = state.vectors.copy()
    vectors[60:80] = vectors[60]
    choice = prospect(replace(state, vectors=vectors), 10)
    assert sum(60 <= row < 80 for row in choice.indices) <= 1


def test_prospect__first_places_do_not_depend_on_the_length() -> None:
    short, long = prospect(confident_state(), 10), prospect(confident_state(), 60)
    assert short.indices.tolist() == long.indices[:10].tolist()


def sought_state(*, names: tuple[str, ...] = ("common", "rare", "sought")) -> PoolState:
    """Return a pool without labels in which the third class is sought and its group fits what was said."""
    vectors = group_vectors((400, 20, 20), seed=4)
    scores = np.zeros((440, 1), np.float16)
    scores[UNSEEN] = 1.0
    return replace(cold_state(vectors, names=names), seek_scores=scores, seek_classes=np.array([2]))


def test_prospect__what_is_sought_comes_first_without_a_model() -> None:
    choice = prospect(sought_state(), 10)
    assert UNSEEN.start <= choice.indices[0] < UNSEEN.stop
    assert choice.class_indices[0] == 2
    assert "what you said" in choice.reasons[0]


def test_prospect__what_was_met_is_sought_no_more() -> None:
    state = sought_state()
    labels = state.labels.copy()
    labels[425] = 2
    choice = prospect(replace(state, labels=labels, closed=labels >= 0), 10)
    assert not any("what you said" in reason for reason in choice.reasons)


def test_prospect__seeds_that_failed_get_fewer_places() -> None:
    state = sought_state()
    labels = state.labels.copy()
    labels[:40] = 0
    failed = tuple(Outcome(row, "balance", 0, 2, 1) for row in range(40))
    choice = prospect(replace(state, labels=labels, closed=labels >= 0, outcomes=failed), 20)
    sought = [reason for reason in choice.reasons if "what you said" in reason]
    assert 1 <= len(sought) <= 6


def test_prospect__a_list_with_seeds_begins_like_a_shorter_one() -> None:
    short, long = prospect(sought_state(), 10), prospect(sought_state(), 40)
    assert short.indices.tolist() == long.indices[:10].tolist()


def test_prospect__copies_come_last() -> None:
    state = confident_state()
    vectors = state.vectors.copy()
    vectors[60:400] = vectors[60]
    choice = prospect(replace(state, vectors=vectors), 60)
    assert sum(60 <= row < 400 for row in choice.indices[:20]) <= 1


@pytest.mark.parametrize("part", [1, 37, 440])
def test_prospect__how_the_pool_is_cut_does_not_matter(monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    whole = prospect(confident_state(), 60, seed=3)
    monkeypatch.setattr(ranking, "PART_ROWS", part)
    monkeypatch.setattr(ranking, "LEAST_WAITING", 8)
    cut = prospect(confident_state(), 60, seed=3)
    assert whole.indices.tolist() == cut.indices.tolist()
    assert (whole.kinds, whole.reasons) == (cut.kinds, cut.reasons)


def test_edges_and_members__as_from_the_whole_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "PART_ROWS", 50)
    state = taught_state(group_vectors((300, 200, 100)))
    rows = np.flatnonzero(~state.closed)
    edge, members = _edges_and_members(state, rows, 30, np.array([2, 0]), np.random.default_rng(1))
    generator = np.random.default_rng(1)
    assert state.probabilities is not None
    assert state.balanced_probabilities is not None
    balanced = state.balanced_probabilities[rows]
    expected = [rows[best_first(1.0 - margins(balanced), 30, generator)]]
    for index in (2, 0):
        worth = np.sqrt(state.probabilities[rows, index]) * (1.0 - balanced[:, index])
        expected.append(rows[best_first(worth, CLASS_CANDIDATES, generator)])
    assert [found.tolist() for found in (edge, *members)] == [found.tolist() for found in expected]
