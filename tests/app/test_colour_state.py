"""The colours of a page's maps: made in a thread, the latest wish alone, a filter for each colouring."""

from __future__ import annotations

import asyncio
import threading

import param
import pytest

from app.colour_state import ColourState
from app.colouring import Colouring, ColourWish
from app.components.map_filter import EVERYTHING, MapFilter
from app.session import DashboardState
from config.errors import GoldpanError
from tests.coroutines import finish

WITHOUT_RARE = MapFilter(frozenset({"rare"}))


@pytest.fixture
def state(dashboard: DashboardState) -> ColourState:
    return ColourState(dashboard)


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in ColourState.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_refresh__makes_what_the_tab_is_coloured_by(state: ColourState) -> None:
    state.dashboard.colour_by = "column:a"
    finish(state.refresh())
    assert state.colouring is not None
    assert state.colouring.names == ("a",)
    assert (state.version, state.busy, state.note) == (1, False, "")


def test_refresh__says_nothing_where_nothing_changed(state: ColourState) -> None:
    finish(state.refresh())
    finish(state.refresh())
    assert state.version == 1


def test_choose__each_colouring_keeps_its_own(state: ColourState) -> None:
    finish(state.refresh())
    state.choose(WITHOUT_RARE)
    state.choose(WITHOUT_RARE)
    assert state.filter_version == 1
    state.dashboard.colour_by = "column:a"
    assert state.chosen == WITHOUT_RARE  # still the colours on the map
    finish(state.refresh())
    assert state.chosen == EVERYTHING
    state.dashboard.colour_by = "label"
    finish(state.refresh())
    assert state.chosen == WITHOUT_RARE


def test_refresh__of_many_wishes_the_last_one_is_made(
    state: ColourState, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    asked: list[str] = []
    make = state.dashboard.context.colourings.make

    def slowly(wish: ColourWish) -> Colouring:
        asked.append(wish.by)
        gate.wait(5)
        return make(wish)

    monkeypatch.setattr(state.dashboard.context.colourings, "make", slowly)

    async def hurry() -> None:
        first = asyncio.create_task(state.refresh())
        await asyncio.sleep(0)
        for by in ("column:a", "column:b", "column:c"):
            state.dashboard.colour_by = by
            await state.refresh()
        assert state.busy
        gate.set()
        await first

    finish(hurry())
    assert asked == ["label", "column:c"]
    assert state.colouring is not None
    assert (state.colouring.names, state.busy) == (("c",), False)


def test_refresh__what_cannot_be_made_is_said(state: ColourState, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(wish: ColourWish) -> Colouring:
        raise GoldpanError("the disk is gone")

    monkeypatch.setattr(state.dashboard.context.colourings, "make", broken)
    finish(state.refresh())
    assert "the disk is gone" in state.note
    assert not state.busy
