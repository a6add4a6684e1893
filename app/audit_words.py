"""What an audit set says, in words: for the Model page and the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.audit_set import AuditReport
from models.audit_figures import AuditClass
from models.quality import Estimate, QualityReport

FEW_ANSWERS = 30
"""Below so many answers the figures are hardly worth a look."""

ANSWERS = {
    "accuracy": (
        "How often the model is right about an item of the pool that nobody had labelled.",
        "It misleads where one class is most of the pool: always saying that class is right nearly as often.",
    ),
    "balanced_accuracy": (
        "How often it is right if every class counts alike, however rare.",
        "It misleads where the set met few items of a class, whose chance then moves the mean; and it does not see how "
        "many others are taken for a rare class.",
    ),
    "precision": (
        "Of what the model takes for the class, how much is of it.",
        "It misleads where the model says the class only when it is sure: little is wrong then, and much is missed.",
    ),
    "recall": (
        "Of the class's items in the pool, how many the model finds.",
        "It misleads where the model says the class too often: then it finds all of them, among many others.",
    ),
    "prevalence": (
        "Which share of what the set was drawn from is of the class.",
        "It misleads as a share of your labels, which were chosen, or of a pool that has changed since the draw.",
    ),
    "unfound": (
        "How many items of the class nobody has labelled yet.",
        "It misleads where labels given are wrong, since it counts what was found by them; and near 0 its lower end "
        "says little: what was never met may still be there, up to the upper end.",
    ),
}
"""For each figure: what it answers, and when it misleads."""


def set_name(where: str) -> str:
    """Return what the audit set of a criterion is called, "" being that of the whole pool."""
    return f"the audit set where {where}" if where else "the audit set"


def count_words(report: AuditReport) -> str:
    """Say how far the audit set is, in a few sentences."""
    times = "one draw" if len(report.draws) == 1 else f"{len(report.draws)} draws"
    words = [f"{report.answered} of {report.drawn} items of {set_name(report.where)} are labelled ({times})."]
    if report.problem:
        words.append(
            f"No figures are told, since the criterion cannot be tried on the pool as it is now: {report.problem}. Its "
            "items stay held out. Refresh the pool from a source that has what it names, or draw by another criterion."
        )
    elif report.where:
        words.append(
            f"All that is told holds for the items that match, {report.matching:,} of today's pool, and not for the "
            "whole pool."
        )
    if report.undecided:
        words.append(
            f"{report.undecided} were skipped, flagged or left unsure and count for nothing; if these are the hard "
            "ones, the figures are too good."
        )
    if report.seen:
        words.append(f"{report.seen} were labelled with the model's suggestion in sight, not blind.")
    if report.refreshed:
        words.append(
            "The pool has changed since a draw, which covers the pool as it was; draw more to cover the rest."
        )
    if report.beside:
        words.append(
            f"{report.beside:,} items that were held out before have no label yet; what they are is not known, so that "
            "the upper end of what is unfound counts them. Label them first."
        )
    if 0 < report.answered < FEW_ANSWERS:
        words.append(f"Label at least {FEW_ANSWERS}: the intervals are wide before.")
    return " ".join(words)


def report_lines(report: AuditReport) -> list[str]:
    """Return the figures as lines of text, one for all classes and one for each."""
    figures = report.figures
    if figures is None:
        return []
    lines = [f"accuracy {shown(figures.accuracy)}, balanced accuracy {shown(figures.balanced_accuracy)}"]
    for entry in figures.classes:
        name = report.classes[entry.class_index].name
        lines.append(
            f"{name}: precision {shown(entry.precision)}, recall {shown(entry.recall)}, prevalence "
            f"{shown(entry.prevalence)}, unfound {counted(entry.unfound)}"
        )
    return lines


def audit_dict(report: AuditReport | None) -> dict[str, Any] | None:
    """Return what the audit set says as dicts, lists, numbers and texts; None where nothing was drawn."""
    if report is None:
        return None
    told = None if report.figures is None else asdict(report.figures)
    for entry in () if told is None else told["classes"]:
        entry["class_name"] = report.classes[entry.pop("class_index")].name
    return {
        "where": report.where,
        "problem": report.problem,
        "drawn": report.drawn,
        "answered": report.answered,
        "undecided": report.undecided,
        "seen": report.seen,
        "designs": [draw.new.design for draw in report.draws],
        "round": report.round_number,
        "said": told,
    }


def shown(estimate: Estimate | None) -> str:
    """Return a share with its interval in percent; what cannot be told is said so."""
    if estimate is None:
        return "not known (0 to 100 %)"
    digits = 1 if estimate.high < 0.1 else 0
    value, low, high = (f"{100 * each:.{digits}f}" for each in (estimate.value, estimate.low, estimate.high))
    return f"{value} % ({low} to {high})"


def counted(estimate: Estimate) -> str:
    """Return a number of items with its interval."""
    return f"{estimate.value:,.0f} ({estimate.low:,.0f} to {estimate.high:,.0f})"


def unfound_words(entry: AuditClass, name: str) -> str:
    """Say in a sentence how many items of a class are probably still unfound."""
    low, high = round(entry.unfound.low), round(entry.unfound.high)
    if high == 0:
        return f"Nothing of {name} is left to find."
    if entry.met == 0:
        return f"The audit set met no {name}: at most {high:,} are probably still unfound."
    return f"About {entry.unfound.value:,.0f} of {name} are probably still unfound, {low:,} to {high:,}."


def difference_words(report: AuditReport, quality: QualityReport | None) -> str:
    """Say how far the audit set's balanced accuracy is from the cross-validated one; empty where one is missing."""
    figures = report.figures
    if (
        figures is None
        or figures.balanced_accuracy is None
        or quality is None
        or quality.balanced_accuracy is None
    ):
        return ""
    ours, theirs = figures.balanced_accuracy, quality.balanced_accuracy
    gap = 100 * (theirs.value - ours.value)
    beside = (
        f"Cross-validation over your labels says {shown(theirs)} for the balanced accuracy, the audit set "
        f"{shown(ours)}"
    )
    if report.where and not ours.low <= theirs.value <= ours.high:
        side = "less" if gap > 0 else "more"
        return f"{beside}: on these items {abs(gap):.0f} points {side} than on your labels."
    if ours.low <= theirs.value <= ours.high:
        return f"{beside}: the two agree within the interval."
    if gap > 0:
        return (
            f"{beside}: {gap:.0f} points less. Believe the audit set: your labels were chosen, and the rest of the "
            "pool is harder than they are, or holds what they do not show."
        )
    return (
        f"{beside}: {-gap:.0f} points more. Believe the audit set: the strategy prefers hard items, so that your "
        "labels are harder than the rest of the pool."
    )
