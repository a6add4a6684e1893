"""Tests of what lets a person in."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from labeling.database import Database
from labeling.errors import TokenError
from labeling.people import Person, Role, deactivate, find_person, set_role
from labeling.tables import TokenTable
from labeling.tokens import (
    MadeToken,
    TokenKind,
    end_sign_ins,
    forget_sign_ins,
    last_use,
    list_tokens,
    make_token,
    note_use,
    person_of_secret,
    person_of_token,
    revoke_token,
)
from tests.labeling.store import NOW, Project

LATER = NOW + timedelta(hours=1)


def make(project: Project, *, kind: TokenKind = TokenKind.API, hours: float | None = None) -> MadeToken:
    with project.database.transaction() as session:
        return make_token(
            session,
            annotator_id=project.ann,
            name="nightly",
            kind=kind,
            now=NOW,
            expires_at=None if hours is None else NOW + timedelta(hours=hours),
        )


def who(database: Database, secret: str, *, kind: TokenKind = TokenKind.API) -> Person | None:
    with database.reading() as session:
        return person_of_secret(session, secret=secret, kind=kind, now=LATER)


def test_person_of_secret__is_who_it_was_made_for(project: Project) -> None:
    made = make(project)
    assert who(project.database, made.secret) == Person(project.ann, "ann", Role.ANNOTATOR, made.id)


def test_make_token__keeps_no_secret(project: Project) -> None:
    made = make(project)
    with project.database.reading() as session:
        [row] = session.execute(sa.select(TokenTable)).scalars()
        stored = [str(value) for name, value in vars(row).items() if not name.startswith("_")]
    assert not any(made.secret in value or made.secret[8:] in value for value in stored)
    assert made.secret not in repr(made)


@pytest.mark.parametrize("change", ["", "x", "goldpan_", "goldpan_" + "a" * 43, "a" * 100_000, "\ud800", "ü"])
def test_person_of_secret__other_texts_are_nobody(project: Project, change: str) -> None:
    make(project)
    assert who(project.database, change) is None


def test_person_of_secret__one_kind_is_not_taken_for_the_other(project: Project) -> None:
    made = make(project, kind=TokenKind.SIGN_IN, hours=5)
    assert who(project.database, made.secret) is None
    assert who(project.database, made.secret, kind=TokenKind.SIGN_IN) is not None


def test_person_of_secret__ends_with_its_time(project: Project) -> None:
    assert who(project.database, make(project, hours=0.9).secret) is None
    assert who(project.database, make(project, hours=1.1).secret) is not None


def test_revoke_token__ends_it_and_keeps_it_on_record(project: Project) -> None:
    made, other = make(project), make(project)
    with project.database.transaction() as session:
        assert revoke_token(session, token_id=made.id, now=LATER).revoked_at == LATER
        assert revoke_token(session, token_id=made.id, now=LATER + timedelta(hours=1)).revoked_at == LATER
    assert who(project.database, made.secret) is None
    assert who(project.database, other.secret) is not None
    with project.database.reading() as session:
        assert [entry.id for entry in list_tokens(session)] == [made.id, other.id]


def test_revoke_token__unknown(project: Project) -> None:
    with project.database.transaction() as session, pytest.raises(TokenError, match="number 99"):
        revoke_token(session, token_id=99, now=NOW)


def test_person_of_token__follows_role_and_activity(project: Project) -> None:
    made = make(project)
    with project.database.transaction() as session:
        set_role(session, name="ann", role=Role.REVIEWER)
        now = person_of_token(session, token_id=made.id, now=LATER)
        assert now is not None and now.role == Role.REVIEWER
        deactivate(session, name="ann", now=NOW)
        assert person_of_token(session, token_id=made.id, now=LATER) is None


def test_make_token__for_nobody_or_the_past(project: Project) -> None:
    with project.database.transaction() as session:
        with pytest.raises(TokenError, match="number 77"):
            make_token(session, annotator_id=77, name="x", kind=TokenKind.API, now=NOW)
        with pytest.raises(TokenError, match="which is past"):
            make_token(
                session, annotator_id=project.ann, name="x", kind=TokenKind.API, now=NOW, expires_at=NOW
            )


def test_end_sign_ins__leaves_tokens_and_other_people(project: Project) -> None:
    api, browser = make(project), make(project, kind=TokenKind.SIGN_IN, hours=5)
    with project.database.transaction() as session:
        bob = make_token(
            session,
            annotator_id=project.bob,
            name="firefox",
            kind=TokenKind.SIGN_IN,
            now=NOW,
            expires_at=LATER + timedelta(hours=1),
        )
        assert end_sign_ins(session, annotator_id=project.ann, now=LATER) == 1
    assert who(project.database, browser.secret, kind=TokenKind.SIGN_IN) is None
    assert who(project.database, api.secret) is not None
    assert who(project.database, bob.secret, kind=TokenKind.SIGN_IN) is not None


def test_forget_sign_ins__drops_only_old_ones(project: Project) -> None:
    make(project)
    make(project, kind=TokenKind.SIGN_IN, hours=0.5)
    kept = make(project, kind=TokenKind.SIGN_IN, hours=2)
    with project.database.transaction() as session:
        forget_sign_ins(session, before=LATER)
        assert [entry.id for entry in list_tokens(session, kind=TokenKind.SIGN_IN)] == [kept.id]
        assert len(list_tokens(session)) == 2


def test_note_use__is_told(project: Project) -> None:
    made = make(project)
    with project.database.transaction() as session:
        assert last_use(session, token_id=made.id) is None
        note_use(session, token_id=made.id, now=LATER)
        assert last_use(session, token_id=made.id) == LATER
        assert find_person(session, name="ann") is not None
