from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.simulation.errors import LabelledPoolError, PlanError
from app.simulation.labelling import Labelling
from app.simulation.model import fast_head
from app.simulation.pools import LabelledPool, SeekScores, profile
from app.simulation.run import NEED_MODEL, RunPlan, simulate, whole_pool_accuracy
from config.errors import UnknownNameError
from strategies.contract import BoolArray, Choice, IntArray, PoolState, Strategy
from strategies.random_draw import random_draw
from strategies.registry import strategies
from tests.app.simulation.pools import blobs, small_pool

PLAN = RunPlan(strategy="margin", budget=40)


def test_simulate__learns_well_separated_classes() -> None:
    result = simulate(small_pool(), PLAN)
    assert result.steps["labels"].tolist() == [10, 20, 30, 40]
    assert result.summary["final_balanced_accuracy"] > 0.95


def test_simulate__same_plan_same_steps() -> None:
    first, second = simulate(small_pool(), PLAN), simulate(small_pool(), PLAN)
    assert first.rows == second.rows
    seconds = ["choose_s", "train_s"]
    assert first.steps.drop(columns=seconds).equals(second.steps.drop(columns=seconds))


def test_simulate__another_seed_labels_other_items() -> None:
    assert simulate(small_pool(), PLAN).rows != simulate(small_pool(), replace(PLAN, seed=1)).rows


def test_simulate__budget_not_a_multiple_of_the_batch() -> None:
    assert simulate(small_pool(), replace(PLAN, budget=25)).steps["labels"].tolist() == [10, 20, 25]


def test_simulate__pool_smaller_than_the_batch() -> None:
    result = simulate(small_pool(), replace(PLAN, batch=500, queue=500, budget=1000))
    assert result.steps["labels"].tolist() == [80]


def test_simulate__budget_beyond_the_pool_labels_everything_once() -> None:
    result = simulate(small_pool(), replace(PLAN, budget=1000))
    assert sorted(result.rows) == list(range(80))


def _recorder(states: list[PoolState]) -> Strategy:
    def choose(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
        states.append(state)
        return random_draw(state, batch, generator)

    return choose


def test_simulate__names_unknown_shows_only_classes_met() -> None:
    states: list[PoolState] = []
    simulate(small_pool(), PLAN, _recorder(states))
    assert states[0].class_names != ("class 0", "class 1", "class 2")


def test_simulate__names_known_shows_all_classes_from_the_start() -> None:
    states: list[PoolState] = []
    plan = replace(PLAN, names=True, start="random")
    simulate(small_pool(), plan, _recorder(states))
    assert states[0].class_names == ("class 0", "class 1", "class 2")


def test_simulate__names_known_hands_on_what_can_be_sought() -> None:
    states: list[PoolState] = []
    pool = small_pool()
    seeds = SeekScores(pool.vectors[:, :1], np.array([2], np.int64))
    plan = replace(PLAN, names=True, budget=10)
    simulate(replace(pool, seeds=seeds), plan, _recorder(states))
    assert states[0].seek_scores is not None and states[0].seek_scores.shape == (80, 1)
    states.clear()
    simulate(replace(pool, seeds=seeds), replace(plan, names=False), _recorder(states))
    assert states[0].seek_scores is None


def test_need_model__names_just_the_strategies_that_read_a_model() -> None:
    pool = small_pool()
    count = len(pool.truth)
    state = PoolState(pool.vectors, np.full(count, -1), np.zeros(count, bool), (), np.zeros(0, np.float32))
    found = [
        name
        for name, strategy in strategies
        if strategy(state, 1, np.random.default_rng(0)).reasons[0].startswith("No model yet")
    ]
    assert sorted([*NEED_MODEL, "prospect"]) == found  # whose density start is a part of it


class FixedPage:
    def __init__(self, class_index: int, rows: IntArray) -> None:
        self.class_index, self.rows = class_index, rows


def _first_open(state: PoolState, generator: np.random.Generator, refused: BoolArray) -> FixedPage | None:
    """Twelve open items offered as class 0, none of them refused before."""
    rows = np.flatnonzero(~state.closed & ~refused[:, 0])[:12]
    return FixedPage(0, rows) if rows.size else None


def test_simulate__a_page_costs_one_and_one_per_exception() -> None:
    plan = replace(PLAN, effort="page", budget=200)
    steps = simulate(small_pool(), plan, page_policy=_first_open).steps
    single, page = steps.iloc[0], steps.iloc[1]
    confirmed = page["labels"] - single["labels"]
    assert page["decisions"] - single["decisions"] == 1 + (12 - confirmed)
    assert 0 < confirmed < 12


def test_simulate__named_exceptions_get_their_label_for_the_same_decisions() -> None:
    plan = replace(PLAN, effort="page", budget=200, exceptions="named")
    steps = simulate(small_pool(), plan, page_policy=_first_open).steps
    refused = simulate(small_pool(), replace(plan, exceptions="refused"), page_policy=_first_open).steps
    assert steps["labels"][1] - steps["labels"][0] == 12
    assert steps["decisions"][1] == refused["decisions"][1]


def test_simulate__refused_items_are_passed_on() -> None:
    seen: list[int] = []

    def policy(state: PoolState, generator: np.random.Generator, refused: BoolArray) -> FixedPage | None:
        seen.append(int(refused.sum()))
        return _first_open(state, generator, refused)

    simulate(small_pool(), replace(PLAN, effort="page", budget=60), page_policy=policy)
    assert seen[0] == 0
    assert seen[1] > 0


def test_simulate__page_effort_without_policy_is_refused() -> None:
    with pytest.raises(PlanError, match="no page policy"):
        simulate(small_pool(), replace(PLAN, effort="page"))


@pytest.mark.parametrize("rows", [[0, 0], [80], [-1]])
def test_simulate__a_page_that_breaks_its_contract_is_refused(rows: list[int]) -> None:
    def policy(state: PoolState, generator: np.random.Generator, refused: BoolArray) -> FixedPage:
        return FixedPage(0, np.array(rows))

    with pytest.raises(PlanError, match="page policy broke its contract"):
        simulate(small_pool(), replace(PLAN, effort="page"), page_policy=policy)


@pytest.mark.parametrize("name", ["mlp", "auto"])
def test_simulate__other_heads(name: str) -> None:
    head = fast_head().model_copy(update={"name": name})
    result = simulate(small_pool(), replace(PLAN, head=head, budget=20))
    assert result.summary["final_balanced_accuracy"] > 0.6


def test_simulate__a_calibrated_head_with_members() -> None:
    head = fast_head().model_copy(update={"members": 4, "calibrate": True})
    result = simulate(small_pool(), replace(PLAN, strategy="epig", head=head, budget=20))
    assert result.summary["final_balanced_accuracy"] > 0.6


def test_simulate__a_class_with_one_item_everywhere() -> None:
    pool = profile(blobs((60, 30, 1)), (60, 30, 1), seed=0, held_out_each=10, shuffle=False)
    result = simulate(pool, replace(PLAN, strategy="prospect", budget=100))
    assert sorted(result.rows) == list(range(len(pool.truth)))
    assert result.summary["classes_met"] == 3


def test_simulate__constant_vectors_go_through() -> None:
    pool = small_pool()
    flat = replace(pool, vectors=np.ones_like(pool.vectors), held_out=np.ones_like(pool.held_out))
    assert simulate(flat, replace(PLAN, budget=20)).summary["labels"] == 20


@pytest.mark.parametrize(("name", "value"), [("budget", 0), ("batch", 0), ("queue", 3), ("seed", -1)])
def test_simulate__numbers_out_of_range_are_refused(name: str, value: int) -> None:
    with pytest.raises(PlanError, match=name):
        simulate(small_pool(), replace(PLAN, **{name: value}))  # type: ignore[arg-type]


def test_simulate__members_are_needed_to_compare_them() -> None:
    with pytest.raises(PlanError, match=r"head.members of at least 2"):
        simulate(small_pool(), replace(PLAN, strategy="epig"))


def test_simulate__unknown_strategy_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"margn.*margin.*prospect"):
        simulate(small_pool(), replace(PLAN, strategy="margn"))


