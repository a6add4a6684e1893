from __future__ import annotations

import pandas as pd

from app.pages.export import ExportPage
from app.session import DashboardState
from tests.coroutines import finish
from tests.projects import label_some


def test_export_page__writes_the_selection_that_is_asked_for(dashboard: DashboardState) -> None:
    project = dashboard.context.project
    label_some(project, each=8)
    page = ExportPage(dashboard, None)
    page.plan.fields["split"].value = "50/50"
    page.plan.fields["budget"].value = "12"
    finish(page.plan.state.preview())
    assert "12 of 24 labels are selected" in page.plan.said.object
    finish(page.write_to_folder())
    [written] = project.paths.exports.glob("*/selection.csv")
    assert pd.read_csv(written)["split"].value_counts().to_dict() == {"train": 6, "test": 6}


def test_export_page__says_what_is_wrong_with_a_wish(dashboard: DashboardState) -> None:
    page = ExportPage(dashboard, None)
    page.plan.fields["split"].value = "<b>most</b>"
    finish(page.plan.state.preview())
    assert "gp-problem" in page.plan.said.object and "<b>most" not in page.plan.said.object
