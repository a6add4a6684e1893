"""Named selections: items that people chose together and keep under a name. Their labels are not touched by it.

Items are kept by their keys, which stay when the pool is read anew. The keys are packed: UTF-8, a NUL between two (no
key that can be stored holds one), compressed by zlib; 1,000,000 keys take a few MB.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from labeling.checks import INTEGER_MAX, checked_integer, checked_name, checked_text, is_storable
from labeling.errors import SelectionError
from labeling.tables import AnnotatorTable, SelectionTable

SELECTIONS_MAX = 1_000
"""Named selections of a project."""

HOW_MAX = 2_500
"""Characters that say how the items were chosen."""

PACKED_MAX_BYTES = 200_000_000
"""Of one selection's keys, packed: PostgreSQL and SQLite both take it."""

_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class PackedKeys:
    """The keys of some items, packed.

    Attributes:
        count: how many they are.
        data: the keys, as this module's docstring says.
    """

    count: int
    data: bytes


@dataclass(frozen=True)
class NamedSelection:
    """A selection as it is stored, without its items.

    Attributes:
        id: its number.
        name: its name, unique in the project.
        how: how the items were chosen, in words.
        count: how many items it holds.
        annotator: the name of who saved it.
        created_at: when.
    """

    id: int
    name: str
    how: str
    count: int
    annotator: str
    created_at: datetime


def pack_keys(parts: Iterable[Sequence[str]]) -> PackedKeys:
    """Pack keys; to be done before a transaction begins, for a million takes a second.

    Args:
        parts: the keys in runs, so that no list of all of them is needed.

    Raises:
        SelectionError: there are none, too many, or one holds a NUL or half a character.
    """
    packer, packed, count = zlib.compressobj(6), [], 0
    for keys in parts:
        if not keys:
            continue
        text = "\0".join(keys)
        if text.count("\0") != len(keys) - 1 or not is_storable(text.replace("\0", " ")):
            raise SelectionError("an item's key holds a NUL or half a character, which cannot be stored")
        packed.append(packer.compress((("\0" if count else "") + text).encode()))
        count += len(keys)
    packed.append(packer.flush())
    data = b"".join(packed)
    if not 0 < count <= INTEGER_MAX or len(data) > PACKED_MAX_BYTES:
        raise SelectionError(
            f"a selection of {count:,} items cannot be kept; choose at least one item, and fewer"
        )
    return PackedKeys(count, data)


def unpack_keys(packed: PackedKeys) -> Iterator[list[str]]:
    """Give the keys in runs, in the order in which they were packed.

    Raises:
        SelectionError: what is stored is damaged.
    """
    unpacker, rest, found = zlib.decompressobj(), packed.data, 0
    tail = b""
    try:
        while rest or not unpacker.eof:
            block = unpacker.decompress(rest, _READ_BYTES)
            rest = unpacker.unconsumed_tail
            if not block and not rest:
                break
            *whole, tail = (tail + block).split(b"\0")
            if whole:
                found += len(whole)
                yield [key.decode() for key in whole]
        if not unpacker.eof:
            raise SelectionError("the stored selection was cut short; delete it and save it anew")
        yield [tail.decode()]
    except (zlib.error, UnicodeDecodeError) as error:
        raise SelectionError(
            f"the stored selection is damaged ({error}); delete it and save it anew"
        ) from error
    if found + 1 != packed.count:
        raise SelectionError(
            f"the stored selection holds {found + 1:,} items and should hold {packed.count:,}"
        )


def save_selection(
    session: Session, *, name: str, how: str, keys: PackedKeys, annotator_id: int, now: datetime
) -> NamedSelection:
    """Keep items under a name.

    Raises:
        SelectionError: the name is taken or cannot be used, or there are too many selections.
    """
    given = _checked_name(session, name)
    checked_text(how, what="how the items were chosen", error=SelectionError, longest=HOW_MAX)
    count = session.execute(sa.select(sa.func.count()).select_from(SelectionTable)).scalar_one()
    if count >= SELECTIONS_MAX:
        raise SelectionError(f"a project keeps at most {SELECTIONS_MAX:,} selections; delete one first")
    row = SelectionTable(
        name=given,
        how=how,
        item_count=keys.count,
        item_keys=keys.data,
        annotator_id=checked_integer(annotator_id, what="the annotator's id", error=SelectionError, least=1),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _found(session, row.id)


def list_selections(session: Session) -> list[NamedSelection]:
    """Return the named selections, the newest first."""
    return _read(session, sa.true())


def selection_keys(session: Session, *, selection_id: int) -> PackedKeys:
    """Return the packed keys of a selection's items.

    Raises:
        SelectionError: there is no such selection.
    """
    statement = sa.select(SelectionTable).where(SelectionTable.id == selection_id)
    row = session.execute(statement.options(undefer(SelectionTable.item_keys))).scalar_one_or_none()
    if row is None:
        raise SelectionError(_GONE)
    return PackedKeys(row.item_count, row.item_keys)


def rename_selection(session: Session, *, selection_id: int, name: str) -> NamedSelection:
    """Give a selection another name.

    Raises:
        SelectionError: there is no such selection, or the name is taken or cannot be used.
    """
    row = _existing(session, selection_id)
    row.name = _checked_name(session, name, but=selection_id)
    session.flush()
    return _found(session, selection_id)


def delete_selection(session: Session, *, selection_id: int) -> None:
    """Forget a selection; the items and their labels stay.

    Raises:
        SelectionError: there is no such selection.
    """
    session.delete(_existing(session, selection_id))
    session.flush()


_GONE = "this selection is no longer there; load the page again"


def _checked_name(session: Session, name: str, *, but: int | None = None) -> str:
    given = checked_name(name, what="the selection's name", error=SelectionError)
    for other, taken in session.execute(sa.select(SelectionTable.id, SelectionTable.name)):
        if other != but and taken.casefold() == given.casefold():
            raise SelectionError(f"a selection named {taken!r} is already there; choose another name")
    return given


def _existing(session: Session, selection_id: int) -> SelectionTable:
    checked_integer(selection_id, what="the selection's id", error=SelectionError, least=1)
    row = session.get(SelectionTable, selection_id)
    if row is None:
        raise SelectionError(_GONE)
    return row


def _found(session: Session, selection_id: int) -> NamedSelection:
    [row] = _read(session, SelectionTable.id == selection_id)
    return row


def _read(session: Session, condition: sa.ColumnElement[bool]) -> list[NamedSelection]:
    statement = (
        sa.select(
            SelectionTable.id,
            SelectionTable.name,
            SelectionTable.how,
            SelectionTable.item_count,
            AnnotatorTable.name,
            SelectionTable.created_at,
        )
        .join(AnnotatorTable, AnnotatorTable.id == SelectionTable.annotator_id)
        .where(condition)
        .order_by(SelectionTable.id.desc())
    )
    return [NamedSelection(*row) for row in session.execute(statement)]
