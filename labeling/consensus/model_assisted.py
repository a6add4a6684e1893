"""Dawid-Skene with a model's opinion beside the votes: what people disagree on, the item itself helps to decide.

Raykar et al. 2010, "Learning from crowds": a classifier's probabilities take the place of the class shares in
Dawid-Skene's EM. There the classifier is trained inside the EM; here its answers are out-of-fold ones of models trained
on the consensus of the votes, and calibrated, so that it does not repeat what it was told of the item. CROWDLAB (Goh,
Tkachenko & Mueller 2022, "CROWDLAB: Supervised learning to infer consensus labels and quality scores for data with
multiple annotators") uses the same answers with one weight a person instead of a matrix.
"""

from __future__ import annotations

from labeling.consensus.contract import FloatArray, Votes
from labeling.consensus.dawid_skene import estimate

FLOOR = 0.1
"""Share of the model's answer that is spread over all classes alike: it may doubt people, not overrule them."""


def model_assisted(votes: Votes, probabilities: FloatArray | None = None) -> FloatArray:
    """Return how probable each class is for each item by votes and model; see the module.

    Args:
        votes: checked votes.
        probabilities: (m, k) out-of-fold, class prior taken out; without them it is Dawid-Skene.

    Returns:
        (m, k) rows that add up to 1.
    """
    if probabilities is None:
        return estimate(votes, None)
    return estimate(votes, (1 - FLOOR) * probabilities + FLOOR / max(votes.class_count, 1))
