"""What a round looks at: labels, classes and vectors as they were at a label revision."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from app.project import Project
from app.sought import sought_hash
from app.targets import target_shares
from labeling.annotations import Act, LabelTable, ProposalOutcome, current_labels, proposal_outcomes
from labeling.audit_set import audit_keys
from labeling.classes import LabelClass, list_classes
from labeling.seeks import Seek, list_seeks
from labeling.votes import VoteTable, read_votes, voter_count
from models.encoders.seek import seeks_by_words
from models.vectors import open_vectors
from strategies.contract import KINDS, Outcome


@dataclass(frozen=True)
class RoundInputs:
    """All that a round looks at; row i is item i of the pool.

    Attributes:
        vectors: (n, d) read-only memory map.
        vectors_hash: their content hash.
        labels: (n,) int64; column of the item's class in `classes`, -1 where it has none.
        closed: (n,) bool; True where an item is not proposed: anything was said of it, it cannot be read, or it is in
            the audit set, whose labels are left out of `labels`.
        classes: the open classes; their order is the order of the columns.
        targets: (k,) float32 wanted shares, summing to 1.
        outcomes: what earlier proposals brought.
        labels_hash: sha256 of the labels.
        encoder: the name of the encoder that made the vectors.
        seeks: what people say they seek, those about archived classes left out.
        seeks_hash: sha256 of what is sought, "" where nothing is.
        votes: who said what of which item, in the order of the classes; None unless items have several votes.
        soft_rows: (s,) int64 ascending; the items whose label is a consensus of several votes (`round_consensus`).
        soft: (s, k) float32; how probable each class is of them; None where there are none.
    """

    vectors: npt.NDArray[np.floating]
    vectors_hash: str
    labels: npt.NDArray[np.int64]
    closed: npt.NDArray[np.bool_]
    classes: tuple[LabelClass, ...]
    targets: npt.NDArray[np.float32]
    outcomes: tuple[Outcome, ...]
    labels_hash: str
    encoder: str = ""
    seeks: tuple[Seek, ...] = ()
    seeks_hash: str = ""
    votes: VoteTable | None = None
    soft_rows: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    soft: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Standing:
    """Classes and seeks as an earlier round saw them; the labels follow from its revision.

    Attributes:
        classes: in order, with their names and targets then.
        seeks: what was sought.
    """

    classes: tuple[LabelClass, ...]
    seeks: tuple[Seek, ...]


def gather_inputs(project: Project, *, revision: int, standing: Standing | None = None) -> RoundInputs:
    """Read labels and vectors as they were at a label revision.

    Args:
        project: the opened project.
        revision: the label revision.
        standing: classes and seeks then; None for those that are open now.
    """
    vectors = open_vectors(project.paths.vectors, expected_rows=project.pool.n, pool_hash=project.pool.hash)
    with project.database.reading() as session:
        held = audit_keys(session, until=revision)
        table = without_items(current_labels(session, revision=revision), held)
        past = proposal_outcomes(session, revision=revision)
        classes = tuple(list_classes(session)) if standing is None else standing.classes
        seeks = list_seeks(session) if standing is None else standing.seeks
        votes = None
        # One person's labels need no counting: what a round learns from them is what it always was.
        if project.config.team.consensus is not None and voter_count(session, revision=revision) > 1:
            ids = [entry.id for entry in classes]
            votes = read_votes(session, class_ids=ids, revision=revision)
            votes = votes if len(votes.several) else None
    column = {label_class.id: index for index, label_class in enumerate(classes)}
    rows = project.pool.rows(table.item_keys)
    labels = np.full(project.pool.n, -1, dtype=np.int64)
    closed = ~np.asarray(project.pool.readable, dtype=bool)
    held_rows = project.pool.rows(held)
    closed[held_rows[held_rows >= 0]] = True
    for row, act, class_id in zip(rows, table.acts, table.class_ids, strict=True):
        if row < 0:
            continue
        closed[row] = True
        if act in (Act.LABEL, Act.ADJUDICATE):
            labels[row] = column.get(int(class_id), -1)
    return RoundInputs(
        vectors=vectors.array,
        vectors_hash=vectors.hash,
        labels=labels,
        closed=closed,
        classes=classes,
        targets=target_shares(classes),
        outcomes=_outcomes(project, past, column),
        labels_hash=labels_hash(table, classes, votes=votes),
        encoder=vectors.encoder,
        seeks=tuple(entry for entry in seeks if entry.class_id is None or entry.class_id in column),
        seeks_hash=sought_hash(seeks, classes, words=seeks_by_words(vectors.encoder)),
        votes=votes,
    )


def without_items(table: LabelTable, item_keys: Sequence[str]) -> LabelTable:
    """Return labels without those of some items, as of the audit set."""
    left_out = set(item_keys)
    if not left_out:
        return table
    kept = np.asarray([key not in left_out for key in table.item_keys], np.bool_)
    return replace(
        table,
        item_keys=tuple(key for key in table.item_keys if key not in left_out),
        acts=tuple(act for act, stays in zip(table.acts, kept, strict=True) if stays),
        class_ids=table.class_ids[kept],
        annotation_ids=table.annotation_ids[kept],
    )


def labels_hash(table: LabelTable, classes: Sequence[LabelClass], *, votes: VoteTable | None = None) -> str:
    """Return the sha256 of the labels: item keys with their act and class name, in the order of the keys.

    Args:
        table: the labels.
        classes: the open classes.
        votes: who said what, where items have several votes: they decide with whom the label is.
    """
    names = {entry.id: entry.name for entry in classes}
    digest = hashlib.sha256()
    for key, act, class_id in sorted(zip(table.item_keys, table.acts, table.class_ids, strict=True)):
        digest.update(f"{key}\x00{act}\x00{names.get(int(class_id), '')}\n".encode())
    if votes is not None:
        given = votes.votes
        for item, annotator, column in zip(given.items, given.annotators, given.classes, strict=True):
            said = (votes.item_keys[item], votes.annotators[annotator], classes[column].name)
            digest.update(("\x00".join(said) + "\n").encode())
    return digest.hexdigest()


def _outcomes(
    project: Project, past: Sequence[ProposalOutcome], column: dict[int, int]
) -> tuple[Outcome, ...]:
    # Other kinds may come from a plug-in or another program: the strategies refuse what they do not know.
    kept = [entry for entry in past if entry.kind in KINDS]
    rows = project.pool.rows([entry.item_key for entry in kept])
    return tuple(
        Outcome(
            row=int(row),
            kind=entry.kind,
            class_index=-1 if entry.class_id is None else column.get(entry.class_id, -1),
            expected_class_index=-1
            if entry.suggested_class_id is None
            else column.get(entry.suggested_class_id, -1),
            round_number=entry.round_number or 0,
        )
        for row, entry in zip(rows, kept, strict=True)
        if row >= 0
    )
