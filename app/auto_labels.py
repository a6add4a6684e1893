"""Semi-automatic labels: which predictions an export may add, and how many of them are wrong.

The thresholds come from cross-validation over the labels, weighed to the pool's estimated class shares. So the audit
set, which nobody chose them by, says of exactly this rule how much of what it takes is wrong: choosing thresholds and
judging them by the same items would make every rule look better than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.audit_set import AuditReport, read_audit_report
from app.errors import AutoLabelsError
from app.labelled import class_codes
from app.project import Project
from app.round_files import RoundArrays, RoundMeaning, read_arrays, read_meaning, read_unseen
from labeling.annotations import current_labels
from labeling.audit_set import audit_keys
from labeling.classes import list_classes
from labeling.exports.auto_labels import AutoClass, AutoLabels, with_auto_labels
from labeling.exports.contract import ExportBundle
from models.audit_sample import AuditSample, ratio_of
from models.predictions import OutOfFoldPredictions

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

LEAST_SEEN = 5
"""Labels of a class that cross-validation must take for it before its threshold is believed."""

CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class AutoWishes:
    """What is asked of semi-automatic labels.

    Attributes:
        target: share of them that should be right, above 0.5 and below 1.
        cap: at most so many of a class.
        without_audit: whether they are added though no audit set says how many are wrong.
    """

    target: float = 0.95
    cap: int = 100
    without_audit: bool = False

    def check(self) -> None:
        """Check the numbers.

        Raises:
            AutoLabelsError: the target or the cap is out of range.
        """
        if not 0.5 < self.target < 1.0:
            raise AutoLabelsError(
                f"the share that should be right is {self.target:g}; give a number above 0.5 and below 1, such as 0.95"
            )
        if self.cap < 1:
            raise AutoLabelsError(f"at most {self.cap} predictions of a class are asked for; give 1 or more")


@dataclass(frozen=True)
class _Rule:
    """What is taken: predictions of a class with its threshold or more. k classes.

    Attributes:
        columns: (k,) int64; the round's column of each class, -1 where the round did not know it.
        thresholds: (k,) float64; infinite where nothing of a class is taken.
    """

    columns: IntArray
    thresholds: FloatArray


def add_auto_labels(project: Project, bundle: ExportBundle, wishes: AutoWishes) -> ExportBundle:
    """Return a bundle with the model's surest predictions added as labels, marked as such.

    Args:
        project: the opened project.
        bundle: what people said.
        wishes: what is asked for.

    Raises:
        AutoLabelsError: there is no model, or no audit set and none is waived, or the numbers are out of range.
    """
    wishes.check()
    meaning = read_meaning(project.paths.rounds, bundle.round_number)
    arrays = read_arrays(project.paths.rounds, bundle.round_number)
    if meaning is None or arrays is None or meaning.hashes.get("pool") != project.pool.hash:
        raise AutoLabelsError(
            "predictions are to be added as labels, and no round has trained a model on this pool yet; label a few "
            "items of two classes and run a round"
        )
    report = read_audit_report(project, round_number=bundle.round_number)
    answered = report is not None and report.answered > 0
    if not answered and not wishes.without_audit:
        raise AutoLabelsError(
            "predictions are added as labels only with the error rate that an audit set gives, and none of one is "
            "answered; draw one with `goldpan audit-set draw PROJECT.YAML --size 300` and label it, or say "
            "--without-audit: then nobody knows how many are wrong"
        )
    with project.database.reading() as session:
        classes = list_classes(session)
    ids, names = [entry.id for entry in classes], [entry.name for entry in classes]
    places = np.full(len(ids), -1, np.int64)
    known = class_codes(np.asarray(meaning.class_ids, np.int64), ids).astype(np.int64)
    places[known[known >= 0]] = np.flatnonzero(known >= 0)
    wanted = _thresholds(project, meaning, places, wishes.target)
    rows, codes, chances = _surest(project, arrays, places, wanted)
    rule, taken, capped = _capped(rows, codes, chances, _Rule(places, wanted), wishes.cap)
    auto = _judged(
        report if answered else None, rule, names, codes[taken], capped, wishes, bundle.round_number
    )
    labels = pd.DataFrame(
        {"class_name": np.array(names, object)[codes[taken]], "probability": chances[taken]}
    )
    kept = rows[taken]
    return with_auto_labels(
        bundle, auto, item_keys=project.pool.keys(kept), rows=kept.tolist(), labels=labels
    )


def _thresholds(project: Project, meaning: RoundMeaning, places: IntArray, target: float) -> FloatArray:
    """Return the threshold of each class: the lowest from which on cross-validation says enough are right.

    A class of which cross-validation takes too few labels has the target itself: probabilities are calibrated.
    """
    seen = read_unseen(project.paths.rounds, meaning.number)
    wanted = np.full(len(places), np.inf)
    for code, place in enumerate(places.tolist()):
        if place >= 0:
            wanted[code] = target
    if seen is None:
        return wanted
    chances, weights = _under_prior(seen, meaning)
    likeliest = chances.argmax(axis=1)
    for code, place in enumerate(places.tolist()):
        here = likeliest == place
        if place >= 0 and here.sum() >= LEAST_SEEN:
            wanted[code] = lowest_threshold(
                chances[here, place], seen.labels[here] == place, weights[here], target
            )
    return wanted


def lowest_threshold(chances: FloatArray, right: BoolArray, weights: FloatArray, target: float) -> float:
    """Return the lowest threshold from which on at least the target share is right; infinite where there is none.

    Args:
        chances: (m,) probabilities of the predicted class.
        right: (m,) whether each prediction is right.
        weights: (m,) what each counts.
        target: the share.
    """
    order = np.argsort(-chances, kind="stable")
    reached = np.cumsum((weights * right)[order]) / np.cumsum(weights[order])
    last = np.append(np.diff(chances[order]) != 0, True)
    enough = np.flatnonzero((reached >= target) & last)
    return float(chances[order][enough[-1]]) if len(enough) else float("inf")


def _under_prior(seen: OutOfFoldPredictions, meaning: RoundMeaning) -> tuple[FloatArray, FloatArray]:
    """Return (m, k) probabilities as the pool's are, under its class shares, and (m,) what each label stands for."""
    prior = np.maximum(np.asarray(meaning.prior, np.float64), 1e-30)
    joint = np.asarray(seen.probabilities, np.float64) * prior
    counts = np.bincount(seen.labels, minlength=len(prior))
    return joint / joint.sum(axis=1, keepdims=True), prior[seen.labels] / counts[seen.labels]


