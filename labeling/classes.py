"""The classes of a project. They can be added, renamed and archived at any time; none is ever deleted.

`labeling.merging` merges one into another, `labeling.class_tree` shows them as a tree.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.checks import checked_integer, checked_name, checked_text
from labeling.errors import LabelClassError
from labeling.tables import LabelClassTable

DESCRIPTION_MAX = 2_000
TARGET_MAX = 1e9
"""The largest weight that a configuration file takes, too."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class LabelClass:
    """A name a label can have.

    Attributes:
        id: its number, never used again for another class.
        name: unique among all classes of the project, archived ones too; upper and lower case differ.
        position: its place in the order of the classes, from 0, gaps are possible.
        key: the key that gives this label, one character, unique among the classes that are not archived.
        colour: `#rrggbb`, None to let the screen choose.
        parent_id: the class above it.
        target: the wanted weight of its share among the labels, > 0 or 0; None for the same as the others.
        archived: no new label can have it; the old ones keep it.
    """

    id: int
    name: str
    position: int
    key: str | None
    colour: str | None
    parent_id: int | None
    description: str
    target: float | None
    archived: bool


class Unchanged:
    """The type of UNCHANGED."""


UNCHANGED: Final = Unchanged()
"""Leave that value as it is (None means: take it away)."""


def add_class(
    session: Session,
    *,
    name: str,
    key: str | None = None,
    colour: str | None = None,
    parent_id: int | None = None,
    description: str = "",
    target: float | None = None,
) -> LabelClass:
    """Add a class after all others.

    Raises:
        LabelClassError: the name or key is taken, or a value cannot be used.
    """
    stored = checked_name(name, what="the class's name", error=LabelClassError)
    _refuse_taken_name(session, stored)
    last = session.execute(
        sa.select(sa.func.coalesce(sa.func.max(LabelClassTable.position), -1))
    ).scalar_one()
    row = LabelClassTable(name=stored, position=last + 1, archived=False, description="")
    _apply(session, row, key=key, colour=colour, parent_id=parent_id, description=description, target=target)
    session.add(row)
    session.flush()
    return _frozen(row)


def rename_class(session: Session, *, class_id: int, name: str, known_name: str | None = None) -> LabelClass:
    """Give a class another name; its labels stay with it.

    Args:
        session: of a write transaction.
        class_id: the class.
        name: its new name.
        known_name: the name that the person saw; where somebody renamed the class meanwhile, theirs stays.

    Raises:
        LabelClassError: there is no such class, the name is taken or cannot be used, or the class is not called
            `known_name` any more.
    """
    row = _existing(session, class_id)
    if known_name is not None and row.name not in (known_name, name):
        raise LabelClassError(
            f"the class {known_name!r:.220} was renamed to {row.name!r} meanwhile; look again before you rename it"
        )
    stored = checked_name(name, what="the class's name", error=LabelClassError)
    if stored != row.name:
        _refuse_taken_name(session, stored)
    row.name = stored
    session.flush()
    return _frozen(row)


def update_class(
    session: Session,
    *,
    class_id: int,
    key: str | Unchanged | None = UNCHANGED,
    colour: str | Unchanged | None = UNCHANGED,
    parent_id: int | Unchanged | None = UNCHANGED,
    description: str | Unchanged = UNCHANGED,
    target: float | Unchanged | None = UNCHANGED,
    position: int | Unchanged = UNCHANGED,
) -> LabelClass:
    """Change what is given of a class, leave the rest.

    Raises:
        LabelClassError: there is no such class, the key is taken, the parents would form a circle, or a value
            cannot be used.
    """
    row = _existing(session, class_id)
    if not isinstance(position, Unchanged):
        row.position = checked_integer(position, what="the class's position", error=LabelClassError)
    with session.no_autoflush:
        _apply(
            session, row, key=key, colour=colour, parent_id=parent_id, description=description, target=target
        )
    session.flush()
    return _frozen(row)


def move_class(session: Session, *, class_id: int, place: int) -> None:
    """Put a class at a place among the open classes under the same parent; all positions are counted anew.

    Args:
        session: of a write transaction.
        class_id: an open class.
        place: 0 for the first; a place past the end is the last.

    Raises:
        LabelClassError: there is no such class, it is archived, or the place is no whole number from 0 up.
    """
    moved = _existing(session, class_id)
    checked_integer(place, what="the class's place", error=LabelClassError)
    if moved.archived:
        raise LabelClassError(f"the class {moved.name!r} is archived; restore it before you move it")
    order = sa.select(LabelClassTable).order_by(LabelClassTable.position, LabelClassTable.id)
    rows = list(session.execute(order).scalars())
    rest = [row for row in rows if row.id != moved.id]
    # As on the screen: a class under an archived one stands at the top.
    open_ids = {row.id for row in rows if not row.archived}
    above = moved.parent_id if moved.parent_id in open_ids else None
    kin = [
        at
        for at, row in enumerate(rest)
        if not row.archived and (row.parent_id if row.parent_id in open_ids else None) == above
    ]
    ends = [*kin, kin[-1] + 1] if kin else [rows.index(moved)]
    at = ends[min(place, len(ends) - 1)]
    for position, row in enumerate([*rest[:at], moved, *rest[at:]]):
        row.position = position
    session.flush()


