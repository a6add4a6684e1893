from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.errors import DuplicateNameError, UnknownNameError
from strategies.contract import Choice, PoolState
from strategies.errors import ChoiceInvalidError
from strategies.random_draw import random_draw
from strategies.registry import checked, register_strategy, strategies
from tests.strategies.pools import cold_state, group_vectors, taught_state


def first_rows(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    rows = np.flatnonzero(~state.closed)[:batch].astype(np.int64)
    return Choice(rows, np.zeros(rows.size), ("discover",) * rows.size, ("First.",) * rows.size, rows * 0 - 1)


def test_strategies__names_of_the_first_version() -> None:
    expected = {"random", "margin", "entropy", "disagreement", "k_center", "density", "prospect"}
    assert expected <= set(strategies.names())


@pytest.mark.parametrize("name", strategies.names())
def test_strategies__every_one_is_documented(name: str) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in guide  # the table of ideas and costs
    assert re.search(rf"\n\| {name}(, density start)? \|", guide)  # the table of measured figures


def test_strategies__unknown_name_lists_the_known() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'prospect'.*k_center"):
        strategies.get("prospekt")


def test_register_strategy__taken_name() -> None:
    with pytest.raises(DuplicateNameError, match="random"):
        register_strategy("random")(random_draw)


def test_checked__good_answer_passes_unchanged() -> None:
    state = cold_state(group_vectors((10,)))
    choice = checked(first_rows, "first")(state, 4, np.random.default_rng(0))
    assert choice.indices.tolist() == [0, 1, 2, 3]


def test_checked__writing_into_the_state_fails() -> None:
    def spoil(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
        state.labels[0] = 1
        return first_rows(state, batch, generator)

    state = cold_state(group_vectors((10,)))
    with pytest.raises(ValueError, match="read-only"):
        checked(spoil, "spoil")(state, 1, np.random.default_rng(0))
    assert state.labels.flags.writeable


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"indices": np.array([0, 0], np.int64)}, "twice"),
        ({"indices": np.array([0, 9], np.int64)}, "closed row"),
        ({"indices": np.array([0, 10], np.int64)}, "not in the pool"),
        ({"indices": np.array([0, -1], np.int64)}, "not in the pool"),
        ({"indices": np.array([0], np.int64)}, "2 items were due"),
        ({"indices": np.array([0, 1], np.int32)}, "int64"),
        ({"scores": np.array([0.0, np.nan])}, "finite"),
        ({"kinds": ("discover", "explore")}, "explore"),
        ({"reasons": ("First.", " ")}, "reason is empty"),
        ({"class_indices": np.array([0, -1], np.int64)}, "class index"),
    ],
)
def test_checked__broken_answers_name_the_strategy(changes: dict[str, object], message: str) -> None:
    def broken(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
        return replace(first_rows(state, batch, generator), **changes)  # type: ignore[arg-type]

    state = cold_state(group_vectors((10,)))
    state.closed[9] = True
    with pytest.raises(ChoiceInvalidError, match=f"'broken'.*{message}"):
        checked(broken, "broken")(state, 2, np.random.default_rng(0))


def test_register_strategy__the_example_of_the_guide_works() -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "strategies.md"
    blocks = re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(textwrap.dedent(blocks[0]), str(guide), "exec"), names)
    choose = checked(names["least_confidence"], "least_confidence")
    choice = choose(taught_state(group_vectors((60, 30))), 10, np.random.default_rng(0))
    assert choice.kinds == ("refine",) * 10
