from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from models.audit_sample import AuditSample, unmet_weight
from models.ranked_figures import Linearised, auprc_of, auroc_of, f1_of

FloatArray = np.ndarray
Find = Callable[[AuditSample, FloatArray], Linearised | None]


def made(seed: int = 0, *, size: int = 240) -> tuple[AuditSample, FloatArray]:
    """Return a sample of two strata drawn at unequal rates, and scores with ties."""
    generator = np.random.default_rng(seed)
    strata = (generator.random(size) < 0.3).astype(np.int64)
    truth = (generator.random(size) < 0.2 + 0.3 * strata).astype(np.int64)
    scores = np.round(0.3 * truth + generator.random(size), 1)
    sizes = np.array([5_000, 400])
    predicted = (scores > 0.7).astype(np.int64)
    return AuditSample(strata, sizes, sizes / sizes.sum(), truth, predicted), scores


def f1_with_scores(sample: AuditSample, scores: FloatArray) -> Linearised | None:
    del scores
    return f1_of(sample, 1)


FINDS: dict[str, Find] = {
    "auroc": lambda sample, scores: auroc_of(sample, scores, 1),
    "auprc": lambda sample, scores: auprc_of(sample, scores, 1),
    "f1": f1_with_scores,
}


def test_values__are_what_scikit_learn_says_with_these_weights() -> None:
    sample, scores = made()
    theirs = {
        "auroc": roc_auc_score(sample.truth, scores, sample_weight=sample.weights),
        "auprc": average_precision_score(sample.truth, scores, sample_weight=sample.weights),
        "f1": f1_score(sample.truth, sample.predicted, sample_weight=sample.weights),
    }
    for name, find in FINDS.items():
        found = find(sample, scores)
        assert found is not None
        assert found.measured.value == pytest.approx(theirs[name], abs=1e-12)


@pytest.mark.parametrize("name", FINDS)
def test_parts__are_the_derivative_by_each_weight(name: str) -> None:
    """One item's weight a little larger moves the figure as its part says."""
    sample, scores = made()
    weights = sample.weights
    found = FINDS[name](sample, scores)
    assert found is not None
    assert float(weights @ found.parts) == pytest.approx(0.0, abs=1e-12)
    scored = {
        "auroc": (roc_auc_score, scores),
        "auprc": (average_precision_score, scores),
        "f1": (f1_score, sample.predicted),
    }
    score: Any
    score, said = scored[name]
    for item in (0, 17, 100, 239):
        step = 1e-6
        moved = weights.copy()
        moved[item] += step
        before, after = (score(sample.truth, said, sample_weight=each) for each in (weights, moved))
        slope = (after - before) / step
        assert found.parts[item] == pytest.approx(slope, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("name", ["auroc", "auprc"])
def test_rank__none_where_there_is_nothing_to_tell_apart(name: str) -> None:
    sample, scores = made()
    for truth in (np.zeros_like(sample.truth), np.ones_like(sample.truth)):
        alike = AuditSample(sample.strata, sample.sizes, sample.shares, truth, sample.predicted)
        assert FINDS[name](alike, scores) is None


def test_auroc_of__three_of_three_are_no_certainty() -> None:
    truth = np.array([1] * 3 + [0] * 97)
    sample = AuditSample(np.zeros(100, np.int64), np.array([10_000]), np.ones(1), truth, truth)
    found = auroc_of(sample, truth.astype(float), 1)
    assert found is not None
    estimate = found.measured.estimate()
    assert estimate.value == estimate.high == 1.0
    assert 0.3 < estimate.low < 0.7


@pytest.mark.parametrize("missed", [0, 8])
def test_auprc_of__a_miss_not_yet_met_weighs_like_what_was_met_and_itself(missed: int) -> None:
    """All that is taken for the class is drawn, and one in a hundred of the others."""
    said = np.repeat([1, 0], [40, 100])
    truth = np.repeat([1, 0, 1, 0], [30, 10, missed, 100 - missed])
    sizes = np.array([41, 10_000])
    sample = AuditSample(1 - said, sizes, sizes / sizes.sum(), truth, said)
    found = auprc_of(sample, np.linspace(1.0, 0.0, 140), 1)
    assert found is not None
    positive = sample.weights[truth == 1].sum()
    alone, met = (unmet_weight(sample, room) / positive for room in (said == 0, truth == 1))

    odds = found.measured.miss / (1.0 - found.measured.miss)
    assert met < odds < alone
    # Where none of the many others was met, one still weighs almost as much as by itself.
    assert odds > 0.7 * alone


def test_f1_of__the_whole_pool_leaves_nothing_open() -> None:
    sample, scores = made()
    whole = AuditSample(
        sample.strata, sample.counts, sample.counts / sample.size, sample.truth, sample.predicted
    )
    for find in FINDS.values():
        found = find(whole, scores)
        assert found is not None
        assert found.measured.variance == 0.0
        estimate = found.measured.estimate()
        assert estimate.high - estimate.low < 1e-9
