from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from models.errors import TrainingSetError
from models.heads.contract import TrainedHead, TrainingSet
from models.heads.registry import heads
from models.scoring import member_probabilities, score_pool, swept_pass
from tests.models.heads.sets import CPU, labelled, pool, section


@pytest.fixture(scope="module")
def trained() -> TrainedHead:
    return heads.get("logistic").fit(
        labelled("digits", 150, class_count=11), section=section(), seed=0, device=CPU
    )


def test_score_pool__rows_are_probabilities(trained: TrainedHead) -> None:
    vectors, truth = pool("digits")
    scores = score_pool(vectors, trained)
    for chances in (scores.probabilities, scores.balanced_probabilities):
        assert chances.shape == (len(vectors), 11)
        assert chances.dtype == np.float32
        assert np.allclose(chances.sum(axis=1), 1, atol=1e-5)
        assert (chances[:, 10] <= 1e-6).all()
    assert (scores.balanced_probabilities.argmax(axis=1) == truth).mean() > 0.85


def test_score_pool__disagreement_is_the_members_mutual_information(trained: TrainedHead) -> None:
    vectors = pool("digits")[0][:300]
    members = member_probabilities(vectors, trained, temperature=1.5).astype(np.float64)
    mean = members.mean(axis=0)

    def entropy(chances: np.ndarray) -> np.ndarray:
        return np.asarray(-(chances * np.log(np.maximum(chances, 1e-300))).sum(axis=-1))

    scores = score_pool(vectors, trained, temperature=1.5)
    assert np.allclose(scores.disagreement, entropy(mean) - entropy(members).mean(axis=0), atol=1e-4)
    assert np.allclose(scores.balanced_probabilities, mean, atol=1e-5)


def test_score_pool__one_member_never_disagrees() -> None:
    single = heads.get("logistic").fit(labelled("wine", 40), section=section(members=1), seed=0, device=CPU)
    assert score_pool(pool("wine")[0], single).disagreement.max() < 1e-5


@pytest.mark.parametrize("chunk", [1, 7, 1000, 10_000])
def test_score_pool__chunks_change_nothing(trained: TrainedHead, chunk: int) -> None:
    vectors = pool("digits")[0][:200]
    whole, parts = score_pool(vectors, trained), score_pool(vectors, trained, chunk=chunk)
    assert np.allclose(whole.probabilities, parts.probabilities, atol=1e-5)
    assert np.allclose(whole.disagreement, parts.disagreement, atol=1e-5)


def test_score_pool__twice_the_same_bits(trained: TrainedHead) -> None:
    vectors = pool("digits")[0]
    first, second = score_pool(vectors, trained), score_pool(vectors, trained)
    assert np.array_equal(first.probabilities, second.probabilities)
    assert np.array_equal(first.disagreement, second.disagreement)


def test_score_pool__estimates_the_shares_of_a_skewed_pool() -> None:
    vectors, truth = pool("digits")
    training = labelled("digits", 300)
    head = heads.get("logistic").fit(training, section=section(), seed=0, device=CPU)
    generator = np.random.default_rng(0)
    kept = np.flatnonzero((truth < 5) | (generator.random(len(truth)) < 0.1))
    scores = score_pool(vectors[kept], head)
    true = np.bincount(truth[kept], minlength=10) / len(kept)
    assert np.abs(scores.prior - true).max() < 0.03
    assert ((scores.prior_low <= true) & (true <= scores.prior_high)).mean() >= 0.8
    right = [(chances.argmax(axis=1) == truth[kept]).mean() for chances in
             (scores.probabilities, scores.balanced_probabilities)]  # fmt: skip
    assert right[0] >= right[1]


def test_score_pool__given_prior_is_used(trained: TrainedHead) -> None:
    prior = np.full(11, 0.0)
    prior[3] = 2.0
    scores = score_pool(pool("digits")[0][:50], trained, prior=prior)
    assert scores.prior[3] == 1
    assert (scores.probabilities[:, 3] > 0.5).mean() > 0.9
    assert np.array_equal(scores.prior, scores.prior_low)


@pytest.mark.parametrize("prior", [np.ones(10), np.zeros(11), -np.ones(11), np.full(11, np.nan)])
def test_score_pool__senseless_prior_is_refused(trained: TrainedHead, prior: np.ndarray) -> None:
    with pytest.raises(ValueError, match="11 numbers"):
        score_pool(pool("digits")[0][:5], trained, prior=prior)


