"""What the figures for unequal classes say, in words: for the Model page, the command line and the docs.

Of AUROC and AUPRC after McDermott et al. (2024), "A Closer Look at AUROC and AUPRC under Class Imbalance"
(arXiv:2401.06091).
"""

from __future__ import annotations

from collections.abc import Sequence

from app.audit_words import shown
from app.class_needs import Limits
from models.quality import CROSS_VALIDATION, Estimate
from models.quality_figures import AUDIT_SET, ClassFigures, Disparity, GroupFigures, QualityFigures

MEANINGS = {
    "balanced accuracy": (
        "How often the model is right if every class counts alike, however rare.",
        "It misleads where few items of a class were met, whose chance then moves the mean; and it does not see how "
        "many others are taken for a rare class.",
    ),
    "macro F1": (
        "How well finding a class and being right about it go together, every class counting alike.",
        "It misleads between pools: precision, and so F1, falls where a class is rarer, though the model is the same.",
    ),
    "G-mean": (
        "Whether any class is left behind: the geometric mean of the recalls is 0 once one class is never recognised.",
        "It misleads where a class was met once or twice: one item then decides between 0 and a good figure.",
    ),
    "AUROC": (
        "How often an item of the class gets a higher probability for it than an item of another class does; 0.50 is "
        "chance.",
        "It misleads where the class is rare: it is the same however rare the class is, and hides that a few percent "
        "of the others are many false alarms for each item found.",
    ),
    "AUPRC": (
        "How many of the items taken for the class are right, over all thresholds; chance is the class's share.",
        "It misleads between classes, pools or groups of items: where the class is frequent it is higher for that "
        "alone, and improving it favours the groups in which the class is frequent.",
    ),
    "many, medium, few": (
        "Whether classes with few labels are recognised as well as those with many.",
        "It misleads where a group has one or two classes, or few labels are enough because a class is easy.",
    ),
    "gap": (
        "How much better the best recognised class is than the worst.",
        "It misleads where classes were hardly met: of several alike one always looks worst; the interval knows this, "
        "the figure itself does not.",
    ),
    "calibration error": (
        "How far probabilities are from what comes true, on average, with what chance adds taken out.",
        "It misleads as a figure of skill: a model that always gives the pool's shares is calibrated and finds "
        "nothing; and errors that cancel within a bin do not show.",
    ),
}
"""For each figure: what it answers, and when it misleads."""

SOURCES = {
    AUDIT_SET: "holds for the pool",
    CROSS_VALIDATION: "holds for your labels, which were chosen; not for the pool",
}
"""Where figures come from, and what they hold for."""


def source_name(source: str, where: str) -> str:
    """Return where figures come from, with the criterion of the audit set; "" is the whole pool."""
    return f"{source} where {where}" if where and source == AUDIT_SET else source


def holds_for(source: str, where: str) -> str:
    """Say what figures of a source hold for, likewise."""
    return "holds for the items that match" if where and source == AUDIT_SET else SOURCES[source]


def area(estimate: Estimate | None) -> str:
    """Return an area under a curve with its interval."""
    if estimate is None:
        return "not known"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def share(estimate: Estimate | None) -> str:
    """Return a share with its interval in percent."""
    return "not known" if estimate is None else shown(estimate)


def rows_of(found: QualityFigures, class_names: Sequence[str]) -> dict[str, str]:
    """Return the figures over all classes as texts, by name, in the order in which they are shown."""
    rows = {
        "balanced accuracy": share(found.balanced_accuracy),
        "macro F1": share(found.macro_f1),
        "G-mean": share(found.g_mean),
        "AUROC, mean of classes": area(found.auroc),
        "AUPRC, mean of classes": area(found.auprc),
    }
    rows |= {f"recall, {group.name} labels": _group(group) for group in found.groups}
    rows["gap between classes"] = _gap(found.disparity, class_names)
    rows["calibration error"] = share(found.calibration_error)
    return rows


def class_cells(entry: ClassFigures) -> dict[str, str]:
    """Return the figures of a class as texts by name."""
    chance = f", chance {entry.base_rate:.2g}" if entry.auprc is not None else ""
    return {
        "labels": entry.group,
        "recall": share(entry.recall),
        "F1": share(entry.f1),
        "AUROC": area(entry.auroc),
        "AUPRC": area(entry.auprc) + chance,
    }


def quality_lines(found: QualityFigures, class_names: Sequence[str], where: str = "") -> list[str]:
    """Return the figures as lines of text: where they come from, those over all classes, and one line a class.

    Args:
        found: the figures.
        class_names: k names in the order of the columns.
        where: the criterion of the audit set they come from; "" for the whole pool.
    """
    of_all = "; ".join(f"{name} {told}" for name, told in rows_of(found, class_names).items())
    held = f"{holds_for(found.source, where)}; {found.items} items, {found.met} classes"
    lines = [f"From {source_name(found.source, where)} ({held}): {of_all}"]
    for entry in found.classes:
        cells = class_cells(entry)
        told = ", ".join(f"{name} {cell}" for name, cell in cells.items() if name != "labels")
        lines.append(f"{class_names[entry.class_index]} ({cells['labels']} labels): {told}")
    return lines


def limits_words(limits: Limits) -> str:
    """Say which classes count as having many, a medium number of or few labels."""
    scaled = ", smaller than the usual 100 and 20 since the project is small" if limits.scaled else ""
    return f"Many: more than {limits.many:,} labels. Few: fewer than {limits.few:,}{scaled}."


def _group(group: GroupFigures) -> str:
    words = "1 class" if group.classes == 1 else f"{group.classes} classes"
    met = "" if group.met == group.classes else f", {group.met} met"
    return f"{share(group.recall)}, {words}{met}"


def _gap(found: Disparity | None, class_names: Sequence[str]) -> str:
    if found is None:
        return "not known"
    points = f"{100 * found.gap.value:.0f} points ({100 * found.gap.low:.0f} to {100 * found.gap.high:.0f})"
    if found.gap.value < 0.005:
        return points
    return (
        f"{points}: worst {class_names[found.worst]} {100 * found.worst_recall.value:.0f} %, best "
        f"{class_names[found.best]} {100 * found.best_recall.value:.0f} %"
    )