def test_simulate__one_class_only_is_refused() -> None:
    pool = small_pool()
    with pytest.raises(LabelledPoolError, match="fewer than two classes"):
        simulate(replace(pool, truth=np.zeros_like(pool.truth)), PLAN)


def test_whole_pool_accuracy__is_an_upper_guide() -> None:
    assert whole_pool_accuracy(small_pool(), fast_head(), seed=0) > 0.95


def named_pool(*, moved: int = 0) -> LabelledPool:
    """The small pool with the middles of its classes as their names, and words about no class."""
    pool = small_pool()
    middles = [pool.vectors[pool.truth == index].mean(axis=0) for index in range(3)]
    points = np.stack([*middles, -middles[0]]).astype(np.float32)
    classes = np.append((np.arange(3) + moved) % 3, -1).astype(np.int64)
    return replace(pool, seeds=SeekScores(np.zeros((80, 4), np.float32), classes, points))


def two_classes(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Draw from the first two classes alone."""
    closed = state.closed | (small_pool().truth == 2)
    return random_draw(replace(state, closed=closed), batch, generator)


def test_simulate__names_are_learned_where_they_are_known() -> None:
    plan = replace(PLAN, names=True, budget=10)
    found = {
        "named": simulate(named_pool(), plan, two_classes),
        "unnamed": simulate(named_pool(), replace(plan, names=False), two_classes),
        "ignored": simulate(
            named_pool(),
            replace(plan, head=plan.head.model_copy(update={"learn_names": False})),
            two_classes,
        ),
    }
    accuracy = {name: result.steps["balanced_accuracy"][0] for name, result in found.items()}
    assert found["named"].steps["classes_met"][0] == 2
    assert accuracy["named"] > 0.95
    assert accuracy["unnamed"] == accuracy["ignored"] == pytest.approx(2 / 3, abs=0.05)


def test_simulate__labels_count_by_the_share_of_the_whole_pool() -> None:
    pool = small_pool()
    noise = np.random.default_rng(0).normal(0, 4, pool.held_out.shape).astype(np.float32)
    hard = replace(pool, held_out=pool.held_out + noise)
    weighed, plain = (
        simulate(hard, replace(PLAN, head=PLAN.head.model_copy(update={"weigh_by_share": on})), random_draw)
        for on in (True, False)
    )
    assert weighed.rows == plain.rows
    assert not np.array_equal(weighed.steps["balanced_accuracy"], plain.steps["balanced_accuracy"])


def test_name_points__words_about_no_class_are_left_out() -> None:
    pool = named_pool(moved=1)
    points = Labelling(pool, names=True).name_points()
    assert points is not None and pool.seeds is not None and pool.seeds.vectors is not None
    assert points.labels.tolist() == [1, 2, 0]
    assert np.array_equal(points.vectors, pool.seeds.vectors[:3])


def test_name_points__none_where_names_are_unknown_or_no_words() -> None:
    pool = named_pool()
    assert pool.seeds is not None
    assert Labelling(pool, names=False).name_points() is None
    assert Labelling(small_pool(), names=True).name_points() is None
    assert Labelling(replace(pool, seeds=replace(pool.seeds, vectors=None)), names=True).name_points() is None
