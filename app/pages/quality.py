"""The Model page's card of figures for unequal classes: the audit set's and cross-validation's, side by side."""

from __future__ import annotations

from html import escape
from typing import Any

from app.audit_quality import Quality
from app.components.layout import html, panel, stack, wide_table
from app.quality_words import MEANINGS, class_cells, holds_for, limits_words, rows_of, source_name
from models.quality_figures import QualityFigures

NOTE = (
    "Figures that a frequent class does not decide alone, each with its 95 % interval. Those of the audit set hold for "
    "the pool, or for the items that match its criterion; those of cross-validation for the labels given, which a "
    "strategy chose."
)
NOTHING = (
    '<p class="gp-quiet">Figures appear once two classes have a few labels each; those that hold for the pool, once '
    "some of an audit set is labelled.</p>"
)
CLASSES_MAX = 100
"""Classes whose rows are shown; the exported JSON has all."""


class QualityCard:
    """The figures as tables."""

    def __init__(self) -> None:
        """Build the views; `show` fills them."""
        self.table, self.classes, self.meaning = html(), html(), html(meaning_html())

    def view(self) -> Any:  # noqa: ANN401 - a Panel layout
        """Return the card."""
        return panel("Figures for unequal classes", stack(self.table, self.classes, self.meaning), note=NOTE)

    def show(self, quality: Quality) -> None:
        """Show the figures of both sources."""
        self.table.object = overall_html(quality)
        self.classes.object = "".join(
            classes_html(found, quality, opened=found is (quality.audited or quality.validated))
            for found in (quality.audited, quality.validated)
            if found is not None
        )


def overall_html(quality: Quality) -> str:
    """Return the figures over all classes as an HTML table, a column for each source; every name is escaped."""
    found = [each for each in (quality.audited, quality.validated) if each is not None]
    if not found:
        return NOTHING
    told = [rows_of(each, quality.class_names) for each in found]
    names = list(dict.fromkeys(name for each in told for name in each))
    head = "".join(
        f"<td>{escape(source_name(each.source, quality.where))}: {each.items:,} items<br>"
        f"{escape(holds_for(each.source, quality.where))}</td>"
        for each in found
    )
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th>"
        + "".join(f"<td>{escape(each.get(name, '–'))}</td>" for each in told)
        + "</tr>"
        for name in names
    )
    missing = (
        "" if quality.audited is not None else f'<p class="gp-quiet">{escape(_nothing_audited(quality))}</p>'
    )
    table = (
        f"<table class='gp-fields'><thead><tr><th scope='col'>Figure</th>{head}</tr></thead>{rows}</table>"
    )
    return (
        f"{missing}{wide_table('Figures over all classes', table)}"
        f'<p class="gp-quiet">{escape(limits_words(quality.limits))}</p>'
    )


def classes_html(found: QualityFigures, quality: Quality, *, opened: bool) -> str:
    """Return the figures of each class as an HTML table that folds away; every name is escaped.

    Args:
        found: the figures.
        quality: what they belong to.
        opened: whether the table is unfolded at first.
    """
    cells = [
        (quality.class_names[entry.class_index], class_cells(entry)) for entry in found.classes[:CLASSES_MAX]
    ]
    if not cells:
        return ""
    head = "".join(f"<td>{escape(name)}</td>" for name in cells[0][1])
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th>"
        + "".join(f"<td>{escape(text)}</td>" for text in told.values())
        + "</tr>"
        for name, told in cells
    )
    more = len(found.classes) - len(cells)
    rest = f'<p class="gp-quiet">And {more:,} classes more, which the exported JSON has.</p>' if more else ""
    title = f"Each class, from {source_name(found.source, quality.where)}"
    table = f"<table class='gp-fields'><thead><tr><th scope='col'>Class</th>{head}</tr></thead>{rows}</table>"
    return (
        f"<details{' open' if opened else ''}><summary>{escape(title)}</summary>"
        f"{wide_table(title, table)}{rest}</details>"
    )


def _nothing_audited(quality: Quality) -> str:
    if quality.where:
        return (
            f"The audit set where {quality.where} says nothing yet: these figures say nothing of its items."
        )
    return "No audit set is answered yet: these figures say nothing of the pool."


def meaning_html() -> str:
    """Return for each figure what it answers and when it misleads."""
    lines = "".join(
        f"<li><b>{name[0].upper()}{name[1:]}</b>: {answers} {misleads}</li>"
        for name, (answers, misleads) in MEANINGS.items()
    )
    source = (
        "Of AUROC and AUPRC see McDermott et al. (2024), A Closer Look at AUROC and AUPRC under Class Imbalance "
        "(arXiv:2401.06091)."
    )
    return (
        "<details><summary>What these figures answer, and when they mislead</summary>"
        f"<ul>{lines}</ul><p class='gp-quiet'>{source}</p></details>"
    )
