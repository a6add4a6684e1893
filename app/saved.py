"""Named selections of a running project: rows of the pool into the database and back. Runs in threads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.access import require
from app.context import ServerContext
from labeling.clock import database_now
from labeling.events import EventKind, record_event
from labeling.people import Role
from labeling.selections import (
    NamedSelection,
    PackedKeys,
    delete_selection,
    list_selections,
    pack_keys,
    rename_selection,
    save_selection,
    selection_keys,
    unpack_keys,
)

CHUNK_ROWS = 65_536
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OpenedSelection:
    """A named selection, found in the pool.

    Attributes:
        rows: (m,) int64, its items, in the order in which they were kept.
        missing: how many of its items the pool no longer has.
    """

    rows: IntArray
    missing: int


def pack_rows(context: ServerContext, rows: IntArray) -> PackedKeys:
    """Return the keys of chosen items, packed to be kept; no list of all of them is made.

    Raises:
        SelectionError: there are none, or they cannot be kept.
    """
    pool = context.project.pool
    return pack_keys(pool.keys(rows[start : start + CHUNK_ROWS]) for start in range(0, len(rows), CHUNK_ROWS))


def keep(context: ServerContext, keys: PackedKeys, *, name: str, how: str) -> NamedSelection:
    """Store packed keys under a name.

    Raises:
        SelectionError: the name is taken or cannot be used.
        AccessError: the person may not keep selections.
    """
    require(context, Role.ANNOTATOR)
    with context.project.database.transaction() as session:
        kept = save_selection(
            session,
            name=name,
            how=how,
            keys=keys,
            annotator_id=context.annotator_id,
            now=database_now(session),
        )
        _note(context, session, EventKind.SELECTION_SAVED, kept)
        return kept


def rename(context: ServerContext, entry: NamedSelection, *, name: str) -> NamedSelection:
    """Give a named selection another name.

    Raises:
        SelectionError: it is not there, or the name is taken or cannot be used.
        AccessError: it is another person's, and this one is no reviewer.
    """
    require(context, _needed(context, entry))
    with context.project.database.transaction() as session:
        renamed = rename_selection(session, selection_id=entry.id, name=name)
        _note(context, session, EventKind.SELECTION_RENAMED, renamed, former=entry.name)
        return renamed


def delete(context: ServerContext, entry: NamedSelection) -> None:
    """Forget a named selection; that there was one stays on record.

    Raises:
        SelectionError: it is not there.
        AccessError: it is another person's, and this one is no reviewer.
    """
    require(context, _needed(context, entry))
    with context.project.database.transaction() as session:
        delete_selection(session, selection_id=entry.id)
        _note(context, session, EventKind.SELECTION_DELETED, entry)


def read_all(context: ServerContext) -> list[NamedSelection]:
    """Return the named selections, the newest first."""
    with context.project.database.reading() as session:
        return list_selections(session)


def open_selection(context: ServerContext, selection_id: int) -> OpenedSelection:
    """Return the items of a named selection.

    Raises:
        SelectionError: it is not there, or damaged.
    """
    found = np.concatenate([context.project.pool.rows(keys) for keys in keys_of(context, selection_id)])
    rows = found[found >= 0]
    return OpenedSelection(rows, len(found) - len(rows))


def keys_of(context: ServerContext, selection_id: int) -> Iterator[list[str]]:
    """Give the keys of a named selection in runs.

    Raises:
        SelectionError: it is not there, or damaged.
    """
    with context.project.database.reading() as session:
        packed = selection_keys(session, selection_id=selection_id)
    return unpack_keys(packed)


def _note(
    context: ServerContext,
    session: Any,  # noqa: ANN401 - a session of labeling.database
    kind: EventKind,
    entry: NamedSelection,
    **more: str,
) -> None:
    record_event(
        session,
        kind=kind,
        annotator_id=context.annotator_id,
        now=database_now(session),
        subject=entry.name,
        details={"items": entry.count, "how": entry.how, **more},
    )


def _needed(context: ServerContext, entry: NamedSelection) -> Role:
    """Return who may change a selection: who saved it, else who reviews."""
    return Role.ANNOTATOR if entry.annotator == context.person.name else Role.REVIEWER
