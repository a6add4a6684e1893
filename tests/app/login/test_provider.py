from __future__ import annotations

from types import SimpleNamespace

import pytest
from bokeh.util.token import generate_jwt_token, generate_session_id
from tornado.httputil import HTTPHeaders

from app.access import Access
from app.login.provider import cookie_flags, person_of_session, safe_path, sessions_named
from labeling.people import Person, Role


@pytest.mark.parametrize("path", ["/", "/?page=Balance", "/a/b?c=d#e", "/?next=https://elsewhere.example"])
def test_safe_path__stays(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "elsewhere",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "///evil.example",
        "/login",
        "/logout",
        "/" + "a" * 3000,
    ],
)
def test_safe_path__anything_else_goes_to_the_start(path: str) -> None:
    assert safe_path(path) == "/"


def test_sessions_named__by_query_header_and_websocket() -> None:
    names = [generate_session_id(secret_key=None, signed=False) for _ in range(4)]
    headers = HTTPHeaders({"Bokeh-Session-Id": names[1]})
    headers["Sec-WebSocket-Protocol"] = f"bokeh, {generate_jwt_token(names[2], signed=False)}"
    arguments = {
        "bokeh-session-id": [names[0].encode()],
        "bokeh-token": [generate_jwt_token(names[3], signed=False).encode()],
    }
    request = SimpleNamespace(arguments=arguments, headers=headers)

    assert set(sessions_named(SimpleNamespace(request=request))) == set(names)


@pytest.mark.parametrize("token", ["x", "a.b.c", "e30", "W10", "%%%", "ü"])
def test_sessions_named__tokens_that_are_none(token: str) -> None:
    headers = HTTPHeaders({"Sec-WebSocket-Protocol": f"bokeh, {token}"})
    assert sessions_named(SimpleNamespace(request=SimpleNamespace(arguments={}, headers=headers))) == []


def test_person_of_session__takes_only_what_the_provider_found() -> None:
    ann = Person(1, "ann", Role.VIEWER, 3)
    assert person_of_session(SimpleNamespace(request=SimpleNamespace(person=ann))) == ann
    assert person_of_session(SimpleNamespace(request=SimpleNamespace(person={"name": "ann"}))) is None
    assert person_of_session(SimpleNamespace(request=None)) is None
    assert person_of_session(None) is None


@pytest.mark.parametrize(
    ("behind_tls", "protocol", "secure"),
    [(True, "http", True), (False, "https", True), (False, "http", False)],
)
def test_cookie_flags__secure_behind_tls_and_over_it(behind_tls: bool, protocol: str, secure: bool) -> None:
    access = Access("goldpan_x", "s" * 40, behind_tls=behind_tls)
    flags = cookie_flags(access, SimpleNamespace(protocol=protocol))
    assert flags == {"httponly": True, "samesite": "Lax", "secure": secure}
