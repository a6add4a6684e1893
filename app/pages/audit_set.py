"""The audit set on the pages: the Model page's card on what it says, and the Label page's button to label it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from typing import Any

import panel_material_ui as pmui

from app.access import may, require
from app.audit_quality import Quality, read_quality
from app.audit_set import AuditReport, draw_audit_set, read_audit_report
from app.audit_words import ANSWERS, count_words, counted, difference_words, shown, unfound_words
from app.background import Background
from app.components.layout import html, panel, stack, wide_table
from app.notices import tell_done, tell_problem
from app.pages.quality import QualityCard
from app.session import DashboardState
from config.errors import GoldpanError
from labeling.people import Role
from labeling.queue import lease_audit
from models.quality import QualityReport

FIRST_SIZE = 300
"""Items that the button draws; half an hour's work, and intervals of a few percent."""

AT_ONCE = 50
"""Items that a press on the Label page's button puts in front."""

HELD = "Others are labelling all that is left of the audit set; try again in a few minutes."

SENTENCES_MAX = 12
"""Classes of which a sentence says what is unfound, those with most to find; the table has all."""

NOTE = (
    "Drawn at random from what nobody had labelled, labelled without the model's suggestion and held out of training, "
    "so that these figures hold for the pool. Each has its 95 % interval."
)
BEGIN = (
    "<p>There is no audit set yet. It is the only way to figures that hold for the whole pool: items drawn at random, "
    "held out of training and labelled blind. About 300 give intervals of a few percent. Draw them here, or with "
    "<code>goldpan audit-set draw PROJECT.YAML --size 300</code>; then press <b>Label the audit set</b> on the Label "
    "page.</p>"
)
HEADS = {
    "precision": "precision",
    "recall": "recall",
    "prevalence": "share of the pool",
    "unfound": "still unfound",
}


