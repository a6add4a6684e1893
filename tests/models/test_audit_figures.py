from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.audit_figures import (
    PoolKnown,
    audit_figures,
    difference_share,
    mean_of,
    prevalence_of,
    unfound_of,
)
from models.audit_sample import AuditSample, share_of
from models.errors import AuditSampleError
from models.quality import Estimate

DOC = Path(__file__).parents[2] / "docs" / "audit-set.md"


def sample_of(truth: list[int], predicted: list[int], items: int = 1_000) -> AuditSample:
    return AuditSample(
        strata=np.zeros(len(truth), np.int64),
        sizes=np.array([items]),
        shares=np.ones(1),
        truth=np.array(truth),
        predicted=np.array(predicted),
    )


def known(items: int = 1_000, found: tuple[float, ...] = (0.0, 0.0, 0.0), left: int = 1_000) -> PoolKnown:
    return PoolKnown(items=items, found=np.array(found), open=left)


def test_audit_figures__count_what_the_sample_says() -> None:
    truth = [0] * 10 + [1] * 30
    predicted = [0] * 6 + [1] * 4 + [1] * 27 + [0] * 3
    found = audit_figures(sample_of(truth, predicted), known(found=(50.0, 100.0, 0.0), left=850))
    assert (found.answered, found.met) == (40, 2)
    assert found.accuracy is not None and found.balanced_accuracy is not None
    assert found.accuracy.value == pytest.approx(33 / 40)
    assert found.balanced_accuracy.value == pytest.approx((0.6 + 0.9) / 2)
    first, second, third = found.classes
    assert first.precision is not None and first.recall is not None
    assert (first.precision.value, first.recall.value) == pytest.approx((6 / 9, 0.6))
    assert first.prevalence.value == pytest.approx(0.25)
    assert (first.met, first.predicted) == (10, 9)
    # A quarter of a thousand, less the fifty that are labelled.
    assert first.unfound.value == pytest.approx(200)
    assert first.unfound.low < 200 < first.unfound.high
    assert second.unfound.value == pytest.approx(650)
    assert (third.recall, third.precision) == (None, None)
    assert third.unfound.low == 0.0 and 20 < third.unfound.high < 120


def test_audit_figures__without_a_model_there_is_still_the_prevalence() -> None:
    found = audit_figures(sample_of([0, 1, 1, 1], [-1] * 4), known())
    assert (found.accuracy, found.balanced_accuracy) == (None, None)
    assert found.classes[0].prevalence.value == pytest.approx(0.25)


@pytest.mark.parametrize("answers", [1, 2, 3])
def test_audit_figures__very_few_answers_say_very_little(answers: int) -> None:
    found = audit_figures(sample_of([0] * answers, [0] * answers), known())
    assert found.accuracy is not None
    assert found.accuracy.high == 1.0
    assert found.accuracy.low < 0.5
    assert found.classes[1].prevalence.high > 0.5


def test_audit_figures__refuses_what_says_nothing() -> None:
    with pytest.raises(AuditSampleError, match="label some of it first"):
        audit_figures(sample_of([], []), known())
    with pytest.raises(AuditSampleError, match="2 rows of scores for 1 answers"):
        audit_figures(sample_of([0], [0]), replace(known(), scores=np.zeros((2, 3))))


def test_unfound_of__is_within_what_is_left() -> None:
    share = Estimate(0.5, 0.001, 0.9)
    found = unfound_of(share, known(found=(30.0, 0.0, 0.0), left=700), 0)
    assert found == Estimate(470.0, 0.0, 700.0)


def test_difference_share__a_good_model_narrows_and_a_bad_one_does_not_harm() -> None:
    generator = np.random.default_rng(0)
    truth = (generator.random(5_000) < 0.3).astype(np.int64)
    rows = generator.choice(5_000, 200, replace=False)
    sample = sample_of(truth[rows].tolist(), truth[rows].tolist(), items=5_000)
    hits = sample.truth == 1
    plain = share_of(sample, hits)
    assert plain is not None
    widths = []
    for scores in (np.clip(truth + generator.normal(0, 0.2, 5_000), 0, 1), generator.random(5_000)):
        found = difference_share(sample, hits, scores[rows], float(scores.mean()))
        assert found.low <= truth.mean() <= found.high
        widths.append((found.high - found.low) / (plain.high - plain.low))
    assert widths[0] < 0.6
    assert 0.9 < widths[1] < 1.05


def test_difference_share__a_perfect_model_that_always_says_too_much_is_put_right() -> None:
    truth = np.arange(1_000) % 4 == 0
    rows = np.arange(0, 1_000, 7)
    sample = sample_of(truth[rows].astype(int).tolist(), [0] * len(rows))
    found = difference_share(sample, truth[rows], truth[rows] + 0.3, float(truth.mean() + 0.3))
    assert found.value == pytest.approx(0.25, abs=1e-6)


def test_prevalence_of__the_model_is_not_asked_about_a_class_hardly_met() -> None:
    sample = sample_of([0] * 3 + [1] * 97, [1] * 100)
    told = replace(known(), mean_scores=np.array([0.5, 0.5, 0.0]), scores=np.full((100, 3), 0.5))
    assert prevalence_of(sample, told, 0) == share_of(sample, sample.truth == 0)


def test_mean_of__is_narrower_than_its_parts() -> None:
    parts = [Estimate(0.5, 0.4, 0.6), Estimate(0.7, 0.6, 0.8)]
    found = mean_of(parts)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((0.6, 0.6 - 0.0707, 0.6 + 0.0707), abs=1e-4)
    assert mean_of([]) is None


def test_doc__its_code_runs() -> None:
    [code] = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, str(DOC), "exec"), {})


def test_unfound_of__what_was_held_out_before_may_be_anything() -> None:
    share = Estimate(0.1, 0.05, 0.2)
    beside = PoolKnown(items=1_000, found=np.array([20.0]), open=900, beside=50)
    found = unfound_of(share, beside, 0)
    assert (found.low, found.value, found.high) == pytest.approx((30, 80, 230))
    assert unfound_of(share, replace(beside, open=200), 0).high == 200
