from __future__ import annotations

from dataclasses import replace

import pytest

from app.simulation.errors import PlanError
from app.simulation.grid import Contender, check_grid, parse_contender
from app.simulation.model import fast_head
from config.errors import UnknownNameError
from tests.app.simulation.grids import small_grid


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("margin", Contender("margin")),
        ("margin+density", Contender("margin", "density")),
        ("prospect+page", Contender("prospect", effort="page")),
        ("prospect+names+page", Contender("prospect", effort="page", names=True)),
        ("oracle", Contender("oracle")),
    ],
)
def test_parse_contender__reads_and_writes(text: str, expected: Contender) -> None:
    assert parse_contender(text) == expected
    assert expected.label == text


@pytest.mark.parametrize("text", ["margn", "margin+denisty", "margin+oracle"])
def test_parse_contender__unknown_name_lists_the_known_ones(text: str) -> None:
    with pytest.raises(UnknownNameError, match=r"known: .*prospect"):
        parse_contender(text)


def test_parse_contender__two_starts_are_refused() -> None:
    with pytest.raises(PlanError, match="more than one start"):
        parse_contender("margin+density+random")


def test_check_grid__twice_named() -> None:
    with pytest.raises(PlanError, match="strategies are named twice: margin"):
        check_grid(small_grid("margin", "random", "margin"))


def test_check_grid__nothing_to_run() -> None:
    with pytest.raises(PlanError, match="there are no seeds"):
        check_grid(small_grid(seeds=()))


def test_check_grid__no_budget() -> None:
    with pytest.raises(PlanError, match="budget is 0"):
        check_grid(small_grid(budget=0))


def test_check_grid__unknown_head() -> None:
    grid = replace(small_grid(), heads={"x": fast_head().model_copy(update={"name": "forest"})})
    with pytest.raises(UnknownNameError, match="forest"):
        check_grid(grid)


def test_check_grid__the_choice_among_heads_is_a_head_too() -> None:
    check_grid(replace(small_grid(), heads={"auto": fast_head().model_copy(update={"name": "auto"})}))
