from __future__ import annotations

import numpy as np
import torch

from models.heads.contract import TrainingSet
from models.heads.logistic import LogisticHead
from models.heads.mlp import MlpHead
from tests.models.heads.sets import CPU, section


def test_fit__tells_apart_what_no_plane_separates() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.uniform(-1, 1, (400, 2)).astype(np.float32)
    truth = (vectors[:, 0] * vectors[:, 1] > 0).astype(np.int64)
    training = TrainingSet(vectors[:200], truth[:200], 2)
    right = {}
    for head in (LogisticHead(), MlpHead()):
        trained = head.fit(training, section=section(), seed=0, device=CPU)
        found = trained.logits(torch.tensor(vectors[200:])).mean(dim=0).argmax(dim=1).numpy()
        right[head.name] = (found == truth[200:]).mean()
    assert right["logistic"] < 0.7
    assert right["mlp"] > 0.9
