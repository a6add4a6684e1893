"""From the rows that a strategy chose to the proposals that are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from app.project import Project
from app.round_inputs import RoundInputs
from labeling.queue import Proposal
from models.scoring import PoolScores
from strategies.contract import Choice

Guess = tuple[int, float | None]
"""A column and its probability, None where no model gave one."""


def to_proposals(
    project: Project,
    inputs: RoundInputs,
    scores: PoolScores | None,
    choice: Choice,
    *,
    number: int,
    strategy: str,
) -> list[Proposal]:
    """Turn a choice of rows into proposals by item key, with the model's first and second guess.

    Where there is no model, the class for which the strategy proposes an item is the first guess, without a
    probability.
    """
    keys = project.pool.keys(choice.indices)
    guesses = _guesses(scores, choice)
    ids = [entry.id for entry in inputs.classes]
    proposals = []
    for rank, key in enumerate(keys):
        first, second = guesses[rank]
        proposals.append(
            Proposal(
                item_key=key,
                round_number=number,
                rank=rank,
                score=float(choice.scores[rank]),
                kind=choice.kinds[rank],
                reason=choice.reasons[rank],
                strategy=strategy,
                class_id=None if first is None else ids[first[0]],
                probability=None if first is None else first[1],
                runner_up_class_id=None if second is None else ids[second[0]],
                runner_up_probability=None if second is None else second[1],
            )
        )
    return proposals


def proposals_hash(proposals: Sequence[Proposal]) -> str:
    """Return the sha256 of proposals: rank, item key, kind and reason; scores are left out as they may round."""
    digest = hashlib.sha256()
    for entry in proposals:
        digest.update(f"{entry.rank}\x00{entry.item_key}\x00{entry.kind}\x00{entry.reason}\n".encode())
    return digest.hexdigest()


def _guesses(scores: PoolScores | None, choice: Choice) -> list[tuple[Guess | None, Guess | None]]:
    if scores is None:
        return [((int(index), None) if index >= 0 else None, None) for index in choice.class_indices]
    chosen = scores.probabilities[choice.indices]
    order = np.argsort(-chosen, axis=1, kind="stable")
    found: list[tuple[Guess | None, Guess | None]] = []
    for values, columns in zip(chosen, order, strict=True):
        first = (int(columns[0]), float(values[columns[0]]))
        second = (int(columns[1]), float(values[columns[1]])) if len(columns) > 1 else None
        found.append((first, second))
    return found
