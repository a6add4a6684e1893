from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from strategies import epig as module
from strategies.contract import Choice, PoolState
from strategies.epig import (
    draw_targets,
    exact_gains,
    expected_gains,
    second_order_gains,
    spread_out,
    without_copies,
)
from strategies.registry import strategies
from tests.strategies.pools import cold_state, group_vectors, members_state, taught_state


def answers(
    members: int, items: int, classes: int, *, spread: float, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Return members' answers that agree more or less, (members, items, classes)."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(1, items, classes)) * 2
    logits = logits + spread * generator.normal(size=(members, items, classes)) * generator.random((items, 1))
    chances = np.exp(logits)
    return (chances / chances.sum(axis=2, keepdims=True)).astype(np.float32)


def by_hand(candidates: npt.NDArray[np.float32], targets: npt.NDArray[np.float32]) -> list[float]:
    """Return the mean mutual information, pair by pair, from the joint distribution written out."""
    gains = []
    for x in range(candidates.shape[1]):
        total = 0.0
        for target in range(targets.shape[1]):
            left, right = candidates[:, x].astype(float), targets[:, target].astype(float)
            joint = left.T @ right / len(left)
            apart = np.outer(left.mean(axis=0), right.mean(axis=0))
            total += float((joint * np.log(joint / apart)).sum())
        gains.append(total / targets.shape[1])
    return gains


def groups_state(
    members: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32], **parts: object
) -> PoolState:
    """Return a pool of two classes without labels whose members answered on all rows."""
    mean = members.mean(axis=0)
    own = -(members * np.log(members)).sum(axis=2).mean(axis=0)
    state = replace(
        cold_state(vectors, names=("common", "rare")),
        probabilities=mean,
        balanced_probabilities=mean,
        disagreement=np.maximum(-(mean * np.log(mean)).sum(axis=1) - own, 0).astype(np.float32),
        prior=mean.mean(axis=0),
        member_rows=np.arange(len(mean)),
        member_probabilities=members,
    )
    return replace(state, **parts)  # type: ignore[arg-type]


def choose(state: PoolState, batch: int, seed: int = 7) -> Choice:
    return strategies.get("epig")(state, batch, np.random.default_rng(seed))