def _surest(
    project: Project, arrays: RoundArrays, places: IntArray, wanted: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return rows nobody annotated whose prediction reaches the threshold: row, class and probability of each."""
    with project.database.reading() as session:
        told = [*current_labels(session).item_keys, *audit_keys(session)]
    free = np.array(project.pool.readable, dtype=np.bool_)
    closed = project.pool.rows(told)
    free[closed[closed >= 0]] = False
    count = arrays.probabilities.shape[1]
    codes_of = np.full(count, -1, np.int64)
    codes_of[places[places >= 0]] = np.flatnonzero(places >= 0)
    found: list[tuple[IntArray, IntArray, FloatArray]] = []
    for start in range(0, len(free), CHUNK_ROWS):
        rows = start + np.flatnonzero(free[start : start + CHUNK_ROWS])
        predicted = np.asarray(arrays.predicted[rows], np.int64)
        chances = np.asarray(arrays.probabilities[rows, predicted], np.float64)
        codes = codes_of[predicted]
        kept = (codes >= 0) & (chances >= np.where(codes >= 0, wanted[codes], np.inf))
        found.append((rows[kept].astype(np.int64), codes[kept], chances[kept]))
    rows, codes, chances = (np.concatenate([part[place] for part in found]) for place in range(3))
    return rows, codes, chances


def _capped(
    rows: IntArray, codes: IntArray, chances: FloatArray, rule: _Rule, cap: int
) -> tuple[_Rule, IntArray, list[bool]]:
    """Keep the surest of each class; the rule's thresholds rise to the least sure that is kept."""
    thresholds, taken, capped = rule.thresholds.copy(), [], []
    for code in range(len(thresholds)):
        here = np.flatnonzero(codes == code)
        order = here[np.lexsort((rows[here], -chances[here]))]
        capped.append(len(order) > cap)
        if len(order) > cap:
            order = order[:cap]
            thresholds[code] = chances[order[-1]]
        taken.append(order)
    return _Rule(rule.columns, thresholds), np.sort(np.concatenate(taken)), capped


def _judged(
    report: AuditReport | None,
    rule: _Rule,
    names: Sequence[str],
    codes: IntArray,
    capped: Sequence[bool],
    wishes: AutoWishes,
    round_number: int,
) -> AutoLabels:
    """Return what is said of the predictions taken, with the error rates that the audit set gives for the rule."""
    counts = np.bincount(codes, minlength=len(names))
    inside: BoolArray | None = None
    sample: AuditSample | None = None
    if report is not None and report.sample is not None and report.scores is not None:
        sample = report.sample.joined()
        said = np.maximum(sample.predicted, 0)
        chances = report.scores[np.arange(sample.size), said]
        inside = (sample.predicted >= 0) & (chances >= rule.thresholds[said]) & (counts[said] > 0)
    entries = []
    for code, name in enumerate(names):
        here = None if inside is None or sample is None else inside & (sample.predicted == code)
        entries.append(
            AutoClass(
                class_name=name,
                threshold=float(rule.thresholds[code]) if counts[code] else None,
                added=int(counts[code]),
                capped=capped[code],
                audited=0 if here is None else int(here.sum()),
                wrong=wrong_share(sample, here),
            )
        )
    return AutoLabels(
        round_number=round_number,
        target=wishes.target,
        cap=wishes.cap,
        audited=report is not None,
        wrong=wrong_share(sample, inside),
        classes=tuple(entries),
    )


def wrong_share(sample: AuditSample | None, inside: BoolArray | None) -> tuple[float, float, float] | None:
    """Return the share of wrong predictions among some items of the audit set, with the ends of its interval.

    Args:
        sample: the audit set; None where there is none.
        inside: (m,) the items that a rule takes.
    """
    if sample is None or inside is None:
        return None
    wrong = sample.truth != sample.predicted
    found = ratio_of(sample, wrong, inside, hit_room=inside, miss_room=inside)
    return None if found is None else (found.value, found.low, found.high)
