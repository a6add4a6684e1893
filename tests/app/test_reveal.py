from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.context import ServerContext, make_context
from app.project import Project
from app.reveal import has_truth, reveal
from app.run_now import run_now
from app.session import DashboardState
from app.status import read_status
from tests.projects import COUNTS, label, label_some, truth_of


@pytest.fixture
def context(clouds: Project) -> Iterator[ServerContext]:
    made = make_context(clouds, hosts=frozenset({"localhost:1"}))
    yield made
    made.supervisor.worker.kill()


def state_of(context: ServerContext) -> DashboardState:
    state = DashboardState(context)
    state.apply(read_status(context.project.database))
    return state


def test_reveal__rarest_class_first(context: ServerContext) -> None:
    found = reveal(state_of(context))
    assert found is not None
    assert [(entry.name, entry.in_pool) for entry in found.classes] == [
        ("rare", 8),
        ("other", 40),
        ("common", 60),
    ]
    assert (found.labels, found.balanced_accuracy) == (0, None)


def test_reveal__counts_labels_that_agree(context: ServerContext, clouds: Project) -> None:
    rare = next(key for key, name in truth_of(clouds).items() if name == "rare")
    label_some(clouds, each=1)
    label(clouds, {rare: "common"})
    found = reveal(state_of(context))
    assert found is not None
    assert (found.labels, found.agreeing) == (3, 2)


def test_reveal__scores_the_model_on_the_unlabelled_rest(context: ServerContext, clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    found = reveal(state_of(context))
    assert found is not None and found.balanced_accuracy is not None
    assert found.balanced_accuracy > 0.95
    assert sum(entry.unlabelled for entry in found.classes) == sum(COUNTS.values()) - 12


def test_has_truth__false_where_none_is_kept(context: ServerContext, clouds: Project) -> None:
    assert has_truth(state_of(context))
    (clouds.paths.pool / "truth.parquet").unlink()
    assert not has_truth(state_of(context))
    assert reveal(state_of(context)) is None
