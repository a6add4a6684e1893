"""scikit-activeml: margin, CoreSet, Badge, TypiClust, each with the library's own defaults.

Known faults of 1.0.1: Badge can pick an item twice in one batch. `PeerStrategy` replaces and counts those.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
from skactiveml.base import SkactivemlClassifier  # type: ignore[import-not-found]
from skactiveml.pool import Badge, CoreSet, TypiClust, UncertaintySampling  # type: ignore[import-not-found]

from benchmarks.peers.contract import Matrix, Peer, Request
from strategies.contract import IntArray

LIBRARY, MODULE = "scikit-activeml", "skactiveml"


class Asked(Protocol):
    """What is used of a strategy of scikit-activeml."""

    def query(
        self, X: Matrix, y: Matrix, *, candidates: IntArray, batch_size: int, **more: object
    ) -> npt.ArrayLike:
        """Return rows of X."""
        ...


class Answered(SkactivemlClassifier):
    """The shared classifier, fitted already: it hands out its answers on the open items."""

    def __init__(
        self,
        answers: Matrix | None = None,
        classes: list[int] | None = None,
        missing_label: float = np.nan,
        random_state: int | None = None,
    ) -> None:
        """Take the answers.

        Args:
            answers: (o, k) float64 class probabilities of the open items.
            classes: the library's own parameter.
            missing_label: likewise.
            random_state: likewise.
        """
        super().__init__(classes=classes, missing_label=missing_label, random_state=random_state)
        self.answers = answers

    def fit(self, X: Matrix, y: Matrix, sample_weight: Matrix | None = None) -> Answered:
        """Do nothing: it is fitted.

        Args:
            X: not used.
            y: not used.
            sample_weight: not used.
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
    """Ask UncertaintySampling for the smallest margins.

    Args:
        request: what it is given.
    """
    strategy = UncertaintySampling(method="margin_sampling", random_state=request.seed)
    return _ask(strategy, request, clf=_classifier(request), fit_clf=False)


def badge(request: Request) -> npt.ArrayLike:
    """Ask Badge.

    Args:
        request: what it is given.
    """
    strategy = Badge(random_state=request.seed)
    return _ask(strategy, request, clf=_classifier(request), fit_clf=False)


def core_set(request: Request) -> npt.ArrayLike:
    """Ask CoreSet.

    Args:
        request: what it is given.
    """
    return _ask(CoreSet(random_state=request.seed), request)


def typi_clust(request: Request) -> npt.ArrayLike:
    """Ask TypiClust.

    Args:
        request: what it is given.
    """
    return _ask(TypiClust(random_state=request.seed), request)


def _ask(strategy: Asked, request: Request, **more: object) -> npt.ArrayLike:
    labels = np.full(len(request.vectors), np.nan)
    labels[request.labelled] = request.classes
    return strategy.query(
        request.vectors, labels, candidates=request.open_rows, batch_size=request.batch, **more
    )


def _classifier(request: Request) -> Answered:
    assert request.answers is not None
    return Answered(request.answers[request.open_rows], classes=list(range(request.class_count)))


PEERS = (
    Peer("skactiveml_margin", LIBRARY, MODULE, margin, needs_model=True),
    Peer("skactiveml_badge", LIBRARY, MODULE, badge, needs_model=True),
    Peer("skactiveml_coreset", LIBRARY, MODULE, core_set, needs_model=False),
    Peer("skactiveml_typiclust", LIBRARY, MODULE, typi_clust, needs_model=False),
)
