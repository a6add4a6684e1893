"""Where several people labelled an item, a round learns what their votes add up to, as shares of the classes.

Items that one person labelled, or a reviewer settled, keep their label as it is: in a project without overlap nothing
here changes anything. The consensus rests on the votes at the round's label revision and on models trained inside the
round, never on an earlier round, so that a round can be repeated from its inputs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.project import Project
from app.round_inputs import RoundInputs
from labeling.consensus.contract import Consensus, Votes
from labeling.consensus.majority import vote_counts
from labeling.consensus.registry import methods
from models.devices import choose_device
from models.errors import NotEnoughLabelsError
from models.heads.contract import TrainingSet
from models.heads.scaling import measure_scale
from models.second_opinion import second_opinion


def agree(project: Project, inputs: RoundInputs, *, seed: int) -> RoundInputs:
    """Return the inputs with the consensus in place of the label, on items with several votes.

    Args:
        project: the opened project.
        inputs: what the round looks at; not changed.
        seed: the round's.

    Returns:
        The same inputs where no item has several votes.
    """
    method = project.config.team.consensus
    if inputs.votes is None or method is None:
        return inputs
    chosen, votes = methods.get(method), inputs.votes.votes
    found = chosen(votes)
    if chosen.wants_model:
        opinion = _opinion(project, _with_consensus(project, inputs, found), seed=seed)
        found = found if opinion is None else chosen(votes, opinion)
    return _with_consensus(project, inputs, found)


def soft_labels(inputs: RoundInputs) -> npt.NDArray[np.float32] | None:
    """Return (m, k) how probable each class is of each labelled item, in the order of the pool; None without doubt.

    Args:
        inputs: what the round looks at, after `agree`.
    """
    if inputs.soft is None:
        return None
    labelled = np.flatnonzero(inputs.labels >= 0)
    soft = np.eye(len(inputs.classes), dtype=np.float32)[inputs.labels[labelled]]
    soft[np.searchsorted(labelled, inputs.soft_rows)] = inputs.soft
    return soft


def said_shares(votes: Votes, consensus: Consensus) -> npt.NDArray[np.float32]:
    """Return (m, k) float32: the probabilities of the classes that somebody said, and of the likeliest one.

    A class that nobody said of an item is left to the model to find there: it is not taught.

    Args:
        votes: the votes.
        consensus: what they add up to.
    """
    said = vote_counts(votes) > 0
    said[np.arange(len(said)), consensus.classes] = True
    shares = np.where(said, consensus.probabilities, 0.0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


def _with_consensus(project: Project, inputs: RoundInputs, found: Consensus) -> RoundInputs:
    assert inputs.votes is not None
    items = inputs.votes.several
    rows = project.pool.rows([inputs.votes.item_keys[item] for item in items])
    items, rows = items[rows >= 0], rows[rows >= 0]
    order = np.argsort(rows, kind="stable")
    items, rows = items[order], rows[order]
    labels = inputs.labels.copy()
    labels[rows] = found.classes[items]
    shares = said_shares(inputs.votes.votes, found)[items]
    return replace(inputs, labels=labels, soft_rows=rows, soft=shares)


def _opinion(project: Project, inputs: RoundInputs, *, seed: int) -> npt.NDArray[np.float64] | None:
    """Return (m, k) what models that did not see an item's label say of each item with votes; None without a model."""
    assert inputs.votes is not None
    labelled = np.flatnonzero(inputs.labels >= 0)
    section = project.config.head
    training = TrainingSet(
        vectors=np.asarray(inputs.vectors[labelled], dtype=np.float32),
        labels=inputs.labels[labelled],
        class_count=len(inputs.classes),
        class_names=tuple(entry.name for entry in inputs.classes),
        scale=measure_scale(inputs.vectors),
        soft=soft_labels(inputs),
    )
    try:
        said = second_opinion(training, section=section, seed=seed, device=choose_device(section.device))
    except NotEnoughLabelsError:
        return None
    opinion = np.full((inputs.votes.votes.item_count, training.class_count), 1 / training.class_count)
    rows = project.pool.rows(inputs.votes.item_keys)
    places = np.clip(np.searchsorted(labelled, rows), 0, len(labelled) - 1)
    known = labelled[places] == rows
    opinion[known] = said[places[known]]
    return opinion
