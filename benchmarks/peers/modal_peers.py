"""modAL: margin sampling through its ActiveLearner.

Known faults of 0.4.2.1: `ActiveLearner.teach` hands scikit-learn an argument that 1.8 took away: a TypeError.
A learner is therefore made anew each round from all labels so far, which modAL allows.
"""

from __future__ import annotations

import numpy.typing as npt
from modAL.models import ActiveLearner  # type: ignore[import-not-found]
from modAL.uncertainty import margin_sampling  # type: ignore[import-not-found]
from sklearn.base import BaseEstimator, ClassifierMixin

from benchmarks.peers.contract import Matrix, Peer, Request
from strategies.contract import IntArray

LIBRARY, MODULE = "modAL-python", "modAL"


class Answered(ClassifierMixin, BaseEstimator):
    """The shared classifier, fitted already: it hands out its answers on the open items."""

    def __init__(self, answers: Matrix | None = None) -> None:
        """Take the answers.

        Args:
            answers: (o, k) float64 class probabilities of the open items.
        """
        self.answers = answers

    def fit(self, X: Matrix, y: IntArray) -> Answered:
        """Do nothing: it is fitted.

        Args:
            X: not used.
            y: not used.
        """
        return self

    def predict_proba(self, X: Matrix) -> Matrix:
        """Return the answers.

        Args:
            X: (o, d) the open items' vectors, in the order of the answers.

        Raises:
            ValueError: it is asked for other items.
        """
        if self.answers is None or len(X) != len(self.answers):
            raise ValueError(f"asked for the answers on {len(X)} items, but has those of others")
        return self.answers


def margin(request: Request) -> npt.ArrayLike:
    """Ask an ActiveLearner with margin_sampling.

    Args:
        request: what it is given.
    """
    assert request.answers is not None
    learner = ActiveLearner(
        estimator=Answered(request.answers[request.open_rows]),
        query_strategy=margin_sampling,
        X_training=request.vectors[request.labelled],
        y_training=request.classes,
    )
    places, _ = learner.query(request.vectors[request.open_rows], n_instances=request.batch)
    return request.open_rows[places]


PEERS = (Peer("modal_margin", LIBRARY, MODULE, margin, needs_model=True),)
