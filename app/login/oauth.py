"""Signing in by OAuth or OpenID Connect: Panel's own handlers, with our cookie and our rule of who is let in.

Key, secret and addresses come from Panel's environment variables (`PANEL_OAUTH_KEY`, `PANEL_OAUTH_SECRET`, …), so that
they stand on no command line. The provider's tokens are used once, to learn the name, and kept nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from typing import Any

import panel.auth
from panel.config import config as panel_config
from panel.util import decode_token
from tornado.web import HTTPError, RequestHandler

from app.errors import ServerError
from app.login.provider import EntryHandler, cookie_flags, known_person, not_a_person
from app.project import now
from labeling.errors import PersonError
from labeling.people import KnownPerson, Role, add_person

log = logging.getLogger("goldpan.login")

KEY, SECRET = "PANEL_OAUTH_KEY", "PANEL_OAUTH_SECRET"
NOT_OAUTH = frozenset({"password", "pam"})
"""Panel's providers that hand us a password: a password file does that better."""
THEIRS = frozenset({"user", "access_token", "id_token", "refresh_token", "oauth_expiry", "is_guest"})
"""Cookies that Panel's handlers would set."""
ADMITTED = (Role.VIEWER, Role.ANNOTATOR, Role.REVIEWER)
"""Roles that a stranger may be given; an admin is made by an admin."""


def oauth_providers() -> list[str]:
    """Return the names of the providers that can be chosen."""
    return sorted(set(panel.auth.AUTH_PROVIDERS) - NOT_OAUTH)


def oauth_handler(name: str, admit: Role | None) -> type[RequestHandler]:
    """Return the handler that sends people to the provider and takes them back.

    Args:
        name: of Panel's provider.
        admit: the role that somebody who is no person of the project yet is added with; None lets nobody new in.

    Raises:
        ServerError: there is no such provider, its key is not in the environment, or the role cannot be given.
    """
    if name not in oauth_providers():
        raise ServerError(f"there is no OAuth provider {name!r}; allowed are {', '.join(oauth_providers())}")
    if admit is not None and admit not in ADMITTED:
        raise ServerError(f"strangers cannot be let in as {admit}; allowed are {', '.join(ADMITTED)}")
    if not panel_config.oauth_key or (not panel_config.oauth_secret and name != "auth_code"):
        raise ServerError(
            f"the OAuth provider's key and secret are missing; set {KEY} and {SECRET} in the environment"
        )
    values = {"admit_as": admit, "__doc__": f"Signs people in by {name}."}
    return type("OAuthHandler", (OAuthEntry, panel.auth.AUTH_PROVIDERS[name]), values)


class OAuthEntry(EntryHandler):
    """What our sign-in adds to one of Panel's handlers, which stands behind it in the order of classes."""

    admit_as: Role | None = None
    claims: dict[str, Any] | None = None
    refused: str = ""

    @property
    def _redirect_uri(self) -> str:
        """Where the provider sends people back to."""
        secure = self.provider.access.behind_tls or self.request.protocol == "https"
        return (
            panel_config.oauth_redirect_uri or f"{'https' if secure else 'http'}://{self.request.host}/login"
        )

    def set_secure_cookie(self, name: str, value: Any, **options: Any) -> None:  # noqa: ANN401 - tornado's
        """Keep the provider's tokens out of the browser; the cookies of the way there get the usual flags."""
        if name == "id_token":
            self.claims = claims_of(value)
        if name not in THEIRS:
            flags = cookie_flags(self.provider.access, self.request)
            self.set_signed_cookie(name, value, **{**options, **flags, "expires_days": None})

    async def get_authenticated_user(self, *arguments: Any, **options: Any) -> str | None:  # noqa: ANN401 - Panel's
        """Ask the provider who it is, and sign them in if they are a person of the project.

        Raises:
            HTTPError: 403 for somebody who is not.
        """
        name = await super().get_authenticated_user(*arguments, **options)
        if options.get("code") is None:
            # On the way there: the browser was sent to the provider.
            return None
        if not isinstance(name, str) or not name:
            raise HTTPError(403, reason="The provider did not say who you are")
        if "@" in name and (self.claims or {}).get("email_verified") is False:
            raise HTTPError(403, reason="The provider has not verified your e-mail address")
        person = await asyncio.get_running_loop().run_in_executor(
            self.provider.context.writer, self._person, name
        )
        if person is None or not person.active:
            log.warning("somebody who is no person of the project was turned away")
            self.refused = not_a_person(name)
            raise HTTPError(403, reason="Not a person of this project")
        await self.leave()
        await self.admit(person)
        log.info("%s signed in", person.name)
        return name

    def _person(self, name: str) -> KnownPerson | None:
        context = self.provider.context
        try:
            known = known_person(context, name)
            if known is not None or self.admit_as is None:
                return known
            with context.project.database.transaction() as session:
                return add_person(session, name=name, role=self.admit_as, now=now())
        except PersonError as problem:
            log.warning("a name that the provider gave cannot be used: %s", problem)
            return None

    def write_error(self, status_code: int, **_: Any) -> None:  # noqa: ANN401 - tornado's signature
        """Answer an error as a page in words, in place of Panel's, which asks other hosts for its looks."""
        if self.refused:
            self.refuse(status_code, "Not let in", self.refused)
        else:
            self.refuse(
                status_code,
                "Signing in did not work",
                "The provider refused it, or the way back took too long.",
            )


def claims_of(token: Any) -> dict[str, Any]:  # noqa: ANN401 - a text or bytes
    """Return what an id token says, which came from the provider itself; empty where it cannot be read."""
    text = token.decode("ascii", "replace") if isinstance(token, bytes) else str(token)
    try:
        if text.count(".") == 2:
            found = decode_token(text)
        else:
            found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}
