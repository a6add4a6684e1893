"""What a person has chosen in one tab: by a line, by likeness, by what is typed; and what is done with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import param
import pytest

from app.context import make_context
from app.project import Project
from app.selection_state import FIRST_MOST, SHEET, SIMILAR, SelectionState
from app.session import DashboardState
from app.status import read_status
from models.projection import open_projection
from tests.coroutines import finish
from tests.projects import label_some, make_texts, truth_of


@pytest.fixture
def state(dashboard: DashboardState) -> SelectionState:
    return SelectionState(dashboard)


def around(project: Project) -> tuple[np.ndarray, np.ndarray]:
    """Return a line around the whole map."""
    low, high = (
        open_projection(project.paths.vectors).min() - 1,
        open_projection(project.paths.vectors).max() + 1,
    )
    return np.array([low, high, high, low]), np.array([low, low, high, high])


def places(project: Project) -> np.ndarray:
    return open_projection(project.paths.vectors)


def refresh(state: SelectionState) -> None:
    state.dashboard.apply(read_status(state.dashboard.context.project.database))


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in SelectionState.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_choose_inside__a_line_around_everything(state: SelectionState, clouds: Project) -> None:
    line = around(clouds)
    finish(state.choose_inside(line, places(clouds)))
    assert state.rows.tolist() == list(range(clouds.pool.n))
    assert state.line is line
    assert (state.version, state.how, state.busy) == (1, "inside the line", False)


def test_choose_inside__somewhere_else_holds_nothing(state: SelectionState, clouds: Project) -> None:
    xs, ys = around(clouds)
    finish(state.choose_inside((xs + 1000, ys), places(clouds)))
    assert len(state.rows) == 0


def test_choose_similar__says_to_what(state: SelectionState, clouds: Project) -> None:
    row = list(truth_of(clouds).values()).index("rare")
    finish(state.choose_similar(row))
    assert len(state.rows) == SIMILAR and state.rows[0] == row
    assert state.how == f"most like {clouds.pool.key(row)}"
    assert state.summary.sheet.tolist() == state.rows.tolist()


def test_choose_matching__criteria(state: SelectionState, clouds: Project) -> None:
    state.query = "b > 3 and a < 3"
    finish(state.choose_matching())
    truth = list(truth_of(clouds).values())
    assert {truth[row] for row in state.rows} == {"rare"}
    assert state.how == "where b > 3 and a < 3"


def test_choose_matching__what_cannot_be_read_keeps_the_choice(state: SelectionState) -> None:
    finish(state.choose_similar(0))
    state.query = "zz > 1"
    finish(state.choose_matching())
    assert "there is no column 'zz'" in state.problem
    assert len(state.rows) == SIMILAR


def test_choose_matching__nothing_matches(state: SelectionState) -> None:
    state.query = "a > 1e9"
    finish(state.choose_matching())
    assert state.problem == "No item matches 'a > 1e9'."
    assert len(state.rows) == 0


def test_choose_matching__texts_by_their_words(tmp_path: Path) -> None:
    texts = make_texts(tmp_path)
    context = make_context(texts, hosts=frozenset())
    found = SelectionState(DashboardState(context))
    assert found.searches_texts and found.can_query
    found.query = "bank card"
    finish(found.choose_matching())
    assert len(found.rows) == 6
    texts.close()


def test_label__and_undo_as_one_act(state: SelectionState, clouds: Project) -> None:
    before = label_some(clouds, each=2)
    refresh(state)
    finish(state.choose_inside(around(clouds), places(clouds)))
    state.class_id = state.dashboard.classes[1].id
    open_count = clouds.pool.n - len(before)
    assert (
        finish(state.label()) == f"{open_count} items labelled other; {len(before)} had an answer and keep it"
    )
    refresh(state)
    assert len(state.open_rows()) == 0
    assert finish(state.undo()) == f"{open_count} labels taken back"
    refresh(state)
    assert (len(state.open_rows()), state.undoable) == (open_count, "")


def test_label__needs_a_class_and_items(state: SelectionState) -> None:
    finish(state.choose_similar(0))
    assert finish(state.label()) == ""
    assert state.problem == "Choose a class first."
    state.class_id = state.dashboard.classes[0].id
    state.clear()
    assert finish(state.label()) == ""
    assert "0 items are chosen" in state.problem


def test_undo__of_nothing(state: SelectionState) -> None:
    assert finish(state.undo()) == ""
    assert state.problem == ""


def test_summary__labels_and_what_has_none(state: SelectionState, clouds: Project) -> None:
    label_some(clouds, each=2)
    refresh(state)
    finish(state.choose_inside(around(clouds), places(clouds)))
    shares = {share.name: (share.labelled, share.predicted) for share in state.summary.mix}
    assert shares == {"common": (2, 0), "other": (2, 0), "rare": (2, 0), "": (0, clouds.pool.n - 6)}
    assert state.summary.open_count == clouds.pool.n - 6
    codes = state.dashboard.label_codes()
    assert state.summary.sheet_codes.tolist() == codes[state.summary.sheet].tolist()


def test_look_again__after_more_labels(state: SelectionState, clouds: Project) -> None:
    finish(state.choose_inside(around(clouds), places(clouds)))
    label_some(clouds, each=1)
    refresh(state)
    finish(state.look_again())
    assert (state.summary.open_count, state.version, state.looked) == (clouds.pool.n - 3, 1, 1)


def test_sheet_and_keys_to_label__some_of_many(state: SelectionState, clouds: Project) -> None:
    finish(state.choose_inside(around(clouds), places(clouds)))
    assert len(state.summary.sheet) == SHEET
    keys = state.keys_to_label()
    assert len(keys) == FIRST_MOST == len(set(keys))
    assert set(keys) <= set(clouds.pool.keys(state.rows))


def test_choose_found__with_what_they_are_at_once(state: SelectionState) -> None:
    finish(state.choose_found(lambda: np.array([4, 2]), "labelled a, taken for b"))
    assert (state.rows.tolist(), state.how, state.line) == ([4, 2], "labelled a, taken for b", None)
    assert sum(share.labelled + share.predicted for share in state.summary.mix) == 2


def test_choose_shown__what_the_legend_hides_is_left_out(state: SelectionState, clouds: Project) -> None:
    shown = np.array(places(clouds))
    finish(state.choose_shown(shown, whole=True))
    assert (len(state.rows), state.how) == (clouds.pool.n, "the whole pool")
    shown[5:] = np.nan
    finish(state.choose_shown(shown, whole=False))
    assert (state.rows.tolist(), state.how) == ([0, 1, 2, 3, 4], "all that the map shows")


def test_choose_more__others_like_those_that_are_chosen(state: SelectionState, clouds: Project) -> None:
    rare = np.flatnonzero(np.array(list(truth_of(clouds).values())) == "rare")
    finish(state.choose_found(lambda: rare[:3], "by hand"))
    finish(state.choose_more())
    assert state.how == "most like the 3 that were chosen"
    assert set(rare[3:]) <= set(state.rows)
    assert not set(rare[:3]) & set(state.rows)


def test_choose_more__of_nothing(state: SelectionState) -> None:
    finish(state.choose_more())
    assert "Choose items first" in state.problem
