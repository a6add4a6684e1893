"""The Model page's curves: are the probabilities right, what is found and at what price; for a class or for all.

What each figure answers, and where it misleads when a class is rare, follows McDermott et al. (2024), "A Closer Look at
AUROC and AUPRC under Class Imbalance": average precision weighs a mistake the more the fewer items are likelier, and so
favours groups of items in which the class is frequent; the area under the ROC curve weighs all mistakes alike, and so
hides false alarms where positives are rare.
"""

from __future__ import annotations

from html import escape
from typing import Any

from app.background import Background
from app.components.charts import precision_recall_chart, reliability_chart, roc_chart
from app.components.charts_style import share_text
from app.components.class_select import ClassSelect
from app.components.layout import html, panel, stack, three_columns
from app.model_state import ModelFigures, ModelState
from models.quality import Estimate

ALL = "all classes, each counting the same"
NOTE = (
    "From cross-validation over your labels: each was predicted by a model that had not seen it. The strategy chose "
    "these labels and prefers hard ones, so that the whole pool may differ."
)
SURE_ENOUGH = 0.03
"""Probabilities are called about right where they are off by less on average."""


class CurvesCard:
    """Views of the curves over a state."""

    def __init__(self, state: ModelState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views and link them to the state.

        Args:
            state: what is looked at on the Model page.
            document: the tab's bokeh Document.
        """
        self.state = state
        self._background = Background(document, state.dashboard.context.reader)
        self.about = ClassSelect(
            "Class",
            none=ALL,
            on_choose=lambda class_id: setattr(state, "class_id", class_id),
            sizing_mode="stretch_width",
            max_width=300,
            margin=(6, 0, 0, 0),
        )
        self.problem = html(visible=False)
        self.reliability, self.roc, self.precision = stack(), stack(), stack()
        self.reliability_said, self.roc_said, self.precision_said = html(), html(), html()
        state.param.watch(lambda *_: self.paint(), "class_id")

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        return panel(
            "Probabilities and thresholds",
            self.about.view,
            self.problem,
            three_columns(
                stack(html("<h4>Are the probabilities right?</h4>"), self.reliability, self.reliability_said),
                stack(html("<h4>Found against false alarms (ROC)</h4>"), self.roc, self.roc_said),
                stack(
                    html("<h4>Found against right (precision–recall)</h4>"),
                    self.precision,
                    self.precision_said,
                ),
            ),
            note=NOTE,
        )

    def paint(self) -> None:
        """Compute the curves of the class looked at in a thread, and draw them."""
        dashboard = self.state.dashboard
        known = set(dashboard.meaning.class_ids) if dashboard.meaning is not None else set()
        self.about.show([entry for entry in dashboard.classes if entry.id in known], self.state.class_id)
        self._background.ask(self.state.figures(), self._draw, failed=self._fail)

    def _draw(self, found: ModelFigures) -> None:
        theme = self.state.dashboard.theme
        self.problem.visible = False
        of_class = bool(found.class_name)
        self.reliability[:] = [reliability_chart(found.reliability, of_class=of_class, theme=theme)]
        self.roc[:] = [roc_chart(found.curves, theme=theme)]
        self.precision[:] = [precision_recall_chart(found.curves, found.pool_curves, theme=theme)]
        self.reliability_said.object = reliability_html(found)
        self.roc_said.object = roc_html(found)
        self.precision_said.object = precision_html(found)

    def _fail(self, message: str) -> None:
        self.problem.object = f'<p class="gp-problem">{escape(message)}</p>'
        self.problem.visible = True


def reliability_html(found: ModelFigures) -> str:
    """Return in words whether the probabilities come true, as HTML."""
    if found.reliability is None:
        return ""
    error, excess = found.reliability.error, found.reliability.excess
    if error < SURE_ENOUGH:
        verdict = "about right"
    elif abs(excess) < SURE_ENOUGH:
        verdict = "right on average, too high for some and too low for others"
    else:
        verdict = f"too {'high' if excess > 0 else 'low'} by {abs(excess):.0%} on average"
    return (
        f"<p>The probabilities are <b>{verdict}</b>; calibration error <b>{error:.2f}</b>. On the dashed line they "
        "would come true as often as they say. Every class counts the same here, as if all were equally frequent; "
        "a number beside a point is how many labels it stands for.</p>"
    )


def roc_html(found: ModelFigures) -> str:
    """Return in words what the ROC curve answers, as HTML; every text in it is escaped."""
    if found.curves is None:
        return ""
    about = f"“{escape(found.class_name)}”" if found.class_name else "a class, on average,"
    return (
        f"<p>AUROC <b>{_said(found.curves.auroc)}</b>: how often an item of {about} gets a higher probability for it "
        "than an item of another class does; 0.50 is chance. <b>When a class is rare</b> it flatters: it is the same "
        f"however rare the class is, and {_alarms(found)}.</p>"
    )


def precision_html(found: ModelFigures) -> str:
    """Return in words what the precision-recall curve answers, as HTML; every text in it is escaped."""
    if found.curves is None:
        return ""
    pool = ""
    if found.pool_curves is not None and found.share is not None:
        pool = (
            f" At its estimated share of the pool, {share_text(found.share)}, expect about "
            f"<b>{found.pool_curves.auprc.value:.2f}</b> (chance: {share_text(found.share)})."
        )
    return (
        f"<p>AUPRC (average precision) <b>{_said(found.curves.auprc)}</b>: of the items taken for the class, how many "
        f"are right; chance is the base rate, {share_text(found.curves.base_rate)}.{pool} <b>When classes differ in "
        "size</b> it misleads across them: a frequent one, or a group of items in which the class is frequent, comes "
        "out better for that alone. Compare it for one class, on the same items.</p>"
    )


def _alarms(found: ModelFigures) -> str:
    """Say what a small share of false alarms means at the class's share of the pool."""
    if found.share is None or found.share >= 0.5:
        return "few false alarms in a hundred are many for each item found"
    each = 0.05 * (1 - found.share) / found.share
    number = f"{each:.0f}" if each >= 2 else f"{each:.1f}"
    return (
        f"at {share_text(found.share)} of the pool, 5% of the others taken for it are {number} false alarms for each "
        "item of the class there is"
    )


def _said(area: Estimate) -> str:
    return f"{area.value:.2f}</b> ({area.low:.2f} to {area.high:.2f})<b>"
