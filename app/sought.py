"""What is sought in a project: what people said, and the names of the classes where the encoder understands words.

Free of torch, for the web server: here it is checked and hashed; `app.seeking` turns it into scores, in the worker.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import RequestError
from app.project import Project
from labeling.classes import LabelClass
from labeling.pools.criteria import parse_criteria
from labeling.seeks import NewSeek, Seek, SeekKind
from models.encoders.seek import seeks_by_words
from models.errors import VectorsError
from models.vectors import open_vectors

NO_WORDS = (
    "words cannot be placed among the items of this pool, whose encoder {encoder!r} knows none; give example items"
    "{criteria} instead"
)


@dataclass(frozen=True)
class SeekAbilities:
    """What a person can seek by in a project.

    Attributes:
        words: whether typed words and the names of classes can be placed among the items.
        columns: the columns that criteria may name; none where the pool has none.
        words_obstacle: why words cannot be used, "" where they can.
    """

    words: bool
    columns: tuple[str, ...]
    words_obstacle: str = ""


def seek_abilities(project: Project) -> SeekAbilities:
    """Return what a person can seek by; loads no model."""
    columns = tuple(entry.name for entry in project.pool.columns)
    try:
        encoder = open_vectors(project.paths.vectors).encoder
    except VectorsError:
        return SeekAbilities(
            False, columns, "the vectors of this pool are not computed yet; try again after that"
        )
    if seeks_by_words(encoder):
        return SeekAbilities(True, columns)
    criteria = " or criteria on columns" if columns else ""
    return SeekAbilities(False, columns, NO_WORDS.format(encoder=encoder, criteria=criteria))


def check_seek(project: Project, new: NewSeek) -> None:
    """Refuse what could not be used in this pool, so that the person hears of it at once.

    Raises:
        RequestError: words where the encoder knows none, or items that are not in the pool.
        CriteriaError: criteria that cannot be read, or that name a column the pool does not have.
    """
    if new.kind == SeekKind.CRITERIA:
        parse_criteria(new.text, project.pool.columns)
    elif new.kind == SeekKind.WORDS:
        obstacle = seek_abilities(project).words_obstacle
        if obstacle:
            raise RequestError(obstacle)
    unknown = [
        key for key, row in zip(new.item_keys, project.pool.rows(new.item_keys), strict=True) if row < 0
    ]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise RequestError(
            f"the pool has no item {unknown[0][:80]!r}{more}; give the key that the item's card shows"
        )


def sought_hash(seeks: Sequence[Seek], classes: Sequence[LabelClass], *, words: bool) -> str:
    """Return the sha256 of what is sought, "" where nothing is; the same on every machine.

    Args:
        seeks: the open seeks.
        classes: the open classes, in order.
        words: whether the names and descriptions of the classes are sought too.
    """
    names = {entry.id: entry.name for entry in classes}
    said = [
        [str(entry.kind), names.get(entry.class_id or 0), entry.text, list(entry.item_keys)]
        for entry in seeks
        if entry.class_id is None or entry.class_id in names
    ]
    named = [[entry.name, entry.description] for entry in classes] if words else []
    if not said and not named:
        return ""
    canonical = json.dumps([said, named], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