def archive_class(session: Session, *, class_id: int) -> LabelClass:
    """Take a class out of use: no new label can have it, its key is free again, old labels keep it.

    Raises:
        LabelClassError: there is no such class.
    """
    row = _existing(session, class_id)
    row.archived = True
    session.flush()
    return _frozen(row)


def lift_children(session: Session, *, class_id: int) -> None:
    """Put the classes under one under the class above it: to be done before it is archived.

    Raises:
        LabelClassError: there is no such class.
    """
    row = _existing(session, class_id)
    session.execute(
        sa.update(LabelClassTable).where(LabelClassTable.parent_id == row.id).values(parent_id=row.parent_id)
    )


def restore_class(session: Session, *, class_id: int) -> LabelClass:
    """Take an archived class into use again; it loses its key where another class has it by now.

    Raises:
        LabelClassError: there is no such class.
    """
    row = _existing(session, class_id)
    if row.archived and _key_owner(session, row.key, but=row.id) is not None:
        row.key = None
    row.archived = False
    session.flush()
    return _frozen(row)


def list_classes(session: Session, *, archived: bool = False) -> list[LabelClass]:
    """Return the classes in their order; with `archived` those out of use as well."""
    statement = sa.select(LabelClassTable).order_by(LabelClassTable.position, LabelClassTable.id)
    if not archived:
        statement = statement.where(~LabelClassTable.archived)
    return [_frozen(row) for row in session.execute(statement).scalars()]


def find_class(session: Session, *, name: str) -> LabelClass | None:
    """Return the class of that name, archived or not, None where there is none."""
    stored = unicodedata.normalize("NFC", name).strip()
    row = session.execute(
        sa.select(LabelClassTable).where(LabelClassTable.name == stored)
    ).scalar_one_or_none()
    return None if row is None else _frozen(row)


def _apply(
    session: Session,
    row: LabelClassTable,
    *,
    key: str | Unchanged | None,
    colour: str | Unchanged | None,
    parent_id: int | Unchanged | None,
    description: str | Unchanged,
    target: float | Unchanged | None,
) -> None:
    if not isinstance(key, Unchanged):
        row.key = _checked_key(session, row, key)
    if not isinstance(colour, Unchanged):
        if colour is not None and not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
            raise LabelClassError(f"a class's colour is written #rrggbb, not {colour!r:.50}")
        row.colour = colour
    if not isinstance(parent_id, Unchanged):
        row.parent_id = _checked_parent(session, row, parent_id)
    if not isinstance(description, Unchanged):
        row.description = checked_text(
            description, what="the class's description", error=LabelClassError, longest=DESCRIPTION_MAX
        )
    if not isinstance(target, Unchanged):
        row.target = _checked_target(target)


def _checked_key(session: Session, row: LabelClassTable, key: str | None) -> str | None:
    if key is None:
        return None
    checked_text(key, what="the class's key", error=LabelClassError, longest=1, shortest=1)
    if not key.isprintable() or key.isspace():
        raise LabelClassError(f"the class's key must be a character one can type and see, not {key!r}")
    owner = _key_owner(session, key, but=row.id)
    if owner is not None and not row.archived:
        raise LabelClassError(f"the key {key!r} belongs to the class {owner!r} already; choose another one")
    return key


def _key_owner(session: Session, key: str | None, *, but: int | None) -> str | None:
    if key is None:
        return None
    statement = sa.select(LabelClassTable.name).where(LabelClassTable.key == key, ~LabelClassTable.archived)
    if but is not None:
        statement = statement.where(LabelClassTable.id != but)
    return session.execute(statement).scalar_one_or_none()


def _checked_parent(session: Session, row: LabelClassTable, parent_id: int | None) -> int | None:
    above = parent_id
    while above is not None:
        parent = _existing(session, above)
        if parent.id == row.id:
            raise LabelClassError(f"the class {row.name!r} cannot be above itself")
        above = parent.parent_id
    return parent_id


def _checked_target(target: float | None) -> float | None:
    if target is None:
        return None
    if isinstance(target, bool) or not isinstance(target, int | float):
        raise LabelClassError(f"a class's target is a number, not {target!r:.50}")
    if not math.isfinite(target) or not 0 <= target <= TARGET_MAX:
        raise LabelClassError(
            f"a class's target is a number from 0 up to {TARGET_MAX:,.0f}, not {target!r:.50}"
        )
    return float(target)


def _refuse_taken_name(session: Session, name: str) -> None:
    found = find_class(session, name=name)
    if found is not None:
        state = "archived; restore it instead" if found.archived else "there; choose another name"
        raise LabelClassError(f"a class named {name!r} is already {state}")


def _existing(session: Session, class_id: int) -> LabelClassTable:
    checked_integer(class_id, what="the class's id", error=LabelClassError, least=1)
    row = session.get(LabelClassTable, class_id)
    if row is None:
        raise LabelClassError(f"there is no class with id {class_id}; load the classes again")
    return row


def _frozen(row: LabelClassTable) -> LabelClass:
    return LabelClass(
        id=row.id,
        name=row.name,
        position=row.position,
        key=row.key,
        colour=row.colour,
        parent_id=row.parent_id,
        description=row.description,
        target=row.target,
        archived=row.archived,
    )
