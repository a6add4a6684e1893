from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, roc_auc_score

from models.audit_sample import AuditSample
from models.predictions import OutOfFoldPredictions
from models.quality import CROSS_VALIDATION, Estimate, QualityReport
from models.quality_figures import AUDIT_SET, QualityFigures, calibration_of, cross_validated, quality_figures

GROUPS = ("many", "medium", "few")
NAMES = ("common", "other", "rare")


def scored(size: int = 400, *, seed: int = 0, skill: float = 2.0) -> tuple[AuditSample, np.ndarray]:
    """Return answers of three classes, the last one rare, drawn alike from 20,000 items, with probabilities."""
    generator = np.random.default_rng(seed)
    shares = np.array([0.6, 0.34, 0.06])
    truth = generator.choice(3, size, p=shares)
    seen = generator.normal(size=(size, 3))
    seen[np.arange(size), truth] += skill
    # What Bayes' rule says of these, so that the probabilities are right.
    logits = skill * seen + np.log(shares)
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    strata = np.zeros(size, np.int64)
    return AuditSample(strata, np.array([20_000]), np.ones(1), truth, scores.argmax(axis=1)), scores


def figures(sample: AuditSample, scores: np.ndarray | None) -> QualityFigures:
    return quality_figures(sample, scores, groups=GROUPS)


def test_quality_figures__are_what_scikit_learn_says() -> None:
    sample, scores = scored()
    found = figures(sample, scores)
    told = {name: getattr(found, name).value for name in ("balanced_accuracy", "macro_f1", "auroc", "auprc")}
    binary = [sample.truth == column for column in range(3)]
    assert told == pytest.approx(
        {
            "balanced_accuracy": balanced_accuracy_score(sample.truth, sample.predicted),
            "macro_f1": f1_score(sample.truth, sample.predicted, average="macro"),
            "auroc": np.mean([roc_auc_score(binary[column], scores[:, column]) for column in range(3)]),
            "auprc": np.mean(
                [average_precision_score(binary[column], scores[:, column]) for column in range(3)]
            ),
        }
    )
    recalls = [(sample.predicted == column)[binary[column]].mean() for column in range(3)]
    assert found.g_mean is not None and found.disparity is not None
    assert found.g_mean.value == pytest.approx(np.prod(recalls) ** (1 / 3))
    assert found.disparity.gap.value == pytest.approx(max(recalls) - min(recalls))
    assert (found.disparity.worst, found.disparity.best) == (int(np.argmin(recalls)), int(np.argmax(recalls)))
    assert (found.source, found.items, found.met) == (AUDIT_SET, 400, 3)
    for estimate in (found.g_mean, found.disparity.gap, found.macro_f1, found.auroc, found.auprc):
        assert estimate is not None
        assert 0.0 <= estimate.low < estimate.value < estimate.high <= 1.0


def test_quality_figures__the_groups_are_those_of_the_labels() -> None:
    sample, scores = scored()
    found = quality_figures(sample, scores, groups=("many", "many", "few"))
    assert [(group.name, group.classes, group.met) for group in found.groups] == [
        ("many", 2, 2),
        ("few", 1, 1),
    ]
    many, few = found.groups
    recalls = [entry.recall for entry in found.classes]
    assert many.recall is not None and recalls[0] is not None and recalls[1] is not None
    assert many.recall.value == pytest.approx((recalls[0].value + recalls[1].value) / 2)
    assert few.recall == recalls[2]


def test_quality_figures__a_class_that_is_never_recognised_makes_the_g_mean_nothing() -> None:
    sample, scores = scored()
    blind = replace(sample, predicted=np.where(sample.predicted == 2, 0, sample.predicted))
    found = figures(blind, scores)
    assert found.g_mean is not None and found.balanced_accuracy is not None
    assert found.g_mean.value == found.g_mean.low == 0.0
    assert 0.0 < found.g_mean.high < 0.8
    assert found.balanced_accuracy.value > 0.4


def test_quality_figures__without_probabilities_or_a_class_it_says_so() -> None:
    sample, _ = scored()
    none_rare = replace(sample, truth=np.where(sample.truth == 2, 0, sample.truth))
    found = figures(none_rare, None)
    assert (found.auroc, found.auprc, found.calibration_error) == (None, None, None)
    assert (found.met, found.groups[2].recall, found.classes[2].f1) == (2, None, None)
    alone = figures(replace(sample, truth=np.zeros_like(sample.truth)), None)
    assert (alone.met, alone.disparity) == (1, None)


def test_to_dict__is_json_with_names() -> None:
    sample, scores = scored()
    told = json.loads(json.dumps(figures(sample, scores).to_dict(NAMES)))
    assert [entry["class_name"] for entry in told["classes"]] == list(NAMES)
    assert told["disparity"]["worst"] in NAMES
    assert set(told["auroc"]) == {"value", "low", "high"}


def test_calibration_of__knows_a_model_that_is_too_sure() -> None:
    sample, scores = scored(1_000)
    right = calibration_of(sample, scores)
    sharp = scores**3 / (scores**3).sum(axis=1, keepdims=True)
    sure = calibration_of(sample, sharp)
    assert right.low < 0.02
    assert sure.low > right.value
    plain = abs(sharp.max(axis=1).mean() - (sharp.argmax(axis=1) == sample.truth).mean())
    assert sure.low < plain < sure.high


def test_cross_validated__holds_the_report_s_own_figures_and_wider_intervals() -> None:
    sample, scores = scored(800)
    seen = OutOfFoldPredictions(np.arange(800), sample.truth, sample.predicted, scores.astype(np.float16))
    estimate = Estimate(0.7, 0.6, 0.8)
    report = QualityReport(CROSS_VALIDATION, 800, 5, 1, estimate, estimate, 0.1, (), ())
    found = cross_validated(seen, report, groups=GROUPS)
    assert found is not None
    assert (found.source, found.balanced_accuracy, found.macro_f1) == (CROSS_VALIDATION, estimate, estimate)
    audit = figures(sample, scores.astype(np.float16))
    assert found.auroc is not None and audit.auroc is not None
    assert found.auroc.value == pytest.approx(audit.auroc.value)
    assert found.auroc.high - found.auroc.low > 1.2 * (audit.auroc.high - audit.auroc.low)
    assert cross_validated(seen, replace(report, folds=0), groups=GROUPS) is None
