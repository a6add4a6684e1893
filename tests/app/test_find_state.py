"""Looking an item up by its key, and the items seen before."""

from __future__ import annotations

import param
import pytest

from app.find_state import FindState
from app.session import DashboardState
from tests.coroutines import finish


@pytest.fixture
def find(dashboard: DashboardState) -> FindState:
    return FindState(dashboard)


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in FindState.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_look_up__the_item_with_that_key(find: FindState) -> None:
    assert finish(find.look_up("  item-007 ")) == 7
    assert (find.problem, find.found) == ("", ())


def test_look_up__a_part_of_one_key_finds_it_and_of_several_offers_them(find: FindState) -> None:
    assert finish(find.look_up("EM-042")) == 42
    assert finish(find.look_up("item-01")) is None
    assert find.found == tuple(f"item-{number:03d}" for number in range(10, 20))
    assert find.problem == ""


@pytest.mark.parametrize(("text", "words"), [("", "Type the key"), ("nothing", "No item has a key with")])
def test_look_up__says_when_there_is_none(text: str, words: str, find: FindState) -> None:
    assert finish(find.look_up(text)) is None
    assert words in find.problem


def test_seen_before__what_was_picked_or_labelled_newest_first(
    find: FindState, dashboard: DashboardState
) -> None:
    dashboard.current_row = 3
    dashboard.picked_row = 5
    dashboard.picked_row = -1
    dashboard.current_row = 4
    assert find.seen_before() == ["item-004", "item-005", "item-003"]
    assert dashboard.visited_version == 3
