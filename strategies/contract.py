"""What every strategy is given and what it must return.

A strategy is a pure function `(state, batch, generator) -> Choice`: the same inputs and a generator of the
same seed give the same answer, and no input is changed. `strategies.checks` is the contract in
code; the registry wraps every strategy in them, so that a strategy need not repeat the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

KINDS = ("discover", "balance", "refine")
"""Why an item is offered: a region no label explains, a likely member of a class in need, a boundary."""


@dataclass(frozen=True)
class Outcome:
    """What an earlier proposal brought, so that a strategy can learn which kind of proposal pays.

    Attributes:
        row: row of the item in the pool.
        kind: the kind under which it was proposed, one of KINDS.
        class_index: the class it was labelled with, an index into `PoolState.class_names`; -1 for skip or
            unsure.
        expected_class_index: the class the proposal suggested; -1 where it suggested none.
        round_number: the round that proposed it.
    """

    row: int
    kind: str
    class_index: int
    expected_class_index: int
    round_number: int


class Elsewhere(Protocol):
    """Where a model's answers lie when they are not in this process: in parts, on the workers of a cluster."""

    def walk(self, rows: IntArray, wishes: Sequence[Any]) -> Sequence[Any]:
        """Return what `strategies.walk.walk` does, the scores made where the answers are.

        Args:
            rows: (m,) rows to choose from, ascending.
            wishes: of `strategies.walk.Wish`.

        Returns:
            One `strategies.ranking.TopRows` for each wish, its positions those in `rows`.
        """
        ...


@dataclass(frozen=True)
class PoolState:
    """All a strategy may look at. n items, d dimensions, k classes (k may be 0).

    Attributes:
        vectors: (n, d) float16 or float32, often a read-only memory map; row i is item i. Unreadable rows
            are zero.
        labels: (n,) int64; the class index of each item, -1 where it has no label.
        closed: (n,) bool; True where an item must not be proposed (labelled, skipped, unreadable, held out).
        class_names: k names, in the order of the class indices.
        targets: (k,) float32; the wanted share of each class among the labels; sums to 1 (empty when k is 0).
        probabilities: (n, k) float32; calibrated class probabilities under the pool's estimated prior, rows
            sum to 1; None while no model could be trained.
        balanced_probabilities: (n, k) float32; the same with the class prior taken out; None with
            `probabilities`.
        disagreement: (n,) float32; mutual information between label and ensemble member in nats; None
            likewise.
        prior: (k,) float32; the pool's estimated class shares; None likewise.
        outcomes: what earlier proposals brought, oldest first.
        seek_scores: (n, s) float16 or float32; column j tells how like each item is to the j-th thing a person
            said they seek; higher is more alike, comparable within a column only; NaN nowhere. None where
            nothing is sought.
        seek_classes: (s,) int64; the class each column is about, an index into `class_names`, -1 for none;
            given with `seek_scores`. Several columns may be about one class.
        member_rows: (r,) int64 distinct rows on which each member's own answer was kept; None without a model.
        member_probabilities: (members, r, k) float32; each member's class probabilities on `member_rows` with
            the class prior taken out, rows sum to 1; given with `member_rows`.
        elsewhere: where the answers lie if not here; then vectors and answers were checked there, and
            `probabilities`, `balanced_probabilities` and `disagreement` fetch the rows that they are asked for.
            What looks at every row does so by `strategies.walk`, or all of it is fetched.
    """

    vectors: npt.NDArray[np.floating]
    labels: IntArray
    closed: BoolArray
    class_names: tuple[str, ...]
    targets: FloatArray
    probabilities: FloatArray | None = None
    balanced_probabilities: FloatArray | None = None
    disagreement: FloatArray | None = None
    prior: FloatArray | None = None
    outcomes: tuple[Outcome, ...] = ()
    seek_scores: npt.NDArray[np.floating] | None = None
    seek_classes: IntArray | None = None
    member_rows: IntArray | None = None
    member_probabilities: FloatArray | None = None
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True)
class Choice:
    """What a strategy proposes, best first.

    Attributes:
        indices: (b,) int64; distinct rows of the pool, none of them closed; b = min(batch, open items).
        scores: (b,) float64; finite; higher is more worth a person's time; comparable within this choice
            only.
        kinds: b entries of KINDS.
        reasons: b sentences for the person, plain text, one each.
        class_indices: (b,) int64; the class the item is proposed for or thought to be; -1 for none.
    """

    indices: IntArray
    scores: npt.NDArray[np.float64]
    kinds: tuple[str, ...]
    reasons: tuple[str, ...]
    class_indices: IntArray


Strategy = Callable[[PoolState, int, np.random.Generator], Choice]
