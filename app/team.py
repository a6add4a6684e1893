"""What several people's votes add up to now, for the exports and the Team card; free of widgets and of torch.

The rounds find their own consensus, with models of their own (`app.round_consensus`). Here the votes are those of now,
and the model's opinion is what the last round's cross-validation kept of its labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.project import Project
from app.round_files import RoundMeaning, read_meaning, read_unseen
from labeling.classes import LabelClass, list_classes
from labeling.consensus.contract import Consensus
from labeling.consensus.registry import methods
from labeling.labels import revision as newest_revision
from labeling.votes import VoteTable, read_votes, voter_count

WITHOUT_CHOICE = "dawid_skene"
"""The method where the configuration says that rounds train on the label alone."""


@dataclass(frozen=True)
class Team:
    """The votes of several people, and what they add up to.

    Attributes:
        classes: the open classes, in the order of the votes' columns.
        table: the votes.
        consensus: what they add up to.
        method: the method that found it.
    """

    classes: tuple[LabelClass, ...]
    table: VoteTable
    consensus: Consensus
    method: str


def read_team(project: Project, *, round_number: int, revision: int | None = None) -> Team | None:
    """Count the votes; takes a second or two at 10^5 items, so it is called in a thread.

    Args:
        project: the opened project.
        round_number: the last finished round, whose opinion counts; 0 for none.
        revision: as it was at that label revision; None for now.

    Returns:
        The team; None where one person alone has labelled, or nobody.
    """
    with project.database.reading() as session:
        at = newest_revision(session) if revision is None else revision
        if voter_count(session, revision=at) < 2:
            return None
        classes = tuple(list_classes(session))
        table = read_votes(session, class_ids=[entry.id for entry in classes], revision=at)
    method = methods.get(project.config.team.consensus or WITHOUT_CHOICE)
    opinion = _opinion(project, table, classes, round_number) if method.wants_model else None
    return Team(classes, table, method(table.votes, opinion), method.name)


def _opinion(
    project: Project, table: VoteTable, classes: Sequence[LabelClass], round_number: int
) -> npt.NDArray[np.float64] | None:
    """Return (m, k) what the round's cross-validation says of each item; None where it says nothing of this pool."""
    meaning = read_meaning(project.paths.rounds, round_number)
    if meaning is None or meaning.hashes.get("pool") != project.pool.hash:
        return None
    unseen = read_unseen(project.paths.rounds, round_number)
    if unseen is None or not len(unseen.rows) or not classes:
        return None
    opinion = np.full((table.votes.item_count, len(classes)), 1 / len(classes))
    rows = project.pool.rows(table.item_keys)
    order = np.argsort(unseen.rows, kind="stable")
    known_rows = unseen.rows[order]
    places = np.clip(np.searchsorted(known_rows, rows), 0, len(known_rows) - 1)
    known = known_rows[places] == rows
    said = np.asarray(unseen.probabilities, np.float64)[order[places[known]]]
    opinion[known] = _in_columns(said, meaning, classes)
    return opinion


def _in_columns(
    said: npt.NDArray[np.float64], meaning: RoundMeaning, classes: Sequence[LabelClass]
) -> npt.NDArray[np.float64]:
    """Put the round's columns in the order of today's classes; one that it did not know is as likely as the mean."""
    column = {class_id: place for place, class_id in enumerate(meaning.class_ids)}
    found = np.full((len(said), len(classes)), 1 / len(classes))
    for place, entry in enumerate(classes):
        if entry.id in column:
            found[:, place] = said[:, column[entry.id]]
    total = found.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, found / np.maximum(total, 1e-12), 1 / len(classes)))
