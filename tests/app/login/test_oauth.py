"""Signing in by OAuth: against a small provider of our own, over real connections."""

from __future__ import annotations

import base64
import json
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from app.errors import ServerError
from app.login.oauth import claims_of, oauth_handler, oauth_providers
from labeling.people import Role, deactivate
from tests.people import Visitor, change, moment
from tests.projects import make_clouds
from tests.servers import RunningServer, serving, wait_for

SECRET = "the-client-secret-of-the-tests"


def jwt(claims: dict[str, Any]) -> str:
    parts = [{"alg": "none"}, claims]
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*coded, "c2ln"])


@dataclass
class Provider:
    """What the provider answers and was asked.

    Attributes:
        claims: what its next id token says.
        asked: the forms sent to its token address.
    """

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, list[str]]] = field(default_factory=list)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.asked.append(urllib.parse.parse_qs(content))
            token = jwt(found.claims)
            body = json.dumps({"access_token": "opaque-access", "id_token": token, "expires_in": 60}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield found
    server.shutdown()
    server.server_close()


def environment(provider: Provider) -> dict[str, str]:
    return {
        "PANEL_OAUTH_KEY": "goldpan-tests",
        "PANEL_OAUTH_SECRET": SECRET,
        "PANEL_OAUTH_AUTHORIZE_URL": f"{provider.url}/authorize",
        "PANEL_OAUTH_TOKEN_URL": f"{provider.url}/token",
        "GOLDPAN_LOG": "INFO",
    }


@pytest.fixture(scope="module")
def server(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    project = make_clouds(tmp_path_factory.mktemp("oauth"))
    project.close()
    options = ("--oauth-provider", "generic", "--oauth-admit", "annotator")
    with serving(project.paths.config, options=options, environment=environment(provider)) as running:
        yield running


def come_back(visitor: Visitor, *, code: str = "one-time-code", state: str | None = None) -> tuple[int, str]:
    """Go to the provider and back, as a browser does."""
    assert visitor.get("/login?next=/%3Fpage%3DBalance")[0] == 302
    target = urllib.parse.urlsplit(visitor.headers["Location"])
    query = urllib.parse.parse_qs(target.query)
    assert (
        "client_secret" not in visitor.headers["Location"].replace(SECRET, "") or SECRET not in target.query
    )
    assert query["redirect_uri"] == [f"{visitor.address}/login"]
    back = urllib.parse.urlencode({"code": code, "state": state or query["state"][0]})
    return visitor.get(f"/login?{back}")


def test_login__admits_a_new_person_in_the_role_that_was_said(
    server: RunningServer, provider: Provider
) -> None:
    provider.claims = {"email": "new@lab.example", "email_verified": True}
    visitor = Visitor(server)

    status, _ = come_back(visitor)

    assert (status, visitor.headers["Location"]) == (302, "/?page=Balance")
    assert provider.asked[-1]["code"] == ["one-time-code"]
    assert visitor.get("/")[0] == 200
    assert visitor.post("/api/confirm/page", {})[0] == 200
    assert visitor.post("/api/audit/page", {})[0] == 403
    names = {each.name.split("_")[0] for each in visitor.jar}
    assert names == {"goldpan"}
    assert "opaque-access" not in visitor.cookie


def test_login__deactivated_person_is_refused_kindly(server: RunningServer, provider: Provider) -> None:
    provider.claims = {"email": "gone@lab.example"}
    come_back(Visitor(server))
    change(server.config_path, deactivate, name="gone@lab.example", now=moment())

    visitor = Visitor(server)
    status, text = come_back(visitor)

    assert status == 403
    assert "gone@lab.example is not, or not any more, a person of this project" in text
    assert visitor.get("/api/history")[0] == 401


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email": "unverified@lab.example", "email_verified": False}, "refused it"),
        ({"sub": "no-mail"}, "refused it"),
        ({"email": "a\tb"}, "not, or not any more"),
    ],
)
def test_login__who_cannot_be_let_in(
    server: RunningServer, provider: Provider, claims: dict[str, Any], words: str
) -> None:
    provider.claims = claims
    visitor = Visitor(server)
    status, text = come_back(visitor)
    assert status in (401, 403) and words in text
    assert visitor.get("/api/history")[0] == 401


def test_login__state_of_another_browser(server: RunningServer, provider: Provider) -> None:
    provider.claims = {"email": "new@lab.example"}
    visitor = Visitor(server)
    status, _ = come_back(visitor, state="e30=")
    assert status == 401
    assert visitor.get("/api/history")[0] == 401


def test_log__holds_no_secret_and_no_code(server: RunningServer, provider: Provider) -> None:
    provider.claims = {"email": "new@lab.example"}
    come_back(Visitor(server), code="a-code-to-keep-quiet")
    come_back(Visitor(server), code="a-code-to-keep-quiet", state="e30=")
    # The log comes by a pipe: what was asked before is in it once this is.
    Visitor(server).get("/the-last-one")
    wait_for(lambda: "/the-last-one" in server.output, what="the log of the last request")
    for secret in (SECRET, "a-code-to-keep-quiet", "opaque-access"):
        assert secret not in server.output


def test_oauth_handler__refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PANEL_OAUTH_KEY", raising=False)
    with pytest.raises(ServerError, match=r"no OAuth provider 'gihub'; allowed are .*github"):
        oauth_handler("gihub", None)
    with pytest.raises(ServerError, match="cannot be let in as admin"):
        oauth_handler("github", Role.ADMIN)
    with pytest.raises(ServerError, match="PANEL_OAUTH_KEY and PANEL_OAUTH_SECRET"):
        oauth_handler("github", None)
    assert {"password", "pam"}.isdisjoint(oauth_providers())


def test_claims_of__both_forms_and_none() -> None:
    assert claims_of(jwt({"a": 1})) == {"a": 1}
    assert claims_of(base64.urlsafe_b64encode(b'{"a": 1}').decode().rstrip("=")) == {"a": 1}
    assert claims_of("%%%") == {} and claims_of(b"\xff") == {} and claims_of("W10") == {}
