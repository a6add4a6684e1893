"""The auth provider that Panel's server asks who a browser is, and the handlers of the pages /login and /logout.

Panel asks it for every page and websocket (`get_user_async`); the API asks `app.access` itself, since Panel's login
does not cover routes of our own. What makes a page's session somebody's is the request that opened it, never what the
browser sends in the session's token.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from bokeh.server.auth_provider import AuthProvider
from bokeh.util.token import get_session_id
from tornado.web import HTTPError, RequestHandler

from app.access import SIGN_IN_DAYS, Access, who_asks
from app.context import ServerContext
from app.errors import PasswordError
from app.login.pages import POLICY, said_page, sign_in_page, sign_out_page
from app.login.passwords import LONGEST, PasswordFile
from app.login.tries import Tries
from app.project import now
from app.recording import note_person
from labeling.errors import DatabaseUnavailableError
from labeling.events import EventKind
from labeling.people import KnownPerson, Person, find_person
from labeling.tokens import TokenKind, forget_sign_ins, make_token, revoke_token

log = logging.getLogger("goldpan.login")

LOGIN, LOGOUT = "/login", "/logout"
WAITING_MOST = 20
"""Passwords that wait to be checked at once; each check takes 64 MB and some 50 ms, one at a time."""
NAME_BYTES = 200
SIGNED_OUT = "You are signed out."
WRONG = "That name and password do not belong together."
KEEP_EXPIRED = dt.timedelta(days=30)


class LoginProvider(AuthProvider):
    """Tells Panel's server who a request is from."""

    def __init__(
        self,
        context: ServerContext,
        *,
        passwords: PasswordFile | None,
        handler: type[RequestHandler] | None = None,
    ) -> None:
        """Make the provider of one server.

        Args:
            context: the server's parts; it has an `access`.
            passwords: who may sign in with which password; None where another service knows people.
            handler: answers /login instead of our form; for OAuth.
        """
        self.context = context
        self.passwords = passwords
        self.tries = Tries()
        self.hashing = ThreadPoolExecutor(1, "goldpan-passwords")
        self.waiting = 0
        self._handler = handler or LoginHandler
        super().__init__()

    @property
    def access(self) -> Access:
        """How this server tells people apart."""
        access = self.context.access
        assert access is not None
        return access

    @property
    def title(self) -> str:
        """The project's title."""
        project = self.context.project.config.project
        return project.title or project.name

    @property
    def get_user_async(self) -> Callable[[Any], Awaitable[str | None]]:
        """How Panel learns who a request is from: their name, None for nobody."""

        async def get_user(handler: Any) -> str | None:  # noqa: ANN401 - tornado's handler
            try:
                person = await who_asks(self.context, handler)
            except DatabaseUnavailableError as problem:
                log.warning("nobody could be let in: %s", problem)
                raise HTTPError(503, reason="The database does not answer just now") from problem
            if person is None or any(
                self.access.is_anothers(name, person) for name in sessions_named(handler)
            ):
                return None
            # Read again where the page is built; see `person_of_session`.
            handler.request.person = person
            return person.name

        return get_user

    @property
    def login_url(self) -> str:
        """Where nobody is sent."""
        return LOGIN

    @property
    def login_handler(self) -> type[RequestHandler]:
        """What answers there."""
        return self._handler

    @property
    def logout_url(self) -> str:
        """Where to sign out."""
        return LOGOUT

    @property
    def logout_handler(self) -> type[RequestHandler]:
        """What answers there."""
        return LogoutHandler


