"""What a simulated person has said so far, and what a strategy may know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.simulation.model import Model
from app.simulation.pools import LabelledPool
from models.heads.contract import ClassNames
from strategies.contract import BoolArray, Choice, IntArray, Outcome, PoolState


class Labelling:
    """One pool being labelled by a person who is always right. n items, k classes known so far.

    Attributes:
        pool: what is labelled.
        known: indices of `pool.class_names`, in the order in which the person met them; all of them from the start
            where the names are given.
        truth: (n,) int64; the label of each item, an index into `pool.class_names`; -1 where it has none.
        rows: rows in the order of their labels.
        decisions: what the labels cost: one for a label, one for a confirmed page and one for each of its exceptions.
    """

    def __init__(self, pool: LabelledPool, *, names: bool) -> None:
        """Start from no label.

        Args:
            pool: what is labelled.
            names: whether all class names are known from the start.
        """
        self.pool = pool
        self.names = names
        self.known = list(range(len(pool.class_names))) if names else []
        self.truth = np.full(len(pool.truth), -1, np.int64)
        self.rows: list[int] = []
        self.decisions = 0
        self._outcomes: list[Outcome] = []
        # The columns are the pool's classes; a page may be refused before its class is met elsewhere.
        self._refused = np.zeros((len(pool.truth), len(pool.class_names)), bool)

    @property
    def open_count(self) -> int:
        """How many items have no label."""
        return int(np.count_nonzero(self.truth < 0))

    def labels(self) -> IntArray:
        """Return (n,) int64: the label of each item as an index into the known classes; -1 where it has none."""
        column = np.full(len(self.pool.class_names) + 1, -1, np.int64)  # the last place serves "no label"
        column[self.known] = np.arange(len(self.known))
        return column[self.truth]

    def name_points(self) -> ClassNames | None:
        """Return what the names of the classes teach a model; None where they are not known."""
        seeds = self.pool.seeds if self.names else None
        if seeds is None or seeds.vectors is None:
            return None
        named = np.flatnonzero(seeds.classes >= 0)
        return ClassNames(seeds.vectors[named], seeds.classes[named])

    def state(self, model: Model | None) -> PoolState:
        """Return all that a strategy may look at.

        Args:
            model: trained on the labels so far; None while there is none.
        """
        state = self._state_without_model()
        if model is None:
            return state
        scores = model.score(self.pool.vectors)
        return replace(
            state,
            probabilities=scores.probabilities,
            balanced_probabilities=scores.balanced_probabilities,
            disagreement=scores.disagreement,
            prior=scores.prior,
            member_rows=scores.member_rows,
            member_probabilities=scores.member_probabilities,
        )

    def refused(self) -> BoolArray:
        """Return (n, k) bool: True where the person said that an item is not of a known class."""
        return self._refused[:, self.known]

    def label(self, choice: Choice, count: int, *, round_number: int) -> None:
        """Label the first items of a choice, one decision each.

        Args:
            choice: what a strategy proposed, in terms of the classes known then.
            count: how many are labelled at most.
            round_number: passed on with the outcomes.
        """
        for place, row in enumerate(choice.indices[:count]):
            self._set(int(row))
            self._outcomes.append(
                Outcome(
                    row=int(row),
                    kind=choice.kinds[place],
                    class_index=self.known.index(int(self.pool.truth[row])),
                    expected_class_index=int(choice.class_indices[place]),
                    round_number=round_number,
                )
            )
            self.decisions += 1

    def confirm(self, class_index: int, rows: Sequence[int] | IntArray, *, name_exceptions: bool) -> int:
        """Confirm a page of one class: items of the class get its label, one decision pays for all of them.

        Args:
            class_index: index into the known classes.
            rows: the items on the page; none of them labelled.
            name_exceptions: whether exceptions get the label of their class; else they are noted as not of this one.
                Either costs a decision each.

        Returns:
            How many were confirmed.
        """
        label = self.known[class_index]
        shown = np.asarray(rows, np.int64)
        good = self.pool.truth[shown] == label
        for row in shown if name_exceptions else shown[good]:
            self._set(int(row))
        self._refused[shown[~good], label] = True
        self.decisions += 1 + int(np.count_nonzero(~good))
        return int(np.count_nonzero(good))

    def _set(self, row: int) -> None:
        truth = int(self.pool.truth[row])
        if truth not in self.known:
            self.known.append(truth)
        self.truth[row] = truth
        self.rows.append(row)

    def _state_without_model(self) -> PoolState:
        count = len(self.known)
        seeds = self.pool.seeds if self.names else None
        return PoolState(
            vectors=self.pool.vectors,
            labels=self.labels(),
            closed=self.truth >= 0,
            class_names=tuple(self.pool.class_names[index] for index in self.known),
            targets=np.full(count, 1.0 / max(count, 1), np.float32),
            outcomes=tuple(self._outcomes),
            seek_scores=None if seeds is None else seeds.scores,
            seek_classes=None if seeds is None else seeds.classes,
        )
