"""From what is sought to scores for the strategy: one column for each class name, typed words, example or criterion.

Runs in the worker, within a round. Words are encoded once and kept in the project's folder by their content, so that
later rounds load no model. The names of classes also teach the head. What cannot be used is left out with its reason,
and the round goes on.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from app.errors import SeekUnusableError
from app.project import Project
from app.round_inputs import RoundInputs
from app.seek_words import encode_words
from app.sought import NO_WORDS
from config.errors import GoldpanError
from labeling.pools.criteria import matching_rows, parse_criteria
from labeling.seeks import Seek, SeekKind
from models.encoders.seek import learns_from_names, seeks_by_words
from models.errors import ModelError
from models.heads.contract import ClassNames
from models.seeking import (
    HalfColumns,
    SeekColumns,
    criterion_scores,
    examples_scores,
    join_columns,
    words_scores,
)

log = logging.getLogger("goldpan.seeking")

TOP_ITEMS = 50
"""What was sought is judged by the answers among so many of its best items."""

UNKNOWN_WORDS = "the encoder knows none of these words; try others, or give an example item"


@dataclass(frozen=True)
class SeekReport:
    """What came of one seek in a round.

    Attributes:
        id: the seek's number.
        matches: items that match criteria; None for the other kinds.
        looked_at: of its best items (all that match criteria, else the TOP_ITEMS nearest) those that have an answer.
        right: of those, how many have the seek's class; None where it is about none.
        problem: why it could not be used, "" where it was.
    """

    id: int
    matches: int | None = None
    looked_at: int = 0
    right: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class SoughtScores:
    """What is sought, as a strategy takes it.

    Attributes:
        columns: the scores, and the class each column is about.
        reports: one for each seek that was open, in their order.
    """

    columns: SeekColumns
    reports: tuple[SeekReport, ...] = ()

    def to_dicts(self) -> tuple[dict[str, Any], ...]:
        """Return the reports as plain mappings, for the round's file."""
        return tuple(asdict(entry) for entry in self.reports)


@dataclass(frozen=True)
class Words:
    """The words of a round among its vectors.

    Attributes:
        vectors: text → (d,) float32, for names of classes and typed words the encoder knows.
        problem: why there are none, "" where there may be.
    """

    vectors: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    problem: str = ""


def read_words(project: Project, inputs: RoundInputs) -> Words:
    """Place the names of classes and all typed words among the vectors.

    Args:
        project: the opened project.
        inputs: what the round looks at.
    """
    if not inputs.seeks_hash:
        return Words()
    if not seeks_by_words(inputs.encoder):
        return Words(problem=NO_WORDS.format(encoder=inputs.encoder, criteria=""))
    wanted = [class_words(entry.name, entry.description) for entry in inputs.classes]
    wanted += [entry.text for entry in inputs.seeks if entry.kind == SeekKind.WORDS]
    try:
        vectors = encode_words(project, list(dict.fromkeys(wanted)))
    except ModelError as problem:
        # Names are sought unasked: a model that is gone must not stop the rounds.
        log.warning("what is sought by words is left out: %s", problem)
        return Words(problem=str(problem))
    return Words({text: vector for text, vector in vectors.items() if vector.any()})


def name_points(inputs: RoundInputs, words: Words) -> ClassNames | None:
    """Return what the names of classes teach a head; None where they teach nothing.

    Args:
        inputs: what the round looks at.
        words: as of `read_words`.
    """
    if not words.vectors or not learns_from_names(inputs.encoder):
        return None
    found = [
        (place, words.vectors[text])
        for place, entry in enumerate(inputs.classes)
        if (text := class_words(entry.name, entry.description)) in words.vectors
    ]
    if not found:
        return None
    places, vectors = zip(*found, strict=True)
    return ClassNames(np.stack(vectors).astype(np.float32), np.asarray(places, np.int64))


def score_seeks(project: Project, inputs: RoundInputs, words: Words) -> SoughtScores | None:
    """Turn what is sought into scores.

    Args:
        project: the opened project.
        inputs: what the round looks at.
        words: as of `read_words`.

    Returns:
        The scores; without columns where nothing that is sought could be used; None where nothing is sought.
    """
    if not inputs.seeks_hash:
        return None
    by_words = _words_columns(inputs, words)
    parts: list[tuple[HalfColumns, int]] = []
    for place, entry in enumerate(inputs.classes):
        column = by_words.get(class_words(entry.name, entry.description))
        if column is not None:
            parts.append((column, place))
    place_of = {entry.id: place for place, entry in enumerate(inputs.classes)}
    reports: list[SeekReport] = []
    for seek in inputs.seeks:
        class_index = -1 if seek.class_id is None else place_of[seek.class_id]
        try:
            column = _column(project, inputs, seek, by_words, words.problem)
        except GoldpanError as refusal:
            # The round goes on without it; the page says why.
            reports.append(SeekReport(seek.id, problem=str(refusal)))
            continue
        parts.append((column, class_index))
        reports.append(_report(project, inputs, seek, column, class_index))
    return SoughtScores(join_columns(parts, rows=len(inputs.labels)), tuple(reports))


def class_words(name: str, description: str) -> str:
    """Return the words by which a class is sought: its name as people would write it, and its description."""
    plain = " ".join(name.replace("_", " ").split())
    return f"{plain}: {description.strip()}" if description.strip() else plain


def _column(
    project: Project, inputs: RoundInputs, seek: Seek, by_words: dict[str, HalfColumns], problem: str
) -> HalfColumns:
    if seek.kind == SeekKind.CRITERIA:
        criteria = parse_criteria(seek.text, project.pool.columns)
        return criterion_scores(matching_rows(project.pool, criteria), rows=project.pool.n)
    if seek.kind == SeekKind.WORDS:
        if seek.text in by_words:
            return by_words[seek.text]
        raise SeekUnusableError(problem or UNKNOWN_WORDS)
    rows = project.pool.rows(seek.item_keys)
    rows = rows[rows >= 0]
    rows = rows[np.asarray(project.pool.readable[rows], dtype=bool)]
    if not len(rows):
        raise SeekUnusableError("none of its items can be read in the pool as it is now; give another one")
    return examples_scores(inputs.vectors, np.asarray(inputs.vectors[rows], np.float32))


def _words_columns(inputs: RoundInputs, words: Words) -> dict[str, HalfColumns]:
    """Return a column for each text that is sought and that the encoder knows."""
    if not words.vectors:
        return {}
    scores = words_scores(inputs.vectors, np.stack([*words.vectors.values()]))
    return {text: scores[:, place] for place, text in enumerate(words.vectors)}


def _report(
    project: Project, inputs: RoundInputs, seek: Seek, column: HalfColumns, class_index: int
) -> SeekReport:
    if seek.kind == SeekKind.CRITERIA:
        best = np.flatnonzero(column > 0)
    else:
        best = np.argsort(-column.astype(np.float32), kind="stable")[:TOP_ITEMS]
    # An example says nothing about itself, and an item that cannot be read was closed by nobody.
    best = best[~np.isin(best, project.pool.rows(seek.item_keys))]
    answered = best[inputs.closed[best] & np.asarray(project.pool.readable[best])]
    right = None if class_index < 0 else int((inputs.labels[answered] == class_index).sum())
    return SeekReport(
        seek.id,
        matches=len(best) if seek.kind == SeekKind.CRITERIA else None,
        looked_at=len(answered),
        right=right,
    )