class EntryHandler(RequestHandler):
    """What the pages around the dashboard share."""

    def prepare(self) -> None:
        """Refuse requests under a foreign name, and forms that another site's page sends.

        Raises:
            HTTPError: 403 for a foreign Host or Origin.
        """
        hosts = self.provider.context.hosts
        if self.request.host.lower() not in hosts:
            raise HTTPError(403, reason="This host name is not allowed; see `goldpan serve --allow-host`")
        origin = self.request.headers.get("Origin")
        if self.request.method == "POST" and (origin is None or urlsplit(origin).netloc.lower() not in hosts):
            raise HTTPError(403, reason="Forms from another site are not allowed")

    @property
    def provider(self) -> LoginProvider:
        """The server's auth provider."""
        provider: LoginProvider = self.application.auth_provider
        return provider

    def show(self, make: Callable[..., str], **values: Any) -> None:  # noqa: ANN401 - a page's texts
        """Answer with one of the small pages."""
        nonce = secrets.token_urlsafe(16)
        self.set_header("Content-Security-Policy", POLICY.format(nonce=nonce))
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(make(project=self.provider.title, nonce=nonce, **values))

    def refuse(self, status: int, title: str, text: str) -> None:
        """Answer with a refusal in words."""
        self.set_status(status)
        self.show(said_page, title=title, text=text)

    def log_exception(self, kind: Any, value: Any, trace: Any) -> None:  # noqa: ANN401 - tornado's signature
        """Log without the address's query, where an OAuth provider's code would be."""
        if isinstance(value, HTTPError):
            said = value.log_message or value.reason
            log.warning("%d %s %s: %s", value.status_code, self.request.method, self.request.path, said)
        else:
            log.error("%s %s failed", self.request.method, self.request.path, exc_info=(kind, value, trace))

    def write_error(self, status_code: int, **_: Any) -> None:  # noqa: ANN401 - tornado's signature
        """Answer an error as a page in words."""
        self.refuse(
            status_code, "That did not work", f"{self._reason}. Try again, or ask an admin of the project."
        )

    async def leave(self) -> None:
        """End the sign-in that this browser has, so that pages left open under it do nothing more."""
        context = self.provider.context
        person = await who_asks(context, self)
        if person is not None:
            await asyncio.get_running_loop().run_in_executor(context.writer, _end, context, person)

    async def admit(self, person: KnownPerson) -> None:
        """Sign this browser in: a row in the database, a cookie here."""
        agent = self.request.headers.get("User-Agent", "")
        name = "".join(each for each in agent if each.isprintable()).strip()[:NAME_BYTES] or "a browser"
        context, access = self.provider.context, self.provider.access

        def store() -> str:
            moment = now()
            with context.project.database.transaction() as session:
                forget_sign_ins(session, before=moment - KEEP_EXPIRED)
                who = person.annotator_id
                note_person(session, EventKind.SIGNED_IN, person.name, annotator_id=who, browser=name)
                return make_token(
                    session,
                    annotator_id=person.annotator_id,
                    name=name,
                    kind=TokenKind.SIGN_IN,
                    now=moment,
                    expires_at=moment + dt.timedelta(days=SIGN_IN_DAYS),
                ).secret

        secret = await asyncio.get_running_loop().run_in_executor(context.writer, store)
        self.set_signed_cookie(
            access.cookie, secret, expires_days=SIGN_IN_DAYS, path="/", **cookie_flags(access, self.request)
        )


class LoginHandler(EntryHandler):
    """The page to sign in with name and password."""

    async def get(self) -> None:
        """Answer with the form; who is signed in already goes on."""
        after = safe_path(self.get_query_argument("next", "/"))
        if await who_asks(self.provider.context, self) is not None:
            self.redirect(after)
            return
        note = SIGNED_OUT if self.get_query_argument("signed_out", "") else ""
        self.show(sign_in_page, after=after, note=note)

    async def post(self) -> None:
        """Check the password; sign in, or say what is wrong after the same time whatever it is."""
        name = self.get_body_argument("name", "").strip()[:NAME_BYTES]
        password = self.get_body_argument("password", "", strip=False)[: LONGEST + 1]
        after = safe_path(self.get_body_argument("next", "/"))
        provider, address = self.provider, self.request.remote_ip or ""
        wait_s = provider.tries.begin(name=name, address=address)
        if wait_s > 0:
            self._again(429, after, name, f"Too many tries. Wait {_seconds(wait_s)}, then try again.")
            self.set_header("Retry-After", str(int(wait_s) + 1))
            return
        try:
            right = await self._check(name, password)
        except PasswordError as problem:
            log.error("nobody can sign in: %s", problem)
            self._again(503, after, name, "Signing in does not work just now; the server's log says why.")
            return
        if not right:
            log.warning("a wrong password from %s", address)
            self._again(403, after, name, WRONG)
            return
        provider.tries.passed(name=name, address=address)
        await self.leave()
        await self._enter(name, after)

    async def _enter(self, name: str, after: str) -> None:
        person = await asyncio.get_running_loop().run_in_executor(
            self.provider.access.threads, known_person, self.provider.context, name
        )
        if person is None or not person.active:
            self.refuse(403, "Not let in", not_a_person(name))
            return
        await self.admit(person)
        log.info("%s signed in", person.name)
        self.redirect(after, status=303)

    async def _check(self, name: str, password: str) -> bool:
        provider = self.provider
        if provider.passwords is None or provider.waiting >= WAITING_MOST:
            raise PasswordError("too many people sign in at once")
        provider.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                provider.hashing, provider.passwords.check, name, password
            )
        finally:
            provider.waiting -= 1

    def _again(self, status: int, after: str, name: str, problem: str) -> None:
        self.set_status(status)
        self.show(sign_in_page, after=after, name=name, problem=problem)


