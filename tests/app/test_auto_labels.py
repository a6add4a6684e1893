from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from app.audit_set import draw_audit_set
from app.auto_labels import AutoWishes, add_auto_labels, lowest_threshold, wrong_share
from app.cli import app
from app.errors import AutoLabelsError
from app.exporting import export_bundle, export_project, preview_auto_labels
from app.pages.export import ExportPage
from app.project import Project
from app.round_files import read_arrays
from app.run_now import run_now
from app.session import DashboardState
from labeling.annotators import ensure_annotator
from labeling.exports.csv import read_labels
from labeling.exports.manifest import read_manifest
from models.audit_sample import AuditSample
from tests.coroutines import finish
from tests.projects import label, label_some, truth_of


def answer_audit_set(project: Project, *, wrong: int = 0, size: int = 40) -> list[str]:
    """Draw and answer an audit set, some of it with another class than the true one."""
    with project.database.transaction() as session:
        person = ensure_annotator(session, name="ann")
    drawn = draw_audit_set(project, size=size, annotator_id=person, design="random")
    truth = truth_of(project)
    keys = list(drawn.new.item_keys)
    told = {key: truth[key] for key in keys}
    for key in [key for key in keys if truth[key] == "common"][:wrong]:
        told[key] = "rare"
    label(project, told)
    return keys


@pytest.fixture
def trained(clouds: Project) -> Project:
    """The clouds after a round over six labels of each class."""
    label_some(clouds, each=6)
    run_now(clouds)
    return clouds


def test_add_auto_labels__is_refused_without_an_audit_set_or_a_model(clouds: Project) -> None:
    with pytest.raises(AutoLabelsError, match="no round has trained a model"):
        preview_auto_labels(clouds, AutoWishes())
    label_some(clouds)
    run_now(clouds)
    with pytest.raises(AutoLabelsError, match="--without-audit"):
        preview_auto_labels(clouds, AutoWishes())
    told = preview_auto_labels(clouds, AutoWishes(without_audit=True))
    assert "not known: there was no audit set" in told[1]


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (AutoWishes(target=0.4), "0.4; give a number above 0.5"),
        (AutoWishes(target=1.0), "below 1"),
        (AutoWishes(cap=0), "give 1 or more"),
    ],
)
def test_add_auto_labels__refuses_numbers_out_of_range(
    clouds: Project, wishes: AutoWishes, words: str
) -> None:
    with pytest.raises(AutoLabelsError, match=words):
        preview_auto_labels(clouds, wishes)


def test_add_auto_labels__the_surest_of_each_class_up_to_the_cap(trained: Project) -> None:
    keys = answer_audit_set(trained)
    before = export_bundle(trained)
    found = add_auto_labels(trained, before, AutoWishes(target=0.8, cap=5))
    assert found.auto is not None
    added = found.labels[found.labels["label_source"] == "model"]
    assert len(added) == found.auto.added > 5
    assert added["class_name"].value_counts().max() <= 5
    assert not set(added["item_key"]) & set(keys)
    assert not set(added["item_key"]) & set(before.labels["item_key"])
    arrays = read_arrays(trained.paths.rounds, 1)
    assert arrays is not None
    for entry in found.auto.classes:
        mine = added[added["class_name"] == entry.class_name]
        assert len(mine) == entry.added
        if entry.capped:
            assert entry.threshold is not None
            assert entry.threshold == pytest.approx(float(mine["probability"].astype(float).min()))
            # Nothing surer was left out.
            free = np.setdiff1d(
                np.arange(trained.pool.n), trained.pool.rows([*keys, *before.labels["item_key"]])
            )
            column = before.classes["class_name"].tolist().index(entry.class_name)
            likely = free[np.asarray(arrays.predicted)[free] == column]
            chances = np.asarray(arrays.probabilities[likely, column], np.float64)
            assert (chances > entry.threshold).sum() <= 5


