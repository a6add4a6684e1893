from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.context import make_context
from app.project import Project
from app.seek_state import SeekState
from app.session import DashboardState
from app.status import read_status
from labeling.seeks import Seek, list_seeks
from tests.coroutines import finish
from tests.projects import label_some, make_texts, seek


@pytest.fixture
def state(dashboard: DashboardState) -> SeekState:
    return SeekState(dashboard)


def sought(project: Project) -> list[Seek]:
    with project.database.reading() as session:
        return list_seeks(session)


def test_kinds__what_the_pool_allows(state: SeekState, tmp_path: Path) -> None:
    assert state.kinds == ["example", "criteria"] and state.kind == "example"
    texts = make_texts(tmp_path / "texts")
    context = make_context(texts, hosts=frozenset())
    found = SeekState(DashboardState(context))
    assert found.kinds == ["words", "example", "criteria"] and found.kind == "words"
    texts.close()


def test_add__criteria_for_a_class(state: SeekState, clouds: Project) -> None:
    state.param.update(kind="criteria", criteria=" b > 4 ", class_id=state.classes[2].id)
    assert finish(state.add())
    [entry] = sought(clouds)
    assert (entry.kind, entry.text, entry.class_id) == ("criteria", "b > 4", state.classes[2].id)
    assert (state.criteria, state.problem, state.busy) == ("", "", False)


def test_add__the_item_on_the_card_or_a_key(state: SeekState, clouds: Project) -> None:
    state.card_key = "item-007"
    finish(state.add())
    state.item_key = " item-003 "
    finish(state.add())
    assert [entry.item_keys for entry in sought(clouds)] == [("item-007",), ("item-003",)]


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"kind": "criteria"}, "Type what you look for first"),
        ({"kind": "criteria", "criteria": "zz > 1"}, "Not stored: there is no column 'zz'"),
        ({"kind": "example"}, "no item on the card"),
        ({"kind": "example", "item_key": "gone"}, "the pool has no item 'gone'"),
        ({"kind": "words", "words": "a quasar"}, "words cannot be placed"),
        ({"kind": "criteria", "criteria": "a > 1", "class_id": 99}, "no class with id 99"),
    ],
)
def test_add__says_why_not(state: SeekState, clouds: Project, values: dict[str, object], part: str) -> None:
    state.param.update(**values)
    assert not finish(state.add())
    assert part in state.problem and not state.busy
    assert sought(clouds) == []


def test_add__a_new_try_clears_the_problem(state: SeekState) -> None:
    state.param.update(kind="criteria", criteria="zz > 1")
    finish(state.add())
    state.criteria = "a > 1"
    assert finish(state.add()) and state.problem == ""


def test_withdraw__takes_it_back(state: SeekState, clouds: Project) -> None:
    number = seek(clouds, "criteria", "a > 1")
    assert finish(state.withdraw(number))
    assert sought(clouds) == []
    assert not finish(state.withdraw(99)) and "has the number 99" in state.problem


def test_count__matching_items(state: SeekState) -> None:
    state.criteria = "b > 4 and d > 4"
    finish(state.count())
    assert state.matching == "8 of 108 items match" and not state.matching_wrong
    state.criteria = "b >"
    finish(state.count())
    assert "cannot be read" in state.matching and state.matching_wrong
    state.criteria = ""
    finish(state.count())
    assert state.matching == "" and not state.matching_wrong


def test_count__a_later_one_wins(state: SeekState) -> None:
    async def both() -> None:
        state.criteria = "b > 4 and d > 4"
        first = asyncio.create_task(state.count())
        await asyncio.sleep(0)
        state.criteria = "a > -100"
        await state.count()
        await first

    finish(both())
    assert state.matching == "108 of 108 items match"


def test_untouched__until_something_is_labelled_or_sought(state: SeekState, clouds: Project) -> None:
    assert state.untouched
    number = seek(clouds, "criteria", "a > 1")
    state.dashboard.apply(read_status(clouds.database))
    assert not state.untouched and [entry.id for entry in state.seeks] == [number]
    label_some(clouds)
    finish(state.withdraw(number))
    state.dashboard.apply(read_status(clouds.database))
    assert not state.untouched and state.seeks == ()


def test_apply__counts_changes_of_what_is_sought(state: SeekState, clouds: Project) -> None:
    before = state.dashboard.seeks_version
    state.dashboard.apply(read_status(clouds.database))
    assert state.dashboard.seeks_version == before
    seek(clouds, "criteria", "a > 1")
    state.dashboard.apply(read_status(clouds.database))
    assert state.dashboard.seeks_version == before + 1
