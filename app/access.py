"""Who asks, and whether they may: the one place where requests and page sessions get their person and role.

Without a login there is one local person, who may do everything, on loopback. With one, a request comes with a cookie
that a sign-in has set, or with `Authorization: Bearer TOKEN`; a page's session belongs to the person whose request
opened it. Nothing a browser sends names a person otherwise.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from app.errors import AccessError
from app.project import now
from labeling.errors import DatabaseUnavailableError
from labeling.people import Person, Role
from labeling.tokens import TokenKind, last_use, note_use, person_of_secret, person_of_token

if TYPE_CHECKING:
    from app.context import ServerContext

log = logging.getLogger("goldpan.access")

SIGN_IN_DAYS = 7
"""How long a browser stays signed in."""
NOTED_EVERY = dt.timedelta(minutes=5)
"""How exactly the last use of a token is noted: a write for each request would hold up the labels."""


@dataclass(frozen=True)
class Access:
    """How a server with a login tells people apart.

    Attributes:
        cookie: name of the sign-in's cookie; one a project, since cookies do not tell ports of a host apart.
        secret: signs the cookie.
        behind_tls: whether a proxy in front speaks TLS: cookies are then never sent without it.
        openers: who opened each page session, by the session's id.
        threads: look people up; apart from those that read the pool, which may take long.
    """

    cookie: str
    secret: str = field(repr=False)
    behind_tls: bool = False
    openers: dict[str, Person] = field(default_factory=dict, repr=False)
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, "goldpan-access"), repr=False
    )
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def opened(self, session_id: str, person: Person) -> None:
        """Remember who opened a page session."""
        with self.lock:
            self.openers[session_id] = person

    def closed(self, session_id: str) -> None:
        """Forget a page session."""
        with self.lock:
            self.openers.pop(session_id, None)

    def is_anothers(self, session_id: str, person: Person) -> bool:
        """Return whether another person, or another sign-in of the same, opened this page session."""
        with self.lock:
            opener = self.openers.get(session_id)
        return opener is not None and opener.token_id != person.token_id


def bearer_of(headers: Any) -> str | None:  # noqa: ANN401 - tornado's headers
    """Return the token that a request carries; None where it carries none."""
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else None


async def who_asks(context: ServerContext, handler: Any) -> Person | None:  # noqa: ANN401 - tornado's handler
    """Return whose request this is; None for nobody's.

    A token counts also where nobody logs in; one that is wrong makes the request nobody's, whatever else it carries.
    """
    loop, access = asyncio.get_running_loop(), context.access
    threads = context.reader if access is None else access.threads
    token = bearer_of(handler.request.headers)
    if token is not None:
        found, unnoted = await loop.run_in_executor(threads, _known_token, context, token)
        if found is not None and unnoted:
            # Not waited for: that a token was used is noted behind the answer.
            loop.run_in_executor(context.writer, _note_use, context, found)
        return found
    if access is None:
        return context.person
    cookie = handler.get_signed_cookie(access.cookie, max_age_days=SIGN_IN_DAYS)
    if cookie is None:
        return None
    secret = cookie.decode("ascii", "replace")
    return await loop.run_in_executor(threads, _known, context, secret, TokenKind.SIGN_IN)


def require(context: ServerContext, needed: Role) -> None:
    """Refuse an act of a page's person whose role does not suffice; the role is read anew.

    Raises:
        AccessError: they may not, were deactivated, or signed out meanwhile.
    """
    person = still_here(context)
    if person is None:
        raise AccessError("you are signed out; reload the page and sign in again")
    if not person.role.may(needed):
        raise AccessError(refusal(person, needed))


def still_here(context: ServerContext) -> Person | None:
    """Return the person of a page as they are now; None once they were deactivated or signed out."""
    if context.person.token_id is None:
        return context.person
    with context.project.database.reading() as session:
        return person_of_token(session, token_id=context.person.token_id, now=now())


def may(context: ServerContext, needed: Role) -> bool:
    """Return whether the person's role, as the page knows it, suffices: for what is shown, not for what is done."""
    return context.person.role.may(needed)


def why_not(context: ServerContext, needed: Role, what: str) -> str:
    """Return as HTML why the page's person cannot do something; empty where they can.

    Args:
        context: as the person sees it.
        needed: the role that it needs.
        what: the doing, as a sentence begins: "Labelling".
    """
    if may(context, needed):
        return ""
    role = context.person.role
    return (
        f'<p class="gp-quiet">{escape(what)} needs the role {needed} or a higher one; yours is {role}. An admin of the '
        "project can change it.</p>"
    )


def refusal(person: Person, needed: Role) -> str:
    """Return in words why a person may not."""
    return f"this needs the role {needed}; yours is {person.role}, an admin can change it"


def _known(context: ServerContext, secret: str, kind: TokenKind) -> Person | None:
    with context.project.database.reading() as session:
        return person_of_secret(session, secret=secret, kind=kind, now=now())


def _known_token(context: ServerContext, secret: str) -> tuple[Person | None, bool]:
    """Return whose token it is, and whether it is long ago that its use was noted."""
    moment = now()
    with context.project.database.reading() as session:
        person = person_of_secret(session, secret=secret, kind=TokenKind.API, now=moment)
        if person is None or person.token_id is None:
            return None, False
        before = last_use(session, token_id=person.token_id)
    return person, before is None or moment - before > NOTED_EVERY


def _note_use(context: ServerContext, person: Person) -> None:
    if person.token_id is None:
        return
    try:
        with context.project.database.transaction() as session:
            note_use(session, token_id=person.token_id, now=now())
    except DatabaseUnavailableError as problem:
        log.warning("the use of a token was not noted: %s", problem)
