"""Who works on a project, and what their role lets them do.

A person is an annotator with a role. A person is never deleted, since annotations point at them, but deactivated: what
they did stays, they come in no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.checks import checked_name
from labeling.errors import PersonError
from labeling.tables import AnnotatorTable, TokenTable


class Role(StrEnum):
    """What a person may do; each role may do all that the ones below it may."""

    ADMIN = "admin"
    REVIEWER = "reviewer"
    ANNOTATOR = "annotator"
    VIEWER = "viewer"

    def may(self, needed: Role) -> bool:
        """Return whether this role reaches the needed one."""
        order = list(Role)
        return order.index(self) <= order.index(needed)


@dataclass(frozen=True)
class Person:
    """A person at work.

    Attributes:
        annotator_id: under which their annotations are stored.
        name: how others see them.
        role: what they may do.
        token_id: the sign-in or token that let them in; None for the local person, who needs none.
    """

    annotator_id: int
    name: str
    role: Role
    token_id: int | None = None


@dataclass(frozen=True)
class KnownPerson:
    """A person as the project knows them.

    Attributes:
        annotator_id: under which their annotations are stored.
        name: how others see them, and what they sign in with.
        role: what they may do.
        active: whether they may come in.
        created_at: when they were added; None for who annotated before that was noted.
    """

    annotator_id: int
    name: str
    role: Role
    active: bool
    created_at: datetime | None


def add_person(session: Session, *, name: str, role: Role, now: datetime) -> KnownPerson:
    """Add a person.

    Raises:
        PersonError: there is one of that name, or the name cannot be used.
    """
    stored = _checked(name)
    if find_person(session, name=stored) is not None:
        raise PersonError(
            f"there is a person {stored!r} already; change the role instead, or choose another name"
        )
    row = AnnotatorTable(name=stored, role=role.value, active=True, created_at=now)
    session.add(row)
    session.flush()
    return _known(row)


def find_person(session: Session, *, name: str) -> KnownPerson | None:
    """Return the person of that name, active or not; None where there is none."""
    row = session.execute(
        sa.select(AnnotatorTable).where(AnnotatorTable.name == _checked(name))
    ).scalar_one_or_none()
    return None if row is None else _known(row)


def list_people(session: Session) -> list[KnownPerson]:
    """Return everybody, in the order in which they came."""
    rows = session.execute(sa.select(AnnotatorTable).order_by(AnnotatorTable.id)).scalars()
    return [_known(row) for row in rows]


def has_admin(session: Session) -> bool:
    """Return whether the project has an admin who may come in."""
    admins = sa.select(AnnotatorTable.id).where(
        AnnotatorTable.role == Role.ADMIN.value, AnnotatorTable.active
    )
    return session.execute(admins.limit(1)).first() is not None


def set_role(session: Session, *, name: str, role: Role) -> KnownPerson:
    """Give a person another role; it holds from their next act on.

    Raises:
        PersonError: there is no such person, or they are the only admin.
    """
    row = _row(session, name)
    if role != Role.ADMIN:
        _refuse_without_admin(session, row)
    row.role = role.value
    session.flush()
    return _known(row)


def deactivate(session: Session, *, name: str, now: datetime) -> KnownPerson:
    """Let a person in no more: their sign-ins and tokens end for good, what they did stays.

    Raises:
        PersonError: there is no such person, or they are the only admin.
    """
    row = _row(session, name)
    _refuse_without_admin(session, row)
    row.active = False
    session.execute(
        sa.update(TokenTable)
        .where(TokenTable.annotator_id == row.id, TokenTable.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    session.flush()
    return _known(row)


def activate(session: Session, *, name: str) -> KnownPerson:
    """Let a person in again; they sign in anew, and get new tokens.

    Raises:
        PersonError: there is no such person.
    """
    row = _row(session, name)
    row.active = True
    session.flush()
    return _known(row)


def _row(session: Session, name: str) -> AnnotatorTable:
    stored = _checked(name)
    row = session.execute(sa.select(AnnotatorTable).where(AnnotatorTable.name == stored)).scalar_one_or_none()
    if row is None:
        names = session.execute(
            sa.select(AnnotatorTable.name).order_by(AnnotatorTable.id).limit(10)
        ).scalars()
        known = ", ".join(repr(each) for each in names) or "nobody yet"
        raise PersonError(f"there is no person {stored!r} in this project; there are: {known}")
    return row


def _refuse_without_admin(session: Session, row: AnnotatorTable) -> None:
    """Refuse to take the last admin away: nobody could put it right on the page."""
    others = sa.select(AnnotatorTable.id).where(
        AnnotatorTable.role == Role.ADMIN.value, AnnotatorTable.active, AnnotatorTable.id != row.id
    )
    is_admin = row.active and row.role == Role.ADMIN.value
    if is_admin and session.execute(others.limit(1)).first() is None:
        raise PersonError(f"{row.name!r} is the only admin; make somebody else admin first")


def _checked(name: str) -> str:
    return checked_name(name, what="the person's name", error=PersonError)


def _known(row: AnnotatorTable) -> KnownPerson:
    return KnownPerson(row.id, row.name, Role(row.role), row.active, row.created_at)
