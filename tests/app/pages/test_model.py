"""The Model page's words and what its cards do, without a browser."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.model_state import Cell, ModelFigures
from app.pages.model import ModelPage
from app.pages.model_confusion import cell_html
from app.pages.model_curves import precision_html, reliability_html, roc_html
from app.pages.model_rounds import comparison_html
from app.round_compare import Change, ClassChange, Comparison
from app.run_now import run_now
from app.session import DashboardState
from app.status import read_status
from models.curves import class_curves, reliability
from models.quality import Estimate
from tests.models.test_curves import predictions
from tests.projects import label, mislabel, truth_of

HOSTILE = "<script>alert(1)</script>"


def figures(**changes: object) -> ModelFigures:
    seen = predictions()
    found = ModelFigures(
        class_name="rare",
        share=0.02,
        curves=class_curves(seen, 2),
        pool_curves=class_curves(seen, 2, share=0.02),
        reliability=reliability(seen, 2),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.fixture
def shown(dashboard: DashboardState) -> ModelPage:
    """The page on show, after a round with one mislabelled item."""
    mislabel(dashboard.context.project)
    run_now(dashboard.context.project)
    dashboard.apply(read_status(dashboard.context.project.database))
    dashboard.page = "Model"
    made = ModelPage(dashboard, None)
    made.paint()
    return made


def test_words__name_the_figures_and_where_they_mislead() -> None:
    assert "AUROC" in roc_html(figures()) and "2.0% of the pool" in roc_html(figures())
    assert "AUPRC" in precision_html(figures()) and "share of the pool, 2.0%" in precision_html(figures())
    assert "calibration error" in reliability_html(figures())


def test_words__nothing_without_figures() -> None:
    none = ModelFigures("", None, None, None, None)
    assert [roc_html(none), precision_html(none), reliability_html(none)] == ["", "", ""]


def test_words__names_are_escaped() -> None:
    cell = Cell(HOSTILE, "b", np.arange(3), np.ones(3, np.float32))
    same = Change(Estimate(0.5, 0.4, 0.6), Estimate(0.9, 0.8, 1.0), Estimate(0.4, 0.2, 0.6))
    found = Comparison(1, 2, 10, 20, same, same, (ClassChange(HOSTILE, 2, 4, same),), None, 0, None, 0)
    for text in (cell_html(cell), roc_html(figures(class_name=HOSTILE)), comparison_html(found)):
        assert "<script>" not in text
        assert "&lt;script&gt;" in text


def test_model_page__a_largest_confusion_shows_its_items(shown: ModelPage) -> None:
    labels = [button.label for button in shown.confusion.buttons if button.visible]
    assert "1 × other taken for common" in labels
    shown.confusion.state.choose_cell(1, 0)
    assert shown.confusion.items.visible
    (item,) = shown.confusion.sheet.items
    assert item["label"].endswith("common")
    assert "1 item</strong> labelled other, taken for common" in shown.confusion.summary.object


def test_model_page__hands_a_cell_to_the_map_and_to_the_check(shown: ModelPage) -> None:
    shown.confusion.state.choose_cell(0, 0)
    cell = shown.confusion.state.chosen()
    assert cell is not None
    shown.confusion._show_on_map()
    assert shown.state.page == "Explore"
    assert shown.state.handed_over.find().tolist() == cell.rows.tolist()
    shown.confusion._check()
    assert shown.state.page == "Confirm"
    assert shown.state.audit_keys == shown.state.context.project.pool.keys(cell.rows)


def test_model_page__compares_the_last_two_rounds(shown: ModelPage) -> None:
    assert "Two rounds with figures" in shown.rounds.said.object
    project = shown.state.context.project
    label(project, dict(list(truth_of(project).items())[:40]))
    run_now(project)
    shown.state.apply(read_status(project.database))
    assert shown.rounds.before.value.startswith("round 1 ·")
    assert shown.rounds.after.value.startswith("round 2 ·")
    assert "balanced accuracy" in shown.rounds.said.object
    shown.rounds.after.value = shown.rounds.before.value
    assert "two different rounds" in shown.rounds.said.object


def test_model_page__before_a_round(dashboard: DashboardState) -> None:
    dashboard.page = "Model"
    made = ModelPage(dashboard, None)
    made.paint()
    assert not made.confusion.items.visible
    assert [button.visible for button in made.confusion.buttons] == [False] * 8


def test_confusion_card__many_classes_begin_with_the_most_confused(shown: ModelPage) -> None:
    card = shown.confusion
    ids = tuple(range(1, 151))
    meaning = shown.state.meaning
    assert meaning is not None
    names = tuple(f"class {number}" for number in ids)
    shown.state._meaning = replace(meaning, class_ids=ids, class_names=names)
    counts = np.eye(150, dtype=int)
    counts[120, 3] = 5
    card.paint(counts)
    assert card.buttons[0].label == "5 × class 121 (archived) taken for class 4 (archived)"
    assert card.which.object.count("40 of 150") == 1
    cells = card.chart[0].object.Rectangles.I.dframe()
    assert len(cells) == 40 * 40
    card._turn()
    assert len(card.chart[0].object.Rectangles.I.dframe()) == 150 * 150
