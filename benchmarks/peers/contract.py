"""What a peer is given and must return, and how goldpan's contract is met around it.

A peer sees what its users would give it: the vectors, the labels so far, and the answers of the one classifier that
all strategies of the comparison share. It is asked for as many items as get labelled before the classifier is
trained anew, not for a longer list of which only the beginning is used: some peers return a batch in no order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.peers.errors import PeerAnswerError
from strategies.contract import Choice, FloatArray, IntArray, PoolState
from strategies.density_start import density_start
from strategies.model_needed import has_model
from strategies.random_draw import random_draw

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Request:
    """What a peer is given. n items, d dimensions, m labels, k classes that have labels, o open items.

    Attributes:
        vectors: (n, d) float64; row i is item i.
        labelled: (m,) int64 rows that have a label.
        classes: (m,) int64 their classes, 0 to k - 1.
        open_rows: (o,) int64 rows that may be picked, ascending.
        answers: (n, k) float64 class probabilities of the shared classifier; None while it could not be trained.
        batch: how many rows are wanted, at most o.
        seed: of the peer's draws.
    """

    vectors: Matrix
    labelled: IntArray
    classes: IntArray
    open_rows: IntArray
    answers: Matrix | None
    batch: int
    seed: int

    @property
    def class_count(self) -> int:
        """How many classes have labels."""
        return int(np.unique(self.classes).size)


Pick = Callable[[Request], npt.ArrayLike]
"""Asks the library; returns `batch` rows of the pool."""


@dataclass(frozen=True)
class Peer:
    """A strategy of another library.

    Attributes:
        name: `LIBRARY_STRATEGY`, as in the figures.
        library: the name under which it is installed.
        module: the name under which it is imported.
        pick: asks it.
        needs_model: whether it reads the classifier's answers; then its users begin with a batch drawn at random.
        needs_labels: whether it needs labels to begin with, though it reads no answers; the same holds.
    """

    name: str
    library: str
    module: str
    pick: Pick
    needs_model: bool
    needs_labels: bool = False


class PeerStrategy:
    """A peer under goldpan's contract; make a new one for each run, since it counts.

    Attributes:
        peer: who is asked.
        duplicates: items it picked twice in one batch so far; each was replaced by a draw at random.
    """

    def __init__(self, peer: Peer, *, own_start: bool = True) -> None:
        """Wrap a peer.

        Args:
            peer: who is asked.
            own_start: whether the first labels come about as for its users (its own choice where it needs neither
                labels nor a model, else a draw at random) or by goldpan's density start.
        """
        self.peer = peer
        self.own_start = own_start
        self.duplicates = 0

    def __call__(self, state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
        """Propose items; see `strategies.contract`.

        Args:
            state: the pool.
            batch: how many items are wanted.
            generator: all of the peer's draws are seeded from it.

        Raises:
            PeerAnswerError: the peer's answer cannot be used.
        """
        if not self._can_begin(state):
            start = random_draw if self.own_start else density_start
            return start(state, batch, generator)
        request = _request(state, batch, int(generator.integers(2**31)))
        if not request.batch:
            return _choice(request.open_rows[:0], self.peer.name)
        with seeded(request.seed):
            rows = np.asarray(self.peer.pick(request), np.int64).ravel()
        return _choice(self._distinct(rows, request, generator), self.peer.name)

    def _can_begin(self, state: PoolState) -> bool:
        met = np.unique(state.labels[state.labels >= 0]).size
        if self.peer.needs_model:
            return has_model(state) and met > 1
        return met > 0 or (self.own_start and not self.peer.needs_labels)

    def _distinct(self, rows: IntArray, request: Request, generator: np.random.Generator) -> IntArray:
        if rows.size != request.batch or not np.isin(rows, request.open_rows).all():
            raise PeerAnswerError(
                f"{self.peer.name} was asked for {request.batch} open rows and answered {rows.tolist()}; look "
                f"at its adapter and at the version of {self.peer.library}"
            )
        kept = rows[np.sort(np.unique(rows, return_index=True)[1])]
        missing = request.batch - kept.size
        self.duplicates += missing
        more = generator.choice(np.setdiff1d(request.open_rows, kept), missing, replace=False)
        return np.concatenate([kept, more]).astype(np.int64)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed numpy's global generator, from which some peers draw, and put its state back afterwards.

    Args:
        seed: 0 to 2³² - 1.
    """
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


def _request(state: PoolState, batch: int, seed: int) -> Request:
    labelled = np.flatnonzero(state.labels >= 0).astype(np.int64)
    met, classes = np.unique(state.labels[labelled], return_inverse=True)
    open_rows = np.flatnonzero(~state.closed).astype(np.int64)
    return Request(
        vectors=np.asarray(state.vectors, np.float64),
        labelled=labelled,
        classes=classes.astype(np.int64),
        open_rows=open_rows,
        answers=_answers(state.balanced_probabilities, met),
        batch=min(batch, open_rows.size),
        seed=seed,
    )


def _answers(balanced: FloatArray | None, met: IntArray) -> Matrix | None:
    """Return the answers on the classes that have labels: a peer's classifier knows no others."""
    if balanced is None or not met.size:
        return None
    answers = np.asarray(balanced[:, met], np.float64)
    return answers / np.maximum(answers.sum(axis=1, keepdims=True), 1e-12)


def _choice(rows: IntArray, name: str) -> Choice:
    return Choice(
        indices=rows,
        scores=np.linspace(1.0, 0.0, rows.size, endpoint=False),
        kinds=("refine",) * rows.size,
        reasons=(f"Picked by {name}.",) * rows.size,
        class_indices=np.full(rows.size, -1, np.int64),
    )
