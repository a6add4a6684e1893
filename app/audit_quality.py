"""The figures that unequal classes ask for, from the audit set and from cross-validation, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.audit_set import AuditReport, audit_criteria, read_audit_report
from app.audit_words import audit_dict
from app.class_needs import Limits, limits_of
from app.labelled import class_codes
from app.project import Project
from app.round_files import RoundMeaning, read_meaning, read_unseen
from labeling.classes import LabelClass, list_classes
from models.predictions import OutOfFoldPredictions
from models.quality import QualityReport
from models.quality_figures import QualityFigures, cross_validated, quality_figures


@dataclass(frozen=True)
class Quality:
    """How good a round's model is.

    Attributes:
        class_names: the open classes, in the order of the figures.
        limits: which classes have many and which have few labels.
        audited: what the audit set says; None where it is not answered, or judges no model.
        validated: what cross-validation says of the labels; None where there are too few, or the round is old.
        where: the criterion of the audit set; what it says holds for the items that match it, "" being all.
    """

    class_names: tuple[str, ...]
    limits: Limits
    audited: QualityFigures | None
    validated: QualityFigures | None
    where: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as dicts, lists, numbers and texts, each under the name of its source."""
        told = {"audit_set": self.audited, "cross_validation": self.validated}
        return {
            name: None if found is None else found.to_dict(self.class_names) for name, found in told.items()
        }


def read_quality(
    project: Project, *, report: AuditReport | None, round_number: int, validate: bool = True
) -> Quality:
    """Return the figures of a round's model; reads its predictions, so it is called in a thread.

    Args:
        project: the opened project.
        report: what the audit set says; None where nothing was drawn.
        round_number: the round whose model is judged; 0 for none.
        validate: whether cross-validation is told beside it.
    """
    if report is not None:
        classes: Sequence[LabelClass] = report.classes
    else:
        with project.database.reading() as session:
            classes = list_classes(session)
    meaning = read_meaning(project.paths.rounds, round_number)
    labels = _labels_of(meaning, [entry.id for entry in classes])
    limits = limits_of(max(labels, default=0))
    groups = [limits.group_of(count) for count in labels]
    return Quality(
        class_names=tuple(entry.name for entry in classes),
        limits=limits,
        audited=_audited(report, groups),
        validated=_validated(project, meaning, [entry.id for entry in classes], groups) if validate else None,
        where="" if report is None else report.where,
    )


def quality_dict(project: Project, *, round_number: int) -> dict[str, Any]:
    """Return all figures of a round's model for a JSON file: what the audit set says, and both sources' figures.

    Args:
        project: the opened project.
        round_number: the round whose model is judged; 0 for none.
    """
    return figures_dict(read_figures(project, round_number=round_number), round_number=round_number)


def read_figures(project: Project, *, round_number: int) -> list[tuple[AuditReport | None, Quality]]:
    """Return what the audit sets say with the figures of a round's model: of the whole pool, then of each criterion."""
    whole = read_audit_report(project, round_number=round_number)
    found: list[tuple[AuditReport | None, Quality]] = [
        (whole, read_quality(project, report=whole, round_number=round_number))
    ]
    for where in filter(None, audit_criteria(project)):
        report = read_audit_report(project, round_number=round_number, where=where)
        # Cross-validation says the same beside each.
        quality = read_quality(project, report=report, round_number=round_number, validate=False)
        found.append((report, quality))
    return found


def figures_dict(found: Sequence[tuple[AuditReport | None, Quality]], *, round_number: int) -> dict[str, Any]:
    """Return the same from what was read already, as `read_figures` returns it."""
    (report, quality), *criteria = found
    return {
        "round": round_number,
        "audit": audit_dict(report),
        **quality.to_dict(),
        "criteria": [
            {"where": each.where, "audit": audit_dict(one), "audit_set": each.to_dict()["audit_set"]}
            for one, each in criteria
        ],
    }


def _labels_of(meaning: RoundMeaning | None, ids: Sequence[int]) -> list[int]:
    """Return how many labels of each class the round's model learned from."""
    if meaning is None or not meaning.quality:
        return [0] * len(ids)
    told = QualityReport.from_dict(meaning.quality).per_class
    counts = {meaning.class_ids[entry.class_index]: entry.labels for entry in told}
    return [counts.get(each, 0) for each in ids]


def _audited(report: AuditReport | None, groups: Sequence[str]) -> QualityFigures | None:
    if report is None or report.sample is None or not (report.sample.predicted >= 0).any():
        return None
    return quality_figures(report.sample.joined(), report.scores, groups=groups)


def _validated(
    project: Project, meaning: RoundMeaning | None, ids: Sequence[int], groups: Sequence[str]
) -> QualityFigures | None:
    if meaning is None or not meaning.quality:
        return None
    seen = read_unseen(project.paths.rounds, meaning.number)
    if seen is None:
        return None
    return cross_validated(
        _in_order(seen, meaning, ids), QualityReport.from_dict(meaning.quality), groups=groups
    )


def _in_order(seen: OutOfFoldPredictions, meaning: RoundMeaning, ids: Sequence[int]) -> OutOfFoldPredictions:
    """Return predictions with today's classes as columns, without labels of classes that are out of use."""
    places = class_codes(np.asarray(meaning.class_ids, np.int64), ids).astype(np.int64)
    kept = places[seen.labels] >= 0
    scores = np.zeros((int(kept.sum()), len(ids)))
    given = np.asarray(seen.probabilities, np.float64)[kept]
    scores[:, places[places >= 0]] = given[:, places >= 0]
    return OutOfFoldPredictions(
        rows=seen.rows[kept],
        labels=places[seen.labels[kept]],
        predicted=places[seen.predicted[kept]],
        probabilities=scores,
    )
