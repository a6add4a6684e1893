from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from models.heads.logistic import LogisticHead
from tests.models.heads.sets import CPU, labelled, pool, section


@pytest.mark.parametrize("name", ["digits", "cancer"])
def test_fit__probabilities_are_those_of_scikit_learn(name: str) -> None:
    vectors, truth = pool(name)
    training = labelled(name, 300)
    trained = LogisticHead().fit(
        training, section=section(imbalance="none", members=1, weight_decay=0.002), seed=0, device=CPU
    )
    scaled = (vectors - trained.mean.numpy()) / trained.size.numpy()
    peer = LogisticRegression(C=1.0, tol=1e-8, max_iter=5000).fit(scaled[:300], truth[:300])
    counts = trained.label_counts.log().to(torch.float32)
    ours = torch.softmax(trained.logits(torch.tensor(vectors[300:]))[0] + counts, dim=1).numpy()
    theirs = peer.predict_proba(scaled[300:])
    assert np.abs(ours - theirs).mean() < 0.01
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() > 0.98


def test_fit__rare_class_is_found_by_its_likelihood() -> None:
    generator = np.random.default_rng(0)
    vectors = np.concatenate([generator.normal(0, 1, (400, 2)), generator.normal(1.5, 1, (8, 2))])
    truth = np.repeat([0, 1], [400, 8])
    training = labelled("cancer", 2)
    training = type(training)(vectors.astype(np.float32), truth, 2)
    recalls = {}
    for imbalance in ("logit_adjustment", "balanced_weights", "none"):
        trained = LogisticHead().fit(training, section=section(imbalance=imbalance), seed=0, device=CPU)
        logits = trained.logits(torch.tensor(training.vectors)).mean(dim=0)
        shares = trained.label_counts.log().to(torch.float32) if not trained.corrected else 0.0
        recalls[imbalance] = float(((logits + shares).argmax(dim=1)[400:] == 1).float().mean())
    assert recalls["none"] < 0.5
    assert recalls["logit_adjustment"] >= 0.75
    assert recalls["balanced_weights"] >= 0.75


def test_fit__five_hundred_labels_take_a_fraction_of_a_second() -> None:
    generator = np.random.default_rng(0)
    centres = generator.normal(0, 0.3, (10, 256))
    truth = generator.integers(0, 10, 500)
    vectors = (centres[truth] + generator.normal(0, 1, (500, 256))).astype(np.float32)
    training = type(labelled("wine", 3))(vectors, truth, 10)
    started = time.process_time()
    LogisticHead().fit(training, section=section(), seed=0, device=CPU)
    assert time.process_time() - started < 1.0