def test_score_pool__without_correction_the_labels_shares_are_the_pools() -> None:
    training = labelled("wine", 50)
    head = heads.get("logistic").fit(training, section=section(imbalance="none"), seed=0, device=CPU)
    scores = score_pool(pool("wine")[0], head)
    assert np.allclose(scores.prior, training.label_counts / 50)


def test_score_pool__memory_map_of_half_floats(trained: TrainedHead, tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", pool("digits")[0].astype(np.float16))
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    half, full = score_pool(mapped, trained), score_pool(pool("digits")[0], trained)
    assert np.abs(half.balanced_probabilities - full.balanced_probabilities).max() < 0.05


def test_score_pool__row_that_is_no_number_is_named(trained: TrainedHead) -> None:
    vectors = pool("digits")[0].copy()
    vectors[1234, 5] = np.nan
    with pytest.raises(TrainingSetError, match="row 1234"):
        score_pool(vectors, trained, chunk=500)


def test_score_pool__wrong_arguments(trained: TrainedHead) -> None:
    with pytest.raises(TrainingSetError, match="64 numbers"):
        score_pool(np.zeros((3, 5), np.float32), trained)
    with pytest.raises(ValueError, match="temperature"):
        score_pool(np.zeros((3, 64), np.float32), trained, temperature=0)
    with pytest.raises(ValueError, match="chunk"):
        score_pool(np.zeros((3, 64), np.float32), trained, chunk=0)


def test_score_pool__pool_of_one_and_of_unreadable_items(trained: TrainedHead) -> None:
    assert np.isfinite(score_pool(pool("digits")[0][:1], trained).probabilities).all()
    assert np.isfinite(score_pool(np.zeros((5, 64), np.float32), trained).probabilities).all()


def test_score_pool__many_items_take_moments() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(0, 1, (30_000, 256)).astype(np.float32)
    labels = np.arange(100, dtype=np.int64) % 10
    head = heads.get("logistic").fit(
        TrainingSet(vectors[:100], labels, 10), section=section(), seed=0, device=CPU
    )
    threads, started = torch.get_num_threads(), time.process_time()
    score_pool(vectors, head)
    assert time.process_time() - started < 1.5
    assert torch.get_num_threads() == threads


def test_score_pool__members_add_up_to_their_mean_on_the_rows_kept(trained: TrainedHead) -> None:
    vectors = pool("digits")[0].copy()
    vectors[5] = 0.0
    scores = score_pool(vectors, trained, temperature=1.3)
    assert scores.member_rows.tolist() == [row for row in range(len(vectors)) if row != 5]
    assert scores.member_probabilities.shape == (trained.members, len(vectors) - 1, 11)
    mean = scores.member_probabilities.mean(axis=0)
    assert np.allclose(mean, scores.balanced_probabilities[scores.member_rows], atol=1e-5)


def test_swept_pass__says_what_the_pass_of_a_cpu_says(trained: TrainedHead) -> None:
    vectors = pool("digits")[0].astype(np.float16)
    scores, told = score_pool(vectors, trained, temperature=1.3), []
    balanced, disagreement, probabilities = swept_pass(
        vectors,
        trained,
        scores.prior,
        temperature=1.3,
        rows=700,
        progress=lambda share, _: told.append(share),
    )
    assert np.allclose(balanced, scores.balanced_probabilities, atol=1e-5)
    assert np.allclose(disagreement, scores.disagreement, atol=1e-5)
    assert np.allclose(probabilities, scores.probabilities, atol=1e-5)
    assert told == sorted(told)
    assert len(told) == 3


def test_swept_pass__row_that_is_no_number_is_named(trained: TrainedHead) -> None:
    vectors = pool("digits")[0].copy()
    vectors[1234, 5] = np.nan
    with pytest.raises(TrainingSetError, match="row 1234"):
        swept_pass(vectors, trained, np.full(11, 1 / 11, np.float32), temperature=1.0, rows=500)


@pytest.mark.gpu
def test_score_pool__a_gpu_says_what_a_cpu_says(trained: TrainedHead) -> None:
    vectors, gpu = pool("digits")[0].astype(np.float16), torch.device("cuda")
    here = score_pool(vectors, trained)
    for _ in range(2):  # the second time the vectors are there already
        there = score_pool(vectors, trained, device=gpu, key="digits")
        assert np.abs(here.balanced_probabilities - there.balanced_probabilities).max() < 0.01
        assert np.abs(here.probabilities - there.probabilities).max() < 0.02
