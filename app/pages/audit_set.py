"""The audit set on the pages: the Model page's card on what it says, and the Label page's button to label it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import panel_material_ui as pmui

from app.access import may, require
from app.audit_quality import Quality, read_quality
from app.audit_set import AuditReport, audit_criteria, read_audit_report
from app.audit_words import ANSWERS, count_words, counted, difference_words, shown, unfound_words
from app.background import Background
from app.components.layout import html, panel, stack, wide_table
from app.notices import tell_problem
from app.pages.audit_draw import AuditDrawForm
from app.pages.quality import QualityCard
from app.session import DashboardState
from config.errors import GoldpanError
from labeling.people import Role
from labeling.queue import lease_audit
from models.quality import QualityReport

AT_ONCE = 50
"""Items that a press on the Label page's button puts in front."""

HELD = "Others are labelling all that is left of the audit set; try again in a few minutes."

LABEL_ROOM = (6, 0, 0, 0)
"""Above a field, whose label sits on its upper edge."""

TITLE_MAX = 80
"""Characters of a criterion in the field that chooses one."""

_Wanted = tuple[int, int, int, int, str | None]
"""What the figures that are shown depend on."""

SENTENCES_MAX = 12
"""Classes of which a sentence says what is unfound, those with most to find; the table has all."""

NOTE = (
    "Drawn at random from what nobody had labelled, labelled without the model's suggestion and held out of training, "
    "so that these figures hold for the pool, or for the items that match the criterion it was drawn by. Each has its "
    "95 % interval."
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
        self._shown: _Wanted | None = None
        self._where: str | None = None
        self._told = ""
        self._titles: dict[str, str] = {}
        self.quality = QualityCard()
        self.said, self.table, self.meaning = html(), html(), html()
        self.of = pmui.Select(
            label="Figures of",
            options=[],
            size="small",
            sizing_mode="stretch_width",
            max_width=420,
            margin=LABEL_ROOM,
            visible=False,
        )
        self.of.param.watch(self._choose, "value")
        self.form = AuditDrawForm(state, document, self._drawn)

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        content = stack(self.of, self.said, self.table, self.meaning, self.form.view)
        return panel("What the audit set says", content, note=NOTE)

    def paint(self) -> None:
        """Compute the figures in a thread and show them, unless the present ones are shown already."""
        state = self.state
        # What is left to answer tells of draws made elsewhere too.
        wanted = (state.revision, state.round_number, state.classes_version, state.audit_left, self._where)
        if wanted == self._shown:
            return
        number, where = state.round_number, self._where
        self._background.ask(
            lambda: self._read(number, where), lambda found: self._show_all(*found, wanted), failed=self._fail
        )

    def show(self, report: AuditReport | None) -> None:
        """Show a report; None where nothing was drawn."""
        self.form.show(drawn=report is not None)
        if report is None:
            self.said.object, self.table.object, self.meaning.object = BEGIN, "", ""
            return
        meaning = self.state.meaning
        quality = (
            QualityReport.from_dict(meaning.quality) if meaning is not None and meaning.quality else None
        )
        self.said.object = said_html(report, quality)
        self.table.object = table_html(report)
        self.meaning.object = "" if report.figures is None else meaning_html(report.where)

    def _read(self, number: int, where: str | None) -> tuple[list[str], AuditReport | None, Quality]:
        project = self.state.context.project
        criteria = audit_criteria(project)
        chosen = where if where in criteria else next(iter(criteria), "")
        report = read_audit_report(project, round_number=number, where=chosen)
        return criteria, report, read_quality(project, report=report, round_number=number)

    def _show_all(
        self, criteria: Sequence[str], report: AuditReport | None, quality: Quality, shown: _Wanted
    ) -> None:
        self._shown = shown
        self._offer(criteria, "" if report is None else report.where)
        self.show(report)
        self.quality.show(quality)

    def _offer(self, criteria: Sequence[str], chosen: str) -> None:
        """Offer what there are figures of, where there is more than one thing."""
        self._told = chosen
        self._titles = {choice_title(where, place): where for place, where in enumerate(criteria)}
        titles = list(self._titles)
        self.of.param.update(
            options=titles, value=next((title for title in titles if self._titles[title] == chosen), None)
        )
        self.of.visible = len(titles) > 1

    def _choose(self, event: Any) -> None:  # noqa: ANN401 - a param event
        where = self._titles.get(event.new)
        if where is not None and where != self._told:
            self._where = where
            self.paint()

    def _drawn(self, where: str) -> None:
        """Show the figures of what was drawn."""
        self._where, self._shown = where, None
        self.paint()

    def _fail(self, message: str) -> None:
        self.said.object = f'<p class="gp-problem">{escape(message)}</p>'


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


def choice_title(where: str, place: int) -> str:
    """Return what a criterion is called in the field that chooses one; cut ones stay apart by their place."""
    if not where:
        return "The whole pool"
    title = f"Items where {where}"
    return title if len(title) <= TITLE_MAX else f"{place}. {title[: TITLE_MAX - 5]}…"


def said_html(report: AuditReport, quality: QualityReport | None) -> str:
    """Return what the set says of all classes, and what is still unfound, as HTML; every name is escaped."""
    figures = report.figures
    parts = [f"<p>{escape(count_words(report))}</p>"]
    if report.problem:
        return "".join(parts)
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
    names = HEADS | ({"prevalence": "share of these items"} if report.where else {})
    heads = "".join(f"<td>{head}</td>" for head in names.values())
    head = f"<thead><tr><th scope='col'>Class</th><td>met</td>{heads}</tr></thead>"
    return wide_table(
        "What the audit set says of each class", f"<table class='gp-fields'>{head}{rows}</table>"
    )


def meaning_html(where: str = "") -> str:
    """Return for each figure what it answers and when it misleads.

    Args:
        where: the criterion of the audit set; "" for the whole pool.
    """
    of_pool = f"<p>Here the pool is the items where {escape(where)}.</p>" if where else ""
    lines = "".join(
        f"<li><b>{name.replace('_', ' ').capitalize()}</b>: {answers} {misleads}</li>"
        for name, (answers, misleads) in ANSWERS.items()
    )
    summary = "<summary>What each figure answers, and when it misleads</summary>"
    return f"<details>{summary}{of_pool}<ul>{lines}</ul></details>"