def test_add_auto_labels__the_audit_set_judges_exactly_this_rule(trained: Project) -> None:
    answer_audit_set(trained, wrong=4)
    found = add_auto_labels(trained, export_bundle(trained), AutoWishes(target=0.8, cap=1_000)).auto
    assert found is not None and found.wrong is not None
    common = next(entry for entry in found.classes if entry.class_name == "common")
    assert common.wrong is not None and common.audited > 8
    assert common.wrong[0] == pytest.approx(4 / common.audited, abs=0.15)
    assert common.wrong[1] < common.wrong[0] < common.wrong[2]
    other = next(entry for entry in found.classes if entry.class_name == "other")
    assert other.wrong is not None and other.wrong[0] == 0.0 and other.wrong[2] > 0.05


def test_lowest_threshold__from_which_on_enough_are_right() -> None:
    chances = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    right = np.array([True, True, False, True, False])
    even = np.ones(5)
    assert lowest_threshold(chances, right, even, 0.99) == 0.8
    assert lowest_threshold(chances, right, even, 0.75) == 0.6
    assert lowest_threshold(chances, ~right, even, 0.9) == float("inf")
    # A label that stands for more counts more.
    assert lowest_threshold(chances, right, np.array([1, 1, 9, 1, 1.0]), 0.75) == 0.8
    # Of equal probabilities all or none are taken.
    assert lowest_threshold(np.array([0.9, 0.9]), np.array([True, False]), np.ones(2), 0.9) == float("inf")


def test_wrong_share__weighs_as_the_items_were_drawn() -> None:
    truth = np.array([0] * 10 + [1] * 10)
    sample = AuditSample(
        strata=np.repeat([0, 1], 10),
        sizes=np.array([900, 100]),
        shares=np.array([0.9, 0.1]),
        truth=truth,
        predicted=np.zeros(20, np.int64),
    )
    found = wrong_share(sample, np.ones(20, np.bool_))
    assert found is not None and found[0] == pytest.approx(0.1)
    assert wrong_share(sample, np.zeros(20, np.bool_)) is None
    assert wrong_share(None, None) is None


def test_export__only_if_asked_for_and_the_shared_config_has_none(trained: Project) -> None:
    answer_audit_set(trained)
    plain = export_project(trained, formats=("csv",))
    assert set(read_labels(plain.folder / "labels.csv")["label_source"]) == {"person"}
    assert read_manifest(plain.folder)["auto_labels"] is None

    done = CliRunner().invoke(
        app,
        ["export", str(trained.paths.config), "--formats", "csv", "--auto-labels", "--auto-target", "0.8",
         "--auto-cap", "4", "--to", str(trained.paths.exports / "auto")],
        catch_exceptions=False,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "are added as labels" in " ".join(done.output.split())
    labels = read_labels(trained.paths.exports / "auto/labels.csv")
    added = labels[labels["label_source"] == "model"]
    assert len(added) == read_manifest(trained.paths.exports / "auto")["auto_labels"]["added"] > 0
    assert added["annotator"].isna().all() and set(added["act"]) == {"predicted"}
    assert added["probability"].between(0.3, 1.0).all()
    shared = (trained.paths.exports / "auto/shared.yaml").read_text(encoding="utf-8")
    assert not [key for key in added["item_key"] if f"{key}\n" in shared]


def test_export_page__adds_none_unless_chosen_and_says_what_it_would_add(dashboard: DashboardState) -> None:
    project = dashboard.context.project
    page = ExportPage(dashboard, None)
    assert page.auto.wishes() is None
    finish(page.auto._preview())
    assert "no round has trained a model" in page.auto.said.object
    label_some(project)
    run_now(project)
    page.auto.add.value, page.auto.without.value, page.auto.cap.value = True, True, 7
    assert page.auto.wishes() == AutoWishes(0.95, 7, without_audit=True)
    finish(page.auto._preview())
    assert "at most 7 of a class" in page.auto.said.object
    assert not page.auto.ask.disabled