class AuditSetCard:
    """What the audit set says, over a dashboard state."""

    def __init__(self, state: DashboardState, document: Any) -> None:  # noqa: ANN401 - a bokeh Document
        """Build the views; `paint` fills them.

        Args:
            state: the tab's dashboard state.
            document: the tab's bokeh Document.
        """
        self.state = state
        self._background = Background(document, state.context.reader)
        self._shown: tuple[int, int, int, int] | None = None
        self._drawn = 0
        self.quality = QualityCard()
        self.said, self.table, self.meaning = html(), html(), html()
        self.draw = pmui.Button(
            label="Draw an audit set", variant="outlined", on_click=self._draw, margin=0, visible=False
        )

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        content = stack(self.said, self.draw, self.table, self.meaning)
        return panel("What the audit set says", content, note=NOTE)

    def paint(self) -> None:
        """Compute the figures in a thread and show them, unless the present ones are shown already."""
        state = self.state
        wanted = (state.revision, state.round_number, state.classes_version, self._drawn)
        if wanted == self._shown:
            return
        number = state.round_number
        self._background.ask(
            lambda: self._read(number), lambda found: self._show_both(*found, wanted), failed=self._fail
        )

    def show(self, report: AuditReport | None, shown: tuple[int, int, int, int] | None = None) -> None:
        """Show a report; None where nothing was drawn."""
        self._shown = shown
        self.draw.visible = report is None and may(self.state.context, Role.REVIEWER)
        if report is None:
            self.said.object, self.table.object, self.meaning.object = BEGIN, "", ""
            return
        meaning = self.state.meaning
        quality = (
            QualityReport.from_dict(meaning.quality) if meaning is not None and meaning.quality else None
        )
        self.said.object = said_html(report, quality)
        self.table.object = table_html(report)
        self.meaning.object = "" if report.figures is None else meaning_html()

    def _read(self, number: int) -> tuple[AuditReport | None, Quality]:
        project = self.state.context.project
        report = read_audit_report(project, round_number=number)
        return report, read_quality(project, report=report, round_number=number)

    def _show_both(
        self, report: AuditReport | None, quality: Quality, shown: tuple[int, int, int, int]
    ) -> None:
        self.show(report, shown)
        self.quality.show(quality)

    def _fail(self, message: str) -> None:
        self.said.object = f'<p class="gp-problem">{escape(message)}</p>'

    async def _draw(self, *_: Any) -> None:  # noqa: ANN401
        """Draw in the writer's thread: of a large pool that takes a second, and other pages must go on."""
        context, status = self.state.context, self.state.status
        left = context.readable - (0 if status is None else sum(count for _, count in status.acts))
        # A small pool is not held out as a whole.
        size = max(2, min(FIRST_SIZE, left // 4))
        self.draw.param.update(loading=True, disabled=True)
        try:
            require(context, Role.REVIEWER)
            drawn = await asyncio.get_running_loop().run_in_executor(
                context.writer,
                lambda: draw_audit_set(context.project, size=size, annotator_id=context.annotator_id),
            )
        except GoldpanError as problem:
            tell_problem(str(problem))
            return
        finally:
            self.draw.param.update(loading=False, disabled=False)
        context.supervisor.wake()
        tell_done(f"{len(drawn.new.item_keys)} items are drawn; label them on the Label page.")
        self._drawn += 1
        self.paint()


class AuditSetButton:
    """The Label page's button that puts items of the audit set in front."""

    def __init__(self, state: DashboardState, open_keys: Callable[[list[str]], None]) -> None:
        """Build the button; it is hidden while nothing of an audit set is left to label.

        Args:
            state: the tab's dashboard state.
            open_keys: shows items by their keys, one after the other.
        """
        self.state, self._open = state, open_keys
        self.button = pmui.Button(
            label="",
            variant="outlined",
            on_click=self._press,
            margin=0,
            visible=False,
            sizing_mode="stretch_width",
        )
        state.param.watch(lambda *_: self.refresh(), "audit_left")
        self.refresh()

    def refresh(self) -> None:
        """Say how many items are left."""
        left = self.state.audit_left
        self.button.label = f"Label the audit set ({left} left)"
        self.button.visible = left > 0 and may(self.state.context, Role.ANNOTATOR)

    async def _press(self, *_: Any) -> None:  # noqa: ANN401
        context = self.state.context

        def take() -> list[str]:
            with context.project.database.transaction() as session:
                return lease_audit(
                    session,
                    annotator_id=context.annotator_id,
                    count=AT_ONCE,
                    lease_s=context.project.config.rounds.lease_s,
                )

        try:
            require(context, Role.ANNOTATOR)
            keys = await asyncio.get_running_loop().run_in_executor(context.writer, take)
        except GoldpanError as problem:
            tell_problem(str(problem))
            return
        if keys:
            self._open(keys)
        else:
            tell_problem(HELD)


def said_html(report: AuditReport, quality: QualityReport | None) -> str:
    """Return what the set says of all classes, and what is still unfound, as HTML; every name is escaped."""
    figures = report.figures
    parts = [f"<p>{escape(count_words(report))}</p>"]
    if figures is None:
        parts.append("<p>Press <b>Label the audit set</b> on the Label page to begin.</p>")
        return "".join(parts)
    if figures.accuracy is None:
        quiet = "No model says anything of this pool yet; how much is unfound is known already."
        parts.append(f'<p class="gp-quiet">{quiet}</p>')
    else:
        total = len(figures.classes)
        met = "" if figures.met == total else f" over the {figures.met} of {total} classes that the set met"
        parts.append(
            f"<p>Accuracy <b>{shown(figures.accuracy)}</b>, balanced accuracy "
            f"<b>{shown(figures.balanced_accuracy)}</b>{met}.</p>"
        )
    gap = difference_words(report, quality)
    parts.append(f"<p>{escape(gap)}</p>" if gap else "")
    most = sorted(figures.classes, key=lambda entry: -entry.unfound.high)[:SENTENCES_MAX]
    lines = (unfound_words(entry, report.classes[entry.class_index].name) for entry in most)
    parts.append("<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>")
    return "".join(parts)


def table_html(report: AuditReport) -> str:
    """Return the figures of each class as an HTML table; every name is escaped."""
    if report.figures is None:
        return ""
    rows = "".join(
        f"<tr><th scope='row'>{escape(report.classes[entry.class_index].name)}</th><td>{entry.met}</td>"
        f"<td>{shown(entry.precision)}</td><td>{shown(entry.recall)}</td><td>{shown(entry.prevalence)}</td>"
        f"<td>{counted(entry.unfound)}</td></tr>"
        for entry in report.figures.classes
    )
    heads = "".join(f"<td>{head}</td>" for head in HEADS.values())
    head = f"<thead><tr><th scope='col'>Class</th><td>met</td>{heads}</tr></thead>"
    return wide_table(
        "What the audit set says of each class", f"<table class='gp-fields'>{head}{rows}</table>"
    )


def meaning_html() -> str:
    """Return for each figure what it answers and when it misleads."""
    lines = "".join(
        f"<li><b>{name.replace('_', ' ').capitalize()}</b>: {answers} {misleads}</li>"
        for name, (answers, misleads) in ANSWERS.items()
    )
    return f"<details><summary>What each figure answers, and when it misleads</summary><ul>{lines}</ul></details>"
