"""What lets a person in: a sign-in, which a browser holds as a cookie, or a token, which a script sends along.

Both are a long random secret of which the database keeps the hash alone: who reads the database cannot come in with
it. The secret has 256 random bits, so that one round of SHA-256 is enough; passwords are another thing
(`app.login.passwords`).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from labeling.checks import checked_name
from labeling.errors import TokenError
from labeling.people import Person, Role
from labeling.tables import AnnotatorTable, TokenTable

PREFIX = "goldpan_"
"""What every secret begins with, so that a scanner for leaked secrets can find one."""
SECRET_BYTES = 32
LONGEST = 200
"""Characters that are looked at; a longer one is none of ours."""


class TokenKind(StrEnum):
    """What a token is for: the two are not taken for each other."""

    API = "api"
    SIGN_IN = "sign_in"


@dataclass(frozen=True)
class Token:
    """A token as the project knows it, without its secret.

    Attributes:
        id: its number.
        annotator_id: who comes in with it.
        person: that person's name.
        kind: of a script or a browser.
        name: what it is for, in the words of who made it.
        created_at: when it was made.
        used_at: when it was used last, to a few minutes; None for never.
        expires_at: until when it can be used; None for ever.
        revoked_at: when it was ended; None while it was not.
    """

    id: int
    annotator_id: int
    person: str
    kind: TokenKind
    name: str
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class MadeToken:
    """A token that was just made.

    Attributes:
        id: its number.
        secret: to be shown or sent once; it cannot be read again.
    """

    id: int
    secret: str = field(repr=False)


def make_token(
    session: Session,
    *,
    annotator_id: int,
    name: str,
    kind: TokenKind,
    now: datetime,
    expires_at: datetime | None = None,
) -> MadeToken:
    """Make a token for an active person.

    Args:
        session: of a write transaction.
        annotator_id: who comes in with it.
        name: what it is for.
        kind: of a script or a browser.
        now: the moment, in UTC.
        expires_at: until when it can be used; None for ever.

    Raises:
        TokenError: there is no such active person, the name cannot be used, or it would be expired at once.
    """
    stored = checked_name(name, what="the token's name", error=TokenError)
    person = session.get(AnnotatorTable, annotator_id)
    if person is None or not person.active:
        raise TokenError(f"there is no active person with the number {annotator_id}; activate them first")
    if expires_at is not None and expires_at <= now:
        raise TokenError(f"a token cannot end at {expires_at:%Y-%m-%d %H:%M}, which is past")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row = TokenTable(
        annotator_id=annotator_id,
        kind=kind.value,
        name=stored,
        secret_hash=_hash(secret),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return MadeToken(row.id, secret)


def person_of_secret(session: Session, *, secret: str, kind: TokenKind, now: datetime) -> Person | None:
    """Return who comes in with a secret; None where it is unknown or ended, or its person is not active."""
    if not secret.startswith(PREFIX) or len(secret) > LONGEST:
        return None
    return _person(session, TokenTable.secret_hash == _hash(secret), TokenTable.kind == kind.value, now=now)


def person_of_token(session: Session, *, token_id: int, now: datetime) -> Person | None:
    """Return who came in with a token, as they are now; None where it ended or they are not active any more."""
    return _person(session, TokenTable.id == token_id, now=now)


def note_use(session: Session, *, token_id: int, now: datetime) -> None:
    """Note that a token was used."""
    session.execute(sa.update(TokenTable).where(TokenTable.id == token_id).values(used_at=now))


def last_use(session: Session, *, token_id: int) -> datetime | None:
    """Return when a token was used last; None for never."""
    return session.execute(
        sa.select(TokenTable.used_at).where(TokenTable.id == token_id)
    ).scalar_one_or_none()


def revoke_token(session: Session, *, token_id: int, now: datetime) -> Token:
    """End a token; one that ended already stays as it is.

    Raises:
        TokenError: there is none of that number.
    """
    row = session.get(TokenTable, token_id)
    if row is None:
        raise TokenError(f"there is no token with the number {token_id}; `goldpan people tokens` lists them")
    if row.revoked_at is None:
        row.revoked_at = now
        session.flush()
    return next(entry for entry in list_tokens(session) if entry.id == token_id)


def end_sign_ins(session: Session, *, annotator_id: int, now: datetime) -> int:
    """Sign a person out of every browser; return out of how many."""
    open_ones = sa.update(TokenTable).where(
        TokenTable.annotator_id == annotator_id,
        TokenTable.kind == TokenKind.SIGN_IN.value,
        TokenTable.revoked_at.is_(None),
        TokenTable.expires_at > now,
    )
    return len(session.execute(open_ones.values(revoked_at=now).returning(TokenTable.id)).all())


def forget_sign_ins(session: Session, *, before: datetime) -> None:
    """Drop the sign-ins that expired before a moment, so that they do not pile up; API tokens stay on record."""
    session.execute(
        sa.delete(TokenTable).where(
            TokenTable.kind == TokenKind.SIGN_IN.value, TokenTable.expires_at < before
        )
    )


def list_tokens(session: Session, *, kind: TokenKind | None = None) -> list[Token]:
    """Return the tokens, oldest first; those that ended too."""
    statement = sa.select(TokenTable, AnnotatorTable.name).join(
        AnnotatorTable, AnnotatorTable.id == TokenTable.annotator_id
    )
    if kind is not None:
        statement = statement.where(TokenTable.kind == kind.value)
    return [
        Token(
            row.id, row.annotator_id, person, TokenKind(row.kind), row.name,
            row.created_at, row.used_at, row.expires_at, row.revoked_at,
        )
        for row, person in session.execute(statement.order_by(TokenTable.id))
    ]  # fmt: skip


def _person(session: Session, *where: sa.ColumnElement[bool], now: datetime) -> Person | None:
    statement = (
        sa.select(AnnotatorTable.id, AnnotatorTable.name, AnnotatorTable.role, TokenTable.id)
        .join(TokenTable, TokenTable.annotator_id == AnnotatorTable.id)
        .where(
            *where,
            AnnotatorTable.active,
            TokenTable.revoked_at.is_(None),
            sa.or_(TokenTable.expires_at.is_(None), TokenTable.expires_at > now),
        )
    )
    found = session.execute(statement).one_or_none()
    return None if found is None else Person(found[0], found[1], Role(found[2]), found[3])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
