"""The Balance page's state: what classes lack, and where one goes to work on a class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import param
import pytest

from app.balance_state import EXAMPLES, BalanceState, class_seek
from app.components.balance_bars import ClassBalance
from app.context import ServerContext, make_context
from app.errors import RequestError
from app.pages.balance import CHART_MOST, _most_lacking
from app.session import DashboardState
from app.status import read_status
from labeling.classes import archive_class
from labeling.seeks import SeekKind, list_seeks
from tests.coroutines import finish
from tests.projects import label_some, make_texts


@pytest.fixture
def state(dashboard: DashboardState) -> BalanceState:
    return BalanceState(dashboard)


@pytest.fixture
def words(tmp_path: Path) -> Iterator[ServerContext]:
    project = make_texts(tmp_path)
    made = make_context(project, hosts=frozenset())
    yield made
    made.stop()


def refresh(state: BalanceState) -> None:
    state.dashboard.apply(read_status(state.dashboard.context.project.database))


def choose(state: BalanceState, name: str) -> None:
    state.chosen_id = next(entry.id for entry in state.dashboard.classes if entry.name == name)


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in BalanceState.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_work_out__one_need_for_each_class(state: BalanceState) -> None:
    label_some(state.dashboard.context.project)
    refresh(state)
    choose(state, "rare")
    assert state.chosen_need is None

    finish(state.work_out())

    assert [need.balance.name for need in state.needs] == ["common", "other", "rare"]
    assert [need.missing for need in state.needs] == [0, 0, 0]
    assert state.needs_version == 1
    assert state.chosen_need is not None and state.chosen_need.balance.name == "rare"


def test_chosen__a_class_that_was_archived_is_no_more(state: BalanceState) -> None:
    choose(state, "rare")
    with state.dashboard.context.project.database.transaction() as session:
        archive_class(session, class_id=state.chosen_id)
    refresh(state)

    assert state.chosen is None
    state.confirm()
    state.show_on_map()
    assert not finish(state.seek())
    assert (state.dashboard.page, state.dashboard.confirm_class, state.dashboard.handed_over) == (
        "Label",
        0,
        None,
    )


def test_confirm_and_show_on_map__name_the_class_and_the_page(state: BalanceState) -> None:
    choose(state, "rare")

    state.confirm()
    assert (state.dashboard.page, state.dashboard.confirm_class) == ("Confirm", state.chosen_id)
    state.show_on_map()
    wish = state.dashboard.handed_over
    assert (state.dashboard.page, wish.how) == ("Explore", "labelled or predicted rare")
    labels = state.dashboard.label_codes()
    rare = next(place for place, entry in enumerate(state.dashboard.classes) if entry.name == "rare")
    assert wish.find().tolist() == np.flatnonzero(labels == rare).tolist()


def test_seek__by_examples_that_are_labelled_so(state: BalanceState) -> None:
    context = state.dashboard.context
    label_some(context.project, each=EXAMPLES + 2)
    choose(state, "rare")

    assert finish(state.seek())
    assert finish(state.seek())

    with context.project.database.reading() as session:
        [sought] = list_seeks(session)
    assert (sought.kind, sought.class_id, len(sought.item_keys)) == (
        SeekKind.EXAMPLE,
        state.chosen_id,
        EXAMPLES,
    )
    assert state.done.startswith("The next round seeks 'rare'")


def test_seek__without_a_label_says_what_to_do(state: BalanceState) -> None:
    choose(state, "rare")

    assert not finish(state.seek())
    assert "no item is labelled 'rare' yet" in state.problem


def test_class_seek__by_its_name_where_words_can_be_used(words: ServerContext) -> None:
    entry = read_status(words.project.database).classes[2]

    assert class_seek(words, entry) == {
        "kind": "words",
        "class_id": entry.id,
        "text": "lost_card",
        "item_keys": [],
    }


def test_class_seek__nothing_to_seek_by(context: ServerContext) -> None:
    with pytest.raises(RequestError, match="no example"):
        class_seek(context, read_status(context.project.database).classes[0])


def test_most_lacking__a_thousand_classes_fit_the_chart() -> None:
    rows = [ClassBalance(str(at), "#000000", at, None, None, None, 0.001, at) for at in range(1_000, 0, -1)]

    kept = _most_lacking(rows)

    assert [row.class_id for row in kept] == list(range(CHART_MOST, 0, -1))
    assert _most_lacking(rows[:3]) == rows[:3]
