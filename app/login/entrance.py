"""How people come into a server: what the command line says of it, checked, and made into the server's parts."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.access import Access
from app.context import ServerContext
from app.errors import ServerError
from app.login.cookie_secret import cookie_secret
from app.login.passwords import PasswordFile
from app.project import Project
from labeling.people import Role, has_admin, list_people
from labeling.project_record import get_project

log = logging.getLogger("goldpan.requests")

SHORT_ID = 8


@dataclass(frozen=True)
class Entrance:
    """Who may come in, and from where.

    Attributes:
        password_file: people sign in with a password of this file.
        oauth_provider: people sign in at this provider of Panel's.
        oauth_admit: the role that the provider's people are added with who are no person of the project yet.
        behind_tls: a proxy in front speaks TLS, and says truly from where a request comes.
        open_to_network: others on the network may come in though nobody signs in.
    """

    password_file: Path | None = None
    oauth_provider: str | None = None
    oauth_admit: Role | None = None
    behind_tls: bool = False
    open_to_network: bool = False

    @property
    def signs_in(self) -> bool:
        """Whether people sign in."""
        return self.password_file is not None or self.oauth_provider is not None

    def check(self, address: str) -> list[str]:
        """Check what was asked for, before anything is opened; return what to warn of.

        Raises:
            ServerError: it contradicts itself, the network would get in without a login, or a file cannot be used.
        """
        if self.password_file is not None and self.oauth_provider is not None:
            raise ServerError("--login and --oauth-provider are two ways to sign in; choose one of them")
        if self.oauth_admit is not None and self.oauth_provider is None:
            raise ServerError("--oauth-admit says whom the OAuth provider lets in; give --oauth-provider too")
        if self.password_file is not None:
            PasswordFile(self.password_file).names()
        if is_loopback(address):
            return []
        if not self.signs_in and not self.open_to_network:
            raise ServerError(
                f"{address} can be reached from the network, and nobody has to sign in; give --login FILE or "
                "--oauth-provider, or say --open-to-network if everybody who reaches the port may see and change all"
            )
        if not self.signs_in:
            return [f"everybody who can reach {address} may see and change this project: nobody signs in"]
        if not self.behind_tls:
            return [
                "passwords and cookies can be read on the way: put a proxy with TLS in front, see docs/team.md"
            ]
        return []


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches an address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def make_access(entrance: Entrance, project: Project) -> Access | None:
    """Return how a server tells people apart; None where nobody signs in.

    Raises:
        ServerError: the secret that signs cookies cannot be used.
    """
    if not entrance.signs_in:
        return None
    with project.database.reading() as session:
        record = get_project(session)
    short = (record.uuid if record is not None else project.config.project.name.encode().hex())[:SHORT_ID]
    return Access(f"goldpan_{short}", cookie_secret(project.paths.folder), behind_tls=entrance.behind_tls)


def warnings_of(entrance: Entrance, project: Project) -> list[str]:
    """Return what an operator should know of the people of a project before they come."""
    if not entrance.signs_in:
        return []
    with project.database.reading() as session:
        people, admin = list_people(session), has_admin(session)
    active = {each.name for each in people if each.active}
    warnings = []
    if entrance.password_file is not None:
        strangers = [name for name in PasswordFile(entrance.password_file).names() if name not in active]
        if strangers:
            names = ", ".join(strangers[:5])
            warnings.append(
                f"the password file names people who are not let in, as they are no active person here: {names}"
            )
    if not admin:
        warnings.append("this project has no admin; `goldpan people role` makes one")
    return warnings


def server_options(entrance: Entrance, context: ServerContext) -> dict[str, Any]:
    """Return what Panel's server is told of the login.

    Raises:
        ServerError: OAuth is not set up as it must be.
    """
    # A page session's token lies in the page: no cookie, no API token and no header of a proxy shall be in it.
    options: dict[str, Any] = {
        "log_function": log_request,
        "include_headers": [],
        "include_cookies": [],
        "use_xheaders": entrance.behind_tls,
    }
    access = context.access
    if access is None:
        return options
    from app.login.oauth import oauth_handler
    from app.login.provider import LoginProvider

    passwords = None if entrance.password_file is None else PasswordFile(entrance.password_file)
    handler = (
        None
        if entrance.oauth_provider is None
        else oauth_handler(entrance.oauth_provider, entrance.oauth_admit)
    )
    return {
        **options,
        "auth_provider": LoginProvider(context, passwords=passwords, handler=handler),
        "cookie_secret": access.secret,
        # Signed with a key of its own, so that neither signature can stand for the other.
        "secret_key": hmac.new(access.secret.encode(), b"page sessions", hashlib.sha256).hexdigest().encode(),
        "sign_sessions": True,
    }


def log_request(handler: Any) -> None:  # noqa: ANN401 - tornado's handler
    """Log a request without its query, in which a provider's code, or what a person seeks, would be."""
    status, request = handler.get_status(), handler.request
    level = logging.INFO if status < 400 else logging.WARNING if status < 500 else logging.ERROR
    took_ms = 1000 * request.request_time()
    log.log(level, "%d %s %s (%s) %.1f ms", status, request.method, request.path, request.remote_ip, took_ms)
