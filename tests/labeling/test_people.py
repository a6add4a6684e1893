"""Tests of who may do what."""

from __future__ import annotations

import pytest

from labeling.annotators import ensure_annotator
from labeling.database import Database
from labeling.errors import PersonError
from labeling.people import (
    KnownPerson,
    Role,
    activate,
    add_person,
    deactivate,
    find_person,
    list_people,
    set_role,
)
from labeling.tokens import TokenKind, make_token, person_of_secret
from tests.labeling.store import NOW


@pytest.mark.parametrize(
    ("role", "needed", "allowed"),
    [
        (Role.ADMIN, Role.ADMIN, True),
        (Role.ADMIN, Role.VIEWER, True),
        (Role.REVIEWER, Role.ADMIN, False),
        (Role.ANNOTATOR, Role.REVIEWER, False),
        (Role.ANNOTATOR, Role.ANNOTATOR, True),
        (Role.VIEWER, Role.ANNOTATOR, False),
    ],
)
def test_may__each_role_includes_those_below(role: Role, needed: Role, allowed: bool) -> None:
    assert role.may(needed) is allowed


def add(database: Database, name: str, role: Role = Role.ANNOTATOR) -> KnownPerson:
    with database.transaction() as session:
        return add_person(session, name=name, role=role, now=NOW)


def test_add_person__is_listed_with_role_and_moment(database: Database) -> None:
    ada = add(database, " Ada ", Role.REVIEWER)

    with database.reading() as session:
        assert list_people(session) == [KnownPerson(ada.annotator_id, "Ada", Role.REVIEWER, True, NOW)]
        assert find_person(session, name="Ada") == ada
        assert find_person(session, name="ada") is None


def test_add_person__of_a_name_that_annotates_already(database: Database) -> None:
    with database.transaction() as session:
        ensure_annotator(session, name="Zoë")
    with pytest.raises(PersonError, match="'Zoë' already"):
        add(database, "Zoe\u0308")


def test_ensure_annotator__gives_a_role_only_where_it_is_said(database: Database) -> None:
    add(database, "Ada", Role.VIEWER)
    with database.transaction() as session:
        ensure_annotator(session, name="Ada")
        known = find_person(session, name="Ada")
        assert known is not None and known.role == Role.VIEWER
        ensure_annotator(session, name="Ada", role=Role.ADMIN)
        known = find_person(session, name="Ada")
        assert known is not None and known.role == Role.ADMIN


def test_set_role__unknown_person_is_told_who_there_is(database: Database) -> None:
    add(database, "Ada")
    with database.transaction() as session, pytest.raises(PersonError, match="there are: 'Ada'"):
        set_role(session, name="Bob", role=Role.ADMIN)


@pytest.mark.parametrize("how", ["role", "deactivate"])
def test_last_admin__stays(database: Database, how: str) -> None:
    add(database, "Ada", Role.ADMIN)
    gone = add(database, "Bob", Role.ADMIN)
    with database.transaction() as session:
        deactivate(session, name=gone.name, now=NOW)

    def take_away() -> object:
        with database.transaction() as session:
            if how == "role":
                return set_role(session, name="Ada", role=Role.REVIEWER)
            return deactivate(session, name="Ada", now=NOW)

    with pytest.raises(PersonError, match="'Ada' is the only admin"):
        take_away()


def test_deactivate__ends_what_let_them_in_for_good(database: Database) -> None:
    ada = add(database, "Ada")
    with database.transaction() as session:
        made = make_token(session, annotator_id=ada.annotator_id, name="script", kind=TokenKind.API, now=NOW)
        deactivate(session, name="Ada", now=NOW)
        activate(session, name="Ada")
        known = find_person(session, name="Ada")

    assert known is not None and known.active
    with database.reading() as session:
        assert person_of_secret(session, secret=made.secret, kind=TokenKind.API, now=NOW) is None