@pytest.mark.parametrize("chunk", [1, 1 << 19], ids=["one at a time", "all at once"])
def test_exact_gains__are_the_mutual_information_of_the_pairs(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_ENTRIES", chunk)
    candidates, targets = answers(4, 7, 3, spread=3.0), answers(4, 5, 3, spread=3.0, seed=1)
    np.testing.assert_allclose(exact_gains(candidates, targets), by_hand(candidates, targets), atol=1e-5)


def test_exact_gains__members_of_one_mind_gain_nothing() -> None:
    alike = np.repeat(answers(1, 6, 3, spread=0.0), 4, axis=0)
    assert exact_gains(alike, alike).max() < 1e-6


def test_exact_gains__certain_answers_of_two_minds() -> None:
    """Two members that say the opposite for certain: either label tells the other's, one bit."""
    sure = np.array([[[1.0, 0.0]], [[0.0, 1.0]]], np.float32)
    assert exact_gains(sure, sure) == pytest.approx([np.log(2)], abs=1e-6)


@pytest.mark.parametrize("classes", [2, 10, 40])
def test_second_order_gains__rank_as_the_exact_ones(classes: int) -> None:
    candidates = answers(8, 200, classes, spread=1.5)
    targets = answers(8, 60, classes, spread=1.5, seed=1)
    rough, exact = second_order_gains(candidates, targets), exact_gains(candidates, targets)
    order, due = np.argsort(np.argsort(rough)), np.argsort(np.argsort(exact))
    assert np.corrcoef(order, due)[0, 1] > 0.99


def test_second_order_gains__are_near_the_exact_ones_where_members_nearly_agree() -> None:
    candidates, targets = answers(6, 30, 4, spread=0.3), answers(6, 30, 4, spread=0.3, seed=1)
    np.testing.assert_allclose(
        second_order_gains(candidates, targets), exact_gains(candidates, targets), rtol=0.1, atol=1e-6
    )


def test_gains__a_class_without_labels_changes_nothing() -> None:
    candidates, targets = answers(4, 9, 3, spread=1.0), answers(4, 9, 3, spread=1.0, seed=1)
    wider = [
        np.concatenate([part, np.zeros((4, 9, 1), np.float32)], axis=2) for part in (candidates, targets)
    ]
    for measure in (second_order_gains, exact_gains):
        np.testing.assert_allclose(measure(*wider), measure(candidates, targets), atol=1e-6)


def test_expected_gains__many_classes_are_measured_to_second_order(monkeypatch: pytest.MonkeyPatch) -> None:
    state = members_state(group_vectors((80, 20)))
    places, targets = np.arange(50), np.arange(40)
    assert state.member_probabilities is not None
    exact_places, exact = expected_gains(state, places, targets, due=5)
    monkeypatch.setattr(module, "EXACT_ENTRIES", 50 * 40 * 9 - 1)
    rough_places, rough = expected_gains(state, places, targets, due=5)
    assert sorted(exact_places) == sorted(rough_places)
    assert not np.allclose(exact, rough[exact_places], rtol=1e-3)
    np.testing.assert_array_equal(
        rough, second_order_gains(state.member_probabilities[:, :50], state.member_probabilities[:, :40])
    )


def test_draw_targets__every_class_has_an_equal_share() -> None:
    rare = np.arange(1_000) >= 980
    shares = np.where(rare[:, None], [0.02, 0.98], [0.98, 0.02]).astype(np.float32)
    members = np.repeat(shares[None], 2, axis=0)
    state = groups_state(
        members, group_vectors((1_000,)), probabilities=np.where(rare[:, None], [0, 1], [1, 0])
    )
    drawn = draw_targets(state, np.random.default_rng(0))
    assert 0.42 < rare[drawn].mean() < 0.58


def test_draw_targets__rows_kept_for_their_disagreement_do_not_count_for_more() -> None:
    """Half of the kept rows are the 10 % most disputed ones of the pool; drawn targets are as disputed as the pool."""
    state = members_state(group_vectors((4_000,)), names=("a", "b"))
    assert state.disagreement is not None
    disputed = np.argsort(-state.disagreement)[:400]
    rows = np.union1d(disputed, np.arange(0, 4_000, 10))
    flat = np.full((4_000, 2), 0.5, np.float32)
    kept = replace(
        state,
        probabilities=flat,
        member_rows=rows,
        member_probabilities=np.full((2, rows.size, 2), 0.5, np.float32),
    )
    drawn = rows[draw_targets(kept, np.random.default_rng(0))]
    among = float(np.isin(drawn, disputed).mean())
    assert 0.05 < among < 0.16  # unweighted it would be above 0.5


def test_draw_targets__skipped_and_unreadable_rows_are_none() -> None:
    state = members_state(group_vectors((200,)))
    closed = state.closed.copy()
    closed[:100] = True
    drawn = draw_targets(replace(state, closed=closed), np.random.default_rng(0))
    assert state.member_rows is not None
    skipped = closed & (state.labels < 0)
    assert not skipped[state.member_rows[drawn]].any()


def test_epig__prefers_what_tells_about_the_rare_class_as_well() -> None:
    """Two groups are disputed alike; the second says something about every item of a rare class, the first only
    about itself. Disagreement cannot tell them apart."""
    alone, shared, rest = np.arange(0, 20), np.arange(20, 40), np.arange(40, 400)
    rare = np.arange(370, 400)
    members = np.empty((4, 400, 2), np.float32)
    members[:, alone, 1] = np.array([0.1, 0.9, 0.1, 0.9])[:, None]
    members[:, shared, 1] = np.array([0.1, 0.1, 0.9, 0.9])[:, None]
    members[:, rest, 1] = 0.01
    members[:, rare, 1] = np.array([0.55, 0.55, 0.99, 0.99])[:, None]
    members[..., 0] = 1 - members[..., 1]
    state = groups_state(members, group_vectors((20, 20, 330, 30)))
    assert state.disagreement is not None
    assert state.disagreement[0] == pytest.approx(state.disagreement[20], abs=1e-6)
    assert set(choose(state, 8).indices.tolist()) <= set(shared.tolist()) | set(rare.tolist())


def test_epig__a_list_of_60_is_not_60_copies() -> None:
    """100 copies of the most telling item, and 100 other items that tell a little less."""
    vectors = group_vectors((400,))
    vectors[:100] = vectors[0]
    members = np.full((4, 400, 2), 0.5, np.float32)
    members[:, :100, 1] = np.array([0.05, 0.05, 0.95, 0.95])[:, None]
    members[:, 100:200, 1] = np.array([0.1, 0.1, 0.9, 0.9])[:, None]
    members[..., 0] = 1 - members[..., 1]
    choice = choose(groups_state(members, vectors), 60)
    assert choice.indices[0] < 100
    assert (choice.indices < 100).sum() == 1


def test_spread_out__where_no_label_tells_anything_it_still_spreads() -> None:
    vectors = np.concatenate([np.zeros((50, 4), np.float32), group_vectors((20,), dimensions=4)])
    picks = spread_out(cold_state(vectors), np.arange(70), np.zeros(70), 10, np.random.default_rng(0))
    assert (picks < 50).sum() <= 1


def test_epig__every_item_kept_is_closed_but_others_are_open() -> None:
    state = members_state(group_vectors((100,)))
    assert state.member_rows is not None
    closed = state.closed.copy()
    closed[state.member_rows] = True
    choice = choose(replace(state, closed=closed), 5)
    assert choice.indices.size == 5
    assert not closed[choice.indices].any()


def test_epig__reasons_say_what_the_label_would_tell() -> None:
    reasons = choose(members_state(group_vectors((100,))), 3).reasons
    assert all("nats about an item of any class" in reason for reason in reasons)


@pytest.mark.parametrize("members", [0, 1])
def test_epig__without_two_members_density_says_so(members: int) -> None:
    state = members_state(group_vectors((60, 30)))
    if members:
        assert state.member_probabilities is not None
        state = replace(state, member_probabilities=state.member_probabilities[:1])
    else:
        state = taught_state(group_vectors((60, 30)))
    choice = choose(state, 10)
    density = strategies.get("density")(state, 10, np.random.default_rng(7))
    assert choice.indices.tolist() == density.indices.tolist()
    assert all(reason.startswith("No two members of a model to compare: ") for reason in choice.reasons)


def test_without_copies__unless_they_are_needed() -> None:
    vectors = np.array([[1.0], [2.0], [1.0], [3.0], [2.0]], np.float32)
    state = replace(cold_state(vectors), member_rows=np.arange(5))
    places = np.array([4, 2, 0, 1, 3])
    assert without_copies(state, places, least=2).tolist() == [4, 2, 3]
    assert without_copies(state, places, least=4).tolist() == [4, 2, 3, 0]


def test_epig__three_thousand_disputed_copies_leave_candidates() -> None:
    vectors = group_vectors((3_100,))
    vectors[:3_000] = vectors[0]
    members = np.full((4, 3_100, 2), 0.5, np.float32)
    members[:, :3_000, 1] = np.array([0.05, 0.05, 0.95, 0.95])[:, None]
    members[:, 3_000:, 1] = np.array([0.1, 0.1, 0.9, 0.9])[:, None]
    members[..., 0] = 1 - members[..., 1]
    assert (choose(groups_state(members, vectors), 60).indices < 3_000).sum() == 1
