"""Labels that are not certain, because people disagree: as shares of classes, or as the likeliest class with a weight.

Peterson et al. 2019, "Human uncertainty makes classification more robust": a model that learns how people divide over
an item's classes generalises better than one that learns the winner alone.
"""

from __future__ import annotations

import numpy as np
import torch

from models.heads.contract import TrainingSet


def targets_and_weights(
    training: TrainingSet, weights: torch.Tensor, *, soft: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a head learns of each label, and how much each counts; plain ones where labels are certain.

    Args:
        training: checked labels; not changed.
        weights: (members, m) how much each label counts.
        soft: whether the head learns shares of classes; else it learns the labels, each weighed by its own share.

    Returns:
        (m, k) float32 of rows that add up to 1, and (members, m).
    """
    labels = torch.tensor(training.labels, dtype=torch.int64)
    one_hot = torch.nn.functional.one_hot(labels, training.class_count).to(torch.float32)
    if training.soft is None:
        return one_hot, weights
    if not soft:
        sure = training.soft[np.arange(len(labels)), training.labels].astype(np.float32)
        return one_hot, weights * torch.from_numpy(sure).to(weights)
    # A class without labels must not get logits from crumbs of doubt about items of other classes: divided by its
    # tiny share among the labels, they would make it as likely as any.
    kept = training.soft * (training.label_counts > 0)
    shares = kept / kept.sum(axis=1, keepdims=True)
    return torch.from_numpy(shares.astype(np.float32)), weights
