"""What rounds on a small real project say about stopping, and what the pages read of it."""

from __future__ import annotations

from app.advice import latest_advice
from app.context import make_context
from app.pages.label import LabelPage
from app.pages.model import ModelPage
from app.project import Project
from app.run_now import run_now
from app.session import DashboardState
from app.status import read_status
from labeling.classes import add_class
from labeling.queue import proposals_of
from models.stopping import STEP_LABELS, WINDOW, Stopping
from tests.projects import label, label_some, truth_of


def advice(project: Project) -> Stopping:
    latest = read_status(project.database).latest
    assert latest is not None
    return Stopping.from_dict(latest.metrics["stopping"])


def label_proposals(project: Project, count: int) -> None:
    """Label the first proposals of the last round truly, and run the next."""
    number = read_status(project.database).round_number
    with project.database.reading() as session:
        keys = [entry.item_key for entry in proposals_of(session, round_number=number)][:count]
    truth = truth_of(project)
    label(project, {key: truth[key] for key in keys})
    run_now(project)


def dashboard(project: Project) -> DashboardState:
    context = make_context(project, hosts=frozenset())
    context.hub.status = read_status(project.database)
    return DashboardState(context)


def test_round__without_labels_there_is_nothing_to_tell(clouds: Project) -> None:
    run_now(clouds)
    found = advice(clouds)
    assert (found.verdict, found.labels, found.unmet, found.unknown) == ("too_early", 0, 3, None)


def test_round__models_are_compared_when_enough_labels_lie_between_them(clouds: Project) -> None:
    run_now(clouds)
    compared = []
    for _ in range(2 * STEP_LABELS // 5 + 1):
        label_proposals(clouds, 5)
        compared.append(advice(clouds).compared)
    assert compared == [0] * 4 + [1] * 4 + [2]
    assert advice(clouds).stability is None


def test_round__the_same_labels_again_change_nothing(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    first = advice(clouds)
    run_now(clouds)
    assert advice(clouds).course == first.course


def test_round__clear_clouds_settle_and_the_advice_says_why(clouds: Project) -> None:
    label_some(clouds, each=6)
    run_now(clouds)
    for _ in range(WINDOW):
        label_proposals(clouds, STEP_LABELS)
    found = advice(clouds)
    assert found.compared == WINDOW
    assert found.stability is not None and found.stability.value > 0.95
    assert {entry.class_name: entry.labels for entry in found.unfound}.keys() == {"common", "other", "rare"}
    for entry in found.unfound:
        assert entry.items is not None and entry.items.high <= found.left


def test_round__a_named_class_without_labels_speaks_for_going_on(clouds: Project) -> None:
    label_some(clouds, each=6)
    run_now(clouds)
    for _ in range(WINDOW):
        label_proposals(clouds, STEP_LABELS)
    with clouds.database.transaction() as session:
        add_class(session, name="never met", key=None, colour="#123456")
    run_now(clouds)
    assert (advice(clouds).verdict, advice(clouds).unmet) == ("go_on", 1)


def test_round__predictions_that_were_lost_begin_a_new_comparison(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    for file in clouds.paths.rounds.glob("*/watched.npy"):
        file.unlink()
    label_proposals(clouds, STEP_LABELS)
    assert advice(clouds).compared == 0
    label_proposals(clouds, STEP_LABELS)
    assert advice(clouds).compared == 1


def test_latest_advice__is_what_the_round_stored(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    assert latest_advice(dashboard(clouds)) == advice(clouds)


def test_latest_advice__none_before_a_round(clouds: Project) -> None:
    assert latest_advice(dashboard(clouds)) is None


def test_pages__show_the_advice(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    state = dashboard(clouds)
    assert "Too early to tell" in LabelPage(state, None).stopping.object
    page = ModelPage(state, None)
    state.page = "Model"
    assert "What is still unfound?" in page.stopping.object
