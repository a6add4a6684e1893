"""Takes labels over from another program's file, by item key: all of them, or none with everything that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.project import Project, annotator_name
from labeling.annotations import Act, NewAnnotation
from labeling.annotators import ensure_annotator
from labeling.bulk import record_labels
from labeling.classes import list_classes
from labeling.clock import database_now
from labeling.imports.errors import ImportFileError
from labeling.imports.label_studio import ImportedLabel, listed, read_label_studio

STRATEGY = "import"
"""What is stored as the strategy of such labels, so that they can be told from others."""


@dataclass(frozen=True)
class Imported:
    """What an import did: labels in the file, and how many of them were new."""

    labels: int
    stored: int


def import_labels(
    project: Project,
    path: Path,
    *,
    annotator: str | None = None,
    key_field: str = "item_key",
    choice: str = "label",
) -> Imported:
    """Store the labels of a JSON export of Label Studio; the same file again stores nothing twice.

    Args:
        project: the opened project.
        path: the file.
        annotator: whose labels they are; None for whoever works at this machine.
        key_field: field of a task's data that holds the item's key.
        choice: name of the choices in the labelling interface.

    Raises:
        ImportFileError: the file cannot be read, or names items or classes that are not there; all of them are told.
    """
    labels = read_label_studio(path, key_field=key_field, choice=choice)
    with project.database.transaction() as session:
        ids = {entry.name: entry.id for entry in list_classes(session)}
        _check(project, labels, ids, path)
        name = annotator or annotator_name(project.config)
        who = ensure_annotator(session, name=name)
        news = [
            NewAnnotation(
                uid=_uid(name, each),
                item_key=each.item_key,
                act=Act.LABEL,
                class_id=ids[each.class_name],
                strategy=STRATEGY,
            )
            for each in labels
        ]
        stored = record_labels(session, labels=news, annotator_id=who, now=database_now(session))
    return Imported(labels=len(labels), stored=stored)


def _uid(annotator: str, label: ImportedLabel) -> str:
    """Return the same uid for the same annotation of the file by the same person, so that it is stored once."""
    digest = sha256("\n".join((annotator, label.source)).encode()).hexdigest()
    return f"import-{digest[:40]}"


def _check(project: Project, labels: Sequence[ImportedLabel], ids: dict[str, int], path: Path) -> None:
    rows = project.pool.rows([each.item_key for each in labels]) if labels else ()
    problems = [
        f"{each.place}: the pool has no item {each.item_key[:80]!r}"
        for each, row in zip(labels, rows, strict=True)
        if row < 0
    ]
    unknown = sorted({each.class_name for each in labels} - set(ids))
    problems += [f"there is no open class {name[:80]!r}" for name in unknown]
    if problems:
        there = f"; open classes are {', '.join(map(repr, ids))}" if unknown else ""
        raise ImportFileError(f"{path}: {listed(problems)}{there}; nothing was taken over")
