"""What the last round's out-of-fold predictions say of a class and of a cell of the confusions."""

from __future__ import annotations

import numpy as np
import param
import pytest

from app.model_data import column_names
from app.model_state import ModelState, class_figures, largest_confusions, most_confused
from app.project import Project
from app.round_files import UNSEEN_LABELS, read_meaning, round_folder
from app.run_now import run_now
from app.session import DashboardState
from app.status import read_status
from labeling.classes import archive_class, list_classes, rename_class
from models.predictions import OutOfFoldPredictions
from tests.projects import mislabel


@pytest.fixture
def state(dashboard: DashboardState) -> ModelState:
    """A round with one mislabelled item."""
    mislabel(dashboard.context.project)
    run_now(dashboard.context.project)
    refresh(dashboard)
    return ModelState(dashboard)


def refresh(dashboard: DashboardState) -> None:
    dashboard.apply(read_status(dashboard.context.project.database))


def class_id(project: Project, name: str) -> int:
    with project.database.reading() as session:
        return next(entry.id for entry in list_classes(session) if entry.name == name)


def test_parameters__each_has_a_doc() -> None:
    own = [entry for name, entry in ModelState.param.objects().items() if name != "name"]
    assert [entry.name for entry in own if not entry.doc] == []
    assert all(isinstance(entry, param.Parameter) for entry in own)


def test_chosen__items_of_a_cell_are_those_that_are_counted(state: ModelState) -> None:
    meaning = state.dashboard.meaning
    assert meaning is not None and meaning.quality is not None
    for row, column, number in meaning.quality["confusion"]["cells"]:
        state.choose_cell(row, column)
        cell = state.chosen()
        assert cell is not None
        assert len(cell.rows) == number
        assert (cell.given, cell.predicted) == (state.names[row], state.names[column])


def test_chosen__a_cell_without_items(state: ModelState) -> None:
    state.choose_cell(2, 0)
    cell = state.chosen()
    assert cell is not None
    assert len(cell.rows) == 0
    assert cell.words == "labelled rare, taken for common"


def test_choose_cell__outside_is_no_choice(state: ModelState) -> None:
    state.choose_cell(0, 0)
    state.choose_cell(7, 0)
    assert state.cell is None
    assert state.chosen() is None


def test_names__as_classes_are_called_now(state: ModelState) -> None:
    project = state.dashboard.context.project
    with project.database.transaction() as session:
        rename_class(session, class_id=class_id(project, "rare"), name="<b>odd</b>")
        archive_class(session, class_id=class_id(project, "other"))
    refresh(state.dashboard)
    assert state.names == ["common", "other (archived)", "<b>odd</b>"]
    meaning = read_meaning(project.paths.rounds, 1)
    assert meaning is not None
    assert column_names(meaning, ()) == ["common (archived)", "other (archived)", "rare (archived)"]


def test_figures__of_all_classes_and_of_one(state: ModelState) -> None:
    every = state.figures()()
    assert (every.class_name, every.share, every.pool_curves) == ("", None, None)
    assert every.curves is not None and every.reliability is not None
    assert every.curves.base_rate == pytest.approx(1 / 3)
    state.class_id = class_id(state.dashboard.context.project, "rare")
    one = state.figures()()
    assert one.class_name == "rare"
    assert one.share is not None and one.pool_curves is not None
    assert one.pool_curves.base_rate == pytest.approx(one.share)


def test_class_figures__of_a_class_without_labels_that_were_tested() -> None:
    seen = OutOfFoldPredictions(
        np.arange(4), np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.full((4, 3), 1 / 3)
    )
    found = class_figures(seen, 2, name="rare", share=0.1)
    assert (found.class_name, found.curves, found.reliability) == ("rare", None, None)


def test_figures__a_class_the_round_did_not_know_gives_those_of_all(state: ModelState) -> None:
    state.class_id = 999
    assert state.figures()().class_name == ""


def test_unseen__a_round_of_an_earlier_version_has_none(state: ModelState) -> None:
    (round_folder(state.dashboard.context.project.paths.rounds, 1) / UNSEEN_LABELS).unlink()
    fresh = ModelState(state.dashboard)
    assert fresh.unseen is None
    assert fresh.figures()().curves is None
    fresh.choose_cell(0, 0)
    assert fresh.chosen() is None


def test_figures__before_a_round(dashboard: DashboardState) -> None:
    state = ModelState(dashboard)
    assert state.names == []
    assert state.figures()().reliability is None


def test_largest_confusions__leaves_out_the_diagonal_and_what_is_empty() -> None:
    counts = np.array([[50, 0, 3], [7, 10, 0], [0, 1, 4]])
    assert largest_confusions(counts, most=2) == [(1, 0, 7), (0, 2, 3)]
    assert len(largest_confusions(counts, most=9)) == 3
    assert largest_confusions(np.zeros((0, 0), int), most=3) == []


def test_most_confused__in_the_order_of_the_columns() -> None:
    counts = np.array([[50, 0, 0, 0], [7, 10, 0, 0], [0, 0, 4, 0], [0, 0, 1, 9]])
    assert most_confused(counts, most=2).tolist() == [0, 1]
    assert most_confused(counts, most=3).tolist() == [0, 1, 2]
    assert most_confused(counts, most=9).tolist() == [0, 1, 2, 3]