class LogoutHandler(EntryHandler):
    """Signs a browser out."""

    async def get(self) -> None:
        """Ask whether to; a link alone signs nobody out."""
        person = await who_asks(self.provider.context, self)
        if person is None:
            self.redirect(LOGIN)
            return
        self.show(sign_out_page, name=person.name)

    async def post(self) -> None:
        """End the sign-in in the database, so that the cookie opens nothing any more, and drop the cookie."""
        access = self.provider.access
        await self.leave()
        self.clear_cookie(access.cookie, path="/", **cookie_flags(access, self.request))
        if self.provider.passwords is not None:
            self.redirect(f"{LOGIN}?signed_out=1", status=303)
            return
        self.show(said_page, title="Signed out", text=SIGNED_OUT, link="/", on="Sign in again")


def cookie_flags(access: Access, request: Any) -> dict[str, Any]:  # noqa: ANN401 - tornado's request
    """Return what keeps a cookie from scripts, from other sites, and, behind TLS, from the open network.

    Lax, not Strict: a link from a mail shall find the person signed in; what writes checks the Origin beside it.
    """
    return {
        "httponly": True,
        "samesite": "Lax",
        "secure": access.behind_tls or request.protocol == "https",
    }


def safe_path(text: str) -> str:
    """Return an address to go to after signing in: a path of this server, `/` where it is anything else."""
    parts = urlsplit(text) if text.isprintable() and len(text) < 2000 else None
    inside = parts is not None and not parts.scheme and not parts.netloc
    if not inside or not text.startswith("/") or text.startswith("//") or "\\" in text:
        return "/"
    return "/" if text.startswith((LOGIN, LOGOUT)) else text


def sessions_named(handler: Any) -> list[str]:  # noqa: ANN401 - tornado's handler
    """Return the ids of the page sessions that a request names: in its query, its header, its websocket's protocol."""
    request = handler.request
    named = [value.decode("utf-8", "replace") for value in request.arguments.get("bokeh-session-id", [])]
    named += request.headers.get_list("Bokeh-Session-Id")
    tokens = [value.decode("utf-8", "replace") for value in request.arguments.get("bokeh-token", [])]
    tokens += [part.strip() for part in request.headers.get("Sec-Websocket-Protocol", "").split(",")[1:]]
    for token in filter(None, tokens):
        try:
            named.append(str(get_session_id(token)))
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            # No token of ours; the server refuses it by its signature.
            log.debug("a page session's token could not be read: %s", problem)
    return named


def person_of_session(session_context: Any) -> Person | None:  # noqa: ANN401 - bokeh's session context
    """Return whose request opened a page's session, as `get_user_async` found it; None for nobody's."""
    person = getattr(getattr(session_context, "request", None), "person", None)
    return person if isinstance(person, Person) else None


def known_person(context: ServerContext, name: str) -> KnownPerson | None:
    """Return the project's person of a name; None where there is none."""
    with context.project.database.reading() as session:
        return find_person(session, name=name)


def not_a_person(name: str) -> str:
    """Return in words that a name is nobody's in this project."""
    return f"{name} is not, or not any more, a person of this project. An admin can add or activate you."


def _end(context: ServerContext, person: Person) -> None:
    if person.token_id is None:
        return
    with context.project.database.transaction() as session:
        revoke_token(session, token_id=person.token_id, now=now())
        note_person(session, EventKind.SIGNED_OUT, person.name, annotator_id=person.annotator_id)


def _seconds(wait_s: float) -> str:
    whole = int(wait_s) + 1
    return f"{whole} s" if whole < 90 else f"{round(whole / 60)} minutes"
