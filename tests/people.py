"""People of a project for tests: added with passwords and tokens, and signing in over HTTP as a browser does."""

from __future__ import annotations

import datetime as dt
import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.login.passwords import PasswordFile
from app.project import Project, now, open_project
from labeling.people import Role, add_person
from labeling.tokens import TokenKind, make_token
from tests.servers import RunningServer

NAMES = {"ada": Role.ADMIN, "rex": Role.REVIEWER, "ann": Role.ANNOTATOR, "vi": Role.VIEWER}
"""A person of each role."""


@dataclass(frozen=True)
class Team:
    """People who can come into a project.

    Attributes:
        passwords: the password file.
        tokens: a token of each person, by name.
        ids: their annotators' numbers.
    """

    passwords: Path
    tokens: dict[str, str]
    ids: dict[str, int]

    @property
    def options(self) -> tuple[str, ...]:
        """What `goldpan serve` is told of them."""
        return ("--login", str(self.passwords))


def password_of(name: str) -> str:
    """Return a person's password."""
    return f"the long password of {name}"


def make_team(project: Project) -> Team:
    """Add a person of each role, with password and token."""
    tokens, ids = {}, {}
    with project.database.transaction() as session:
        for name, role in NAMES.items():
            ids[name] = add_person(session, name=name, role=role, now=now()).annotator_id
            made = make_token(session, annotator_id=ids[name], name="tests", kind=TokenKind.API, now=now())
            tokens[name] = made.secret
    path = project.paths.config.with_name("passwords.json")
    for name in NAMES:
        PasswordFile(path).set(name, password_of(name))
    return Team(path, tokens, ids)


def change(config_path: Path, step: Any, **values: Any) -> None:
    """Change people as another process: call a store function in a transaction of its own."""
    project = open_project(config_path)
    try:
        with project.database.transaction() as session:
            step(session, **values)
    finally:
        project.close()


def moment() -> dt.datetime:
    """Return the present time in UTC."""
    return now()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Visitor:
    """A browser without a screen: it keeps cookies and follows nothing by itself."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.jar), _NoRedirect()
        )
        self.headers: Any = {}

    @property
    def address(self) -> str:
        return self.server.url.rstrip("/")

    @property
    def cookie(self) -> str:
        """The Cookie header."""
        return "; ".join(f"{each.name}={each.value}" for each in self.jar)

    def sign_in(self, name: str, password: str | None = None, *, after: str = "/") -> int:
        fields = {"name": name, "password": password or password_of(name), "next": after}
        return self.form("/login", fields)[0]

    def form(self, path: str, fields: dict[str, str], *, origin: str | None = "") -> tuple[int, str]:
        headers = {"Origin": self.address if origin == "" else origin}
        content = urllib.parse.urlencode(fields).encode()
        return self.ask("POST", path, content=content, headers=headers)

    def get(self, path: str, headers: Mapping[str, str | None] | None = None) -> tuple[int, str]:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: Any, headers: Mapping[str, str | None] | None = None) -> tuple[int, Any]:
        usual = {"Origin": self.address, "Content-Type": "application/json"}
        status, text = self.ask(
            "POST", path, content=json.dumps(body).encode(), headers={**usual, **(headers or {})}
        )
        return status, json.loads(text)

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> tuple[int, str]:
        given = {name: value for name, value in (headers or {}).items() if value is not None}
        request = urllib.request.Request(self.address + path, data=content, headers=given, method=method)
        try:
            with self._opener.open(request, timeout=20) as answer:
                self.headers, status, found = answer.headers, answer.status, answer.read()
        except urllib.error.HTTPError as problem:
            with problem:
                self.headers, status, found = problem.headers, problem.code, problem.read()
        return status, found.decode("utf-8", "replace")

    def session_token(self) -> str:
        """Open the page and return the token of its session, which lies in it."""
        status, page = self.get("/")
        assert status == 200
        found = re.search(r'"token":"([^"]+)"', page)
        assert found is not None
        return found.group(1)
