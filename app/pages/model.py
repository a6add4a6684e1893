"""The Model page: learning curve, advice on stopping, quality of each class, confusions, curves, rounds compared."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd
import panel_material_ui as pmui

from app.advice import latest_advice
from app.background import Background
from app.components.charts import class_quality, learning_curve
from app.components.layout import html, panel, stack, two_columns, wide_table
from app.components.stopping_card import stopping_card
from app.debounce import Debounced
from app.model_data import curve_frame, quality_frame
from app.model_state import ModelState
from app.pages.audit_set import AuditSetCard
from app.pages.model_confusion import ConfusionCard
from app.pages.model_curves import CurvesCard
from app.pages.model_rounds import RoundsCard
from app.pages.shift import ShiftCard
from app.pages.team import TeamCard
from app.reveal import Revealed, has_truth, reveal
from app.session import DashboardState
from labeling.round_log import RoundRow, list_rounds
from models.quality import QualityReport

PAUSE_MS = 600


class ModelPage:
    """Views of the Model page over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state."""
        self.state = state
        self.looked_at = ModelState(state)
        self.curve = stack()
        self.stopping = html()
        self.quality = stack()
        self.confusion = ConfusionCard(self.looked_at)
        self.curves = CurvesCard(self.looked_at, document)
        self.rounds = RoundsCard(state, document)
        self.team = TeamCard(state, document)
        self.audit_set = AuditSetCard(state, document)
        self.shift = ShiftCard(state, document)
        self.said = html()
        self.truth = html()
        self.ask_truth = pmui.Button(
            label="Reveal how it went", variant="outlined", on_click=self._reveal, margin=0
        )
        self._background = Background(document, state.context.reader)
        self._repaint = Debounced(document, self.paint, pause_ms=PAUSE_MS)
        state.param.watch(self._repaint.ask, ["round_number", "classes_version", "dark"])
        state.param.watch(lambda *_: self.paint(), ["page"])

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the page's layout."""
        panels = [
            panel("Learning curve", self.said, self.curve),
            panel("Is it time to stop?", self.stopping),
            panel("Quality of each class", self.quality),
            self.confusion.view(),
        ]
        wide = [
            self.audit_set.view(),
            self.audit_set.quality.view(),
            self.shift.view(),
            self.team.view(),
            self.curves.view(),
            self.rounds.view(),
        ]
        if has_truth(self.state):
            why = "The true labels of this pool are kept aside: neither you nor the model saw them."
            wide.append(panel("The truth", self.ask_truth, self.truth, note=why))
        return stack(two_columns(*panels), *wide)

    def paint(self) -> None:
        """Draw the charts anew; nothing happens while another page is shown."""
        if self.state.page != "Model":
            return
        theme = self.state.theme
        self.stopping.object = stopping_card(latest_advice(self.state))
        meaning = self.state.meaning
        report = QualityReport.from_dict(meaning.quality) if meaning is not None and meaning.quality else None
        names = self.looked_at.names
        self.said.object = _source(report)
        self.quality[:] = [class_quality(quality_frame(report, names), theme=theme)]
        counts = np.zeros((len(names), len(names)), int) if report is None else np.asarray(report.confusion)
        self.confusion.paint(counts)
        self.curves.paint()
        self.audit_set.paint()
        self.team.paint()
        self._background.ask(self._read_rounds, self._draw_rounds, failed=self._fail)

    def _read_rounds(self) -> tuple[list[RoundRow], pd.DataFrame]:
        with self.state.context.project.database.reading() as session:
            rounds = list_rounds(session)
        return rounds, curve_frame(rounds)

    def _draw_rounds(self, found: tuple[list[RoundRow], pd.DataFrame]) -> None:
        rounds, frame = found
        self.curve[:] = [learning_curve(frame, theme=self.state.theme)]
        self.rounds.paint(rounds)

    def _fail(self, message: str) -> None:
        self.curve[:] = [html(f'<p class="gp-problem">{escape(message)}</p>')]

    def _reveal(self, *_: Any) -> None:  # noqa: ANN401
        found = reveal(self.state)
        self.truth.object = "" if found is None else truth_html(found)


def truth_html(found: Revealed) -> str:
    """Return the comparison with the truth as HTML; every name is escaped."""
    share = "no model yet" if found.balanced_accuracy is None else f"{found.balanced_accuracy:.0%}"
    rows = "".join(
        f"<tr><th>{escape(row.name)}</th><td>{row.in_pool}</td><td>{row.labelled}</td>"
        f"<td>{'–' if row.found is None else f'{row.found} of {row.unlabelled}'}</td></tr>"
        for row in found.classes
    )
    table = (
        f"<table class='gp-fields'><thead><tr><th>Class</th>"
        f"<td>in the pool</td><td>you met</td><td>model finds in the rest</td></tr></thead>{rows}</table>"
    )
    return (
        f"<p><b>{found.agreeing} of {found.labels}</b> of your labels agree with the truth. Balanced accuracy of the "
        f"model on the unlabelled rest of the pool: <b>{share}</b>.</p>"
        f"{wide_table('The truth of each class', table)}"
    )


def _source(report: QualityReport | None) -> str:
    if report is None or report.balanced_accuracy is None:
        return '<p class="gp-quiet">Figures appear once two classes have a few labels each.</p>'
    value = report.balanced_accuracy
    return (
        f"<p>Balanced accuracy <b>{value.value:.0%}</b> ({value.low:.0%} to {value.high:.0%}), from "
        f"{escape(report.source)} over your labels. The strategy chose those labels and prefers hard ones, so the "
        "figure for the whole pool may differ.</p>"
    )
