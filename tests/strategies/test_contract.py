"""The contract of `strategies.contract`, held against every registered strategy."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from strategies.contract import KINDS, Choice, Outcome, PoolState
from strategies.errors import BatchInvalidError, StateInvalidError, StrategyError
from strategies.registry import strategies
from tests.strategies.pools import cold_state, group_vectors, members_state, taught_state

NAMES = strategies.names()
NEED_MODEL = (
    "margin",
    "entropy",
    "disagreement",
    "prospect",
    "least_confidence",
    "badge",
    "cluster_margin",
    "galaxy",
    "balanced_entropy",
    "epig",
)
SIZES = (60, 30, 10)
MODEL_PARTS = ("probabilities", "balanced_probabilities", "disagreement", "prior", "member_probabilities")

STAGES = {"cold": cold_state, "taught": taught_state, "members": members_state}

every_stage = pytest.mark.parametrize("stage", STAGES)
every_strategy = pytest.mark.parametrize("name", NAMES)


def choose(name: str, state: PoolState, batch: int, seed: int = 7) -> Choice:
    return strategies.get(name)(state, batch, np.random.default_rng(seed))


def same(left: Choice, right: Choice) -> bool:
    return all(
        np.array_equal(getattr(left, field.name), getattr(right, field.name)) for field in fields(Choice)
    )


def fingerprint(state: PoolState) -> str:
    digest = hashlib.sha256()
    for field in fields(PoolState):
        value = getattr(state, field.name)
        digest.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest()


@every_strategy
@every_stage
def test_choice__same_seed_same_answer(name: str, stage: str) -> None:
    state = STAGES[stage](group_vectors(SIZES))
    assert same(choose(name, state, 12, seed=3), choose(name, state, 12, seed=3))


@every_strategy
@every_stage
def test_choice__inputs_unchanged(name: str, stage: str) -> None:
    state = STAGES[stage](group_vectors(SIZES))
    before = fingerprint(state)
    choose(name, state, 12)
    assert fingerprint(state) == before


@every_strategy
def test_choice__read_only_memory_map(name: str, tmp_path: Path) -> None:
    vectors = group_vectors(SIZES)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    state = members_state(vectors)
    assert same(choose(name, state, 12), choose(name, replace(state, vectors=mapped), 12))


@every_strategy
@pytest.mark.parametrize("batch", [0, 1, 40, 85, 10_000])
@every_stage
def test_choice__distinct_open_rows_of_the_length_due(name: str, batch: int, stage: str) -> None:
    state = STAGES[stage](group_vectors(SIZES))
    closed = state.closed.copy()
    closed[90:] = True
    choice = choose(name, replace(state, closed=closed), batch)
    assert len(set(choice.indices.tolist())) == min(batch, int((~closed).sum()))
    assert not closed[choice.indices].any()


@every_strategy
def test_choice__every_item_closed(name: str) -> None:
    state = members_state(group_vectors(SIZES))
    choice = choose(name, replace(state, closed=np.ones(100, np.bool_)), 5)
    assert choice.indices.size == 0


@every_strategy
@pytest.mark.parametrize("items", [1, 2, 3])
@every_stage
def test_choice__tiny_pool(name: str, items: int, stage: str) -> None:
    state = STAGES[stage](group_vectors((items,)))
    choice = choose(name, state, 60)
    assert set(choice.indices.tolist()) == set(np.flatnonzero(~state.closed).tolist())


@every_strategy
@every_stage
def test_choice__constant_vectors(name: str, stage: str) -> None:
    state = STAGES[stage](np.full((50, 4), 2.5, np.float32))
    assert choose(name, state, 20).indices.size == 20


@every_strategy
@every_stage
def test_choice__one_item_ten_thousand_times(name: str, stage: str) -> None:
    vectors = np.concatenate([np.ones((10_000, 8), np.float32), group_vectors((20,), dimensions=8)])
    state = STAGES[stage](vectors)
    choice = choose(name, state, 60)
    assert len(set(choice.indices.tolist())) == 60


@pytest.mark.parametrize("name", ["density", "k_center"])
def test_choice__copies_do_not_crowd_out_the_rest(name: str) -> None:
    vectors = np.concatenate([np.ones((3_000, 8), np.float32), group_vectors((200, 200), dimensions=8)])
    choice = choose(name, cold_state(vectors), 20)
    assert (choice.indices < 3_000).sum() <= 2


@every_strategy
@every_stage
def test_choice__batch_of_ten_thousand(name: str, stage: str) -> None:
    state = STAGES[stage](group_vectors((11_000, 1_000), dimensions=4))
    choice = choose(name, state, 10_000)
    assert np.unique(choice.indices).size == 10_000


@every_strategy
@every_stage
def test_choice__float16_vectors(name: str, stage: str) -> None:
    state = STAGES[stage](group_vectors(SIZES).astype(np.float16))
    assert np.isfinite(choose(name, state, 30).scores).all()


@every_strategy
def test_choice__far_from_zero(name: str) -> None:
    vectors = group_vectors(SIZES)
    near, far = choose(name, cold_state(vectors), 1), choose(name, cold_state(vectors + np.float32(512)), 1)
    assert near.indices.tolist() == far.indices.tolist()


@every_strategy
def test_choice__scores_fall_and_kinds_are_known(name: str) -> None:
    choice = choose(name, members_state(group_vectors(SIZES)), 30)
    assert set(choice.kinds) <= set(KINDS)
    assert (np.diff(choice.scores) <= 1e-5).all()


@every_strategy
@every_stage
def test_choice__every_reason_is_one_sentence(name: str, stage: str) -> None:
    state = STAGES[stage](group_vectors(SIZES))
    for reason in choose(name, state, 40).reasons:
        assert reason.endswith(".")
        assert "\n" not in reason
        assert reason[0].isupper()


@every_strategy
def test_choice__class_names_of_any_content(name: str) -> None:
    names = ("<b>bold</b>\n& 'quoted' {0}", "x" * 5_000, "漢字 🙂")
    choice = choose(name, members_state(group_vectors(SIZES), names=names), 60)
    assert max(len(reason) for reason in choice.reasons) < 220
    assert not any("\n" in reason for reason in choice.reasons)


@every_strategy
def test_choice__ties_are_drawn_by_the_generator(name: str) -> None:
    items = 200
    state = taught_state(np.zeros((items, 3), np.float32), names=("a", "b"))
    even = replace(
        state,
        probabilities=np.full((items, 2), 0.5, np.float32),
        balanced_probabilities=np.full((items, 2), 0.5, np.float32),
        disagreement=np.zeros(items, np.float32),
    )
    first = {choose(name, even, 5, seed=seed).indices.tobytes() for seed in range(6)}
    assert len(first) > 1
    assert same(choose(name, even, 5, seed=1), choose(name, even, 5, seed=1))


@pytest.mark.parametrize("name", NEED_MODEL)
def test_choice__without_model_density_says_so(name: str) -> None:
    state = cold_state(group_vectors(SIZES))
    choice, density = choose(name, state, 10), choose("density", state, 10)
    assert choice.indices.tolist() == density.indices.tolist()
    assert all(reason.startswith("No model yet: ") for reason in choice.reasons)


@every_strategy
def test_choice__model_of_no_class(name: str) -> None:
    state = cold_state(group_vectors(SIZES))
    nothing = np.empty((100, 0), np.float32)
    empty = replace(
        state,
        probabilities=nothing,
        balanced_probabilities=nothing,
        disagreement=np.zeros(100, np.float32),
        prior=np.empty(0, np.float32),
    )
    assert choose(name, empty, 10).indices.size == 10


@every_strategy
def test_choice__one_class(name: str) -> None:
    choice = choose(name, members_state(group_vectors(SIZES), names=("only",)), 20)
    assert choice.indices.size == 20


@every_strategy
def test_choice__a_thousand_classes(name: str) -> None:
    names = tuple(f"class {index}" for index in range(1_000))
    choice = choose(name, members_state(group_vectors((2_000,)), names=names), 60)
    assert choice.indices.size == 60


@every_strategy
def test_choice__skipped_items_of_earlier_rounds(name: str) -> None:
    state = members_state(group_vectors(SIZES))
    rows = np.flatnonzero(~state.closed)[:10]
    closed = state.closed.copy()
    closed[rows] = True
    passed = tuple(Outcome(int(row), "discover", -1, -1, 1) for row in rows)
    choice = choose(name, replace(state, closed=closed, outcomes=passed), 20)
    assert not set(choice.indices.tolist()) & set(rows.tolist())


@every_strategy
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_choice__wrong_numbers_in_vectors_are_refused(
    name: str, value: float, kind: type[np.floating]
) -> None:
    if value == 1e30 and kind is np.float16:
        value = np.inf  # what float16 makes of it
    vectors = group_vectors(SIZES).astype(kind)
    vectors[42, 1] = value
    with pytest.raises(StateInvalidError, match="row 42"):
        choose(name, cold_state(vectors), 5)


@every_strategy
@pytest.mark.parametrize("part", MODEL_PARTS)
def test_choice__nan_from_the_model_is_refused(name: str, part: str) -> None:
    state = members_state(group_vectors(SIZES))
    broken = getattr(state, part).copy()
    broken.flat[3 % broken.size] = np.nan
    with pytest.raises(StrategyError, match=part):
        choose(name, replace(state, **{part: broken}), 5)


@every_strategy
@pytest.mark.parametrize("batch", [-1, 2.5, True, "10", None])
def test_choice__wrong_batch_is_refused(name: str, batch: object) -> None:
    with pytest.raises(BatchInvalidError, match="whole number"):
        strategies.get(name)(cold_state(group_vectors(SIZES)), batch, np.random.default_rng(0))  # type: ignore[arg-type]
