"""small-text: breaking ties (its margin) and greedy coreset, each with the library's own defaults.

Known faults of 1.4.1: GreedyCoreset numbers the open rows from 0 and the labelled ones after them, but takes
`embeddings=` by these numbers as they are handed in, in the order of the pool: it then measures other items than it
picks. It is right with a classifier that embeds, which is how it is asked here.
"""

from __future__ import annotations

import warnings
from typing import Protocol

import numpy as np
import numpy.typing as npt
from small_text.data.datasets import SklearnDataset  # type: ignore[import-not-found]
from small_text.query_strategies import (  # type: ignore[import-not-found]
    BreakingTies,
    GreedyCoreset,
)

from benchmarks.peers.contract import Matrix, Peer, Request
from strategies.contract import IntArray

LIBRARY, MODULE = "small-text", "small_text"


class Items(Protocol):
    """What is used of small-text's wrapping of the pool or of a part of it."""

    x: Matrix


class Asked(Protocol):
    """What is used of a strategy of small-text."""

    def query(
        self, clf: Answered, items: Items, unlabelled: IntArray, labelled: IntArray, y: IntArray, n: int
    ) -> npt.ArrayLike:
        """Return rows of the pool."""
        ...


class Answered:
    """The shared classifier, fitted already: it hands out its answers, and the vectors as embeddings."""

    def __init__(self, request: Request) -> None:
        """Take the answers.

        Args:
            request: what the peer is given.
        """
        self.request = request

    def predict_proba(self, items: Items) -> Matrix:
        """Return the answers on the whole pool.

        Args:
            items: the library's wrapping of all vectors.

        Raises:
            ValueError: it is asked for a part of them.
        """
        if self.request.answers is None or len(items.x) != len(self.request.answers):
            raise ValueError(f"asked for the answers on {len(items.x)} items, but has those of others")
        return self.request.answers

    def embed(
        self, items: Items, return_proba: bool = False, pbar: str | None = None
    ) -> Matrix | tuple[Matrix, None]:
        """Return the vectors of some items.

        Args:
            items: the library's wrapping of their vectors.
            return_proba: whether class probabilities are wanted too; none are used by what is asked here.
            pbar: not used.
        """
        return (items.x, None) if return_proba else items.x


def breaking_ties(request: Request) -> npt.ArrayLike:
    """Ask BreakingTies.

    Args:
        request: what it is given.
    """
    return _ask(BreakingTies(), request)


def greedy_coreset(request: Request) -> npt.ArrayLike:
    """Ask GreedyCoreset.

    Args:
        request: what it is given.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it announces a default that changed two versions ago
        return _ask(GreedyCoreset(), request)


def _ask(strategy: Asked, request: Request) -> npt.ArrayLike:
    labels = np.zeros(len(request.vectors), np.int64)
    labels[request.labelled] = request.classes
    items = SklearnDataset(request.vectors, labels, target_labels=np.arange(request.class_count))
    return strategy.query(
        Answered(request), items, request.open_rows, request.labelled, request.classes, n=request.batch
    )


PEERS = (
    Peer("small_text_margin", LIBRARY, MODULE, breaking_ties, needs_model=True),
    Peer("small_text_coreset", LIBRARY, MODULE, greedy_coreset, needs_model=False, needs_labels=True),
)
