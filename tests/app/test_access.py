"""Who asks, and whether they may: over a real server with a login, and of the functions that pages call."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from bokeh.util.token import generate_jwt_token, generate_session_id, get_token_payload
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.web import RequestHandler
from tornado.websocket import websocket_connect

from app.context import ServerContext
from app.server import routes
from labeling.people import Role, activate, deactivate, set_role
from tests.coroutines import finish
from tests.people import NAMES, Team, Visitor, change, make_team, moment
from tests.projects import make_clouds
from tests.servers import RunningServer, serving, wait_for

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
PUBLIC = {("/api/health", "GET")}


@dataclass(frozen=True)
class Served:
    """A server with a login and its people."""

    server: RunningServer
    team: Team

    def by_token(self, name: str, method: str, path: str, body: Any = None) -> tuple[int, str]:
        headers: dict[str, str | None] = {"Authorization": f"Bearer {self.team.tokens[name]}"}
        content = None
        if method != "GET":
            content, headers["Content-Type"] = json.dumps(body or {}).encode(), "application/json"
        return Visitor(self.server).ask(method, path, content=content, headers=headers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    project = make_clouds(tmp_path_factory.mktemp("access"))
    team = make_team(project)
    project.close()
    with serving(project.paths.config, options=team.options, environment={"GOLDPAN_LOG": "INFO"}) as server:
        found = Served(server, team)
        wait_for(lambda: json.loads(found.by_token("ann", "GET", "/api/queue")[1])["items"], what="proposals")
        yield found


@pytest.fixture
def ann(served: Served) -> Visitor:
    visitor = Visitor(served.server)
    assert visitor.sign_in("ann") == 303
    return visitor


def methods_of(handler: type[RequestHandler]) -> list[str]:
    missing = RequestHandler._unimplemented_method
    return [name.upper() for name in METHODS if getattr(handler, name) is not missing]


def all_routes() -> list[tuple[str, Any, dict[str, Any]]]:
    """Return the routes alone; what their handlers are made with is of no matter here."""
    return routes(cast(ServerContext, None))


def test_routes__every_method_declares_the_role_it_needs() -> None:
    """Walks over all routes of our own; a new one that says nothing fails here, and needs an admin until it does."""
    found = [
        (address, method, handler) for address, handler, _ in all_routes() for method in methods_of(handler)
    ]
    assert len(found) > 20
    silent = [(address, method) for address, method, handler in found if method not in handler.needs]
    assert silent == []
    public = {(address, method) for address, method, handler in found if handler.needs[method] is None}
    assert public == PUBLIC
    idle = [
        (address, method)
        for address, handler, _ in all_routes()
        for method in handler.needs
        if method not in methods_of(handler)
    ]
    assert idle == []


def path_of(address: str) -> str:
    """Return an address that a route answers: its pattern with numbers and words put in."""
    filled = (
        address.replace("([0-9]{1,12})", "1").replace("([0-9]{1,9})", "1").replace("([a-z0-9_]{1,100})", "a")
    )
    return filled.replace("(archive|restore|merge)", "archive").replace("\\.", ".")


def test_routes__nobody_and_lower_roles_are_refused_everywhere(served: Served) -> None:
    stranger = Visitor(served.server)
    asked = 0
    for address, handler, _ in all_routes():
        for method in methods_of(handler):
            needed = handler.needs[method]
            if needed is None:
                continue
            path, asked = path_of(address), asked + 1
            headers: dict[str, str | None] = {"Origin": stranger.address, "Content-Type": "application/json"}
            content = None if method == "GET" else b"{}"
            status, text = stranger.ask(method, path, content=content, headers=headers)
            assert (status, "not signed in" in text) == (401, True), (method, path)
            assert stranger.headers["WWW-Authenticate"].startswith("Bearer")
            for name, role in NAMES.items():
                if not role.may(needed):
                    status, text = served.by_token(name, method, path)
                    assert (status, f"needs the role {needed}" in text) == (403, True), (method, path, name)
    assert asked > 20


def test_routes__each_role_reads_and_does_what_is_its(served: Served) -> None:
    assert served.by_token("vi", "GET", "/api/classes")[0] == 200
    assert served.by_token("vi", "GET", "/api/seeks")[0] == 200
    assert served.by_token("ann", "POST", "/api/confirm/page")[0] == 200
    assert served.by_token("rex", "POST", "/api/audit/page")[0] == 200
    status, text = served.by_token("rex", "POST", "/api/classes", {"name": f"new {uuid.uuid4().hex[:6]}"})
    added = json.loads(text)["classes"][-1]["id"]
    assert status == 200
    assert served.by_token("ada", "POST", f"/api/classes/{added}/archive")[0] == 200


def test_health__tells_a_stranger_nothing(served: Served, ann: Visitor) -> None:
    assert json.loads(Visitor(served.server).get("/api/health")[1]) == {"status": "ok"}
    told = json.loads(ann.get("/api/health")[1])
    assert (told["project"], told["person"]) == ("clouds", served.team.ids["ann"])


@pytest.mark.parametrize(
    "path", ["/", "/?page=Balance", "/autoload.js?bokeh-autoload-element=1", "/metadata"]
)
def test_page__nobody_gets_nothing_of_the_project(served: Served, path: str) -> None:
    status, text = Visitor(served.server).get(path)
    assert status in (302, 403, 404, 500) and "clouds" not in text and "token" not in text


def label_of(served: Served, name: str) -> dict[str, Any]:
    item = json.loads(served.by_token(name, "GET", "/api/queue?count=1")[1])["items"][0]
    classes = json.loads(served.by_token(name, "GET", "/api/classes")[1])["classes"]
    return {
        "uid": uuid.uuid4().hex, "item_key": item["key"], "act": "label", "class_id": classes[0]["id"],
    }  # fmt: skip


def test_annotations__are_stored_under_who_sent_them(served: Served, ann: Visitor) -> None:
    values = label_of(served, "ann")
    assert ann.post("/api/annotations", values)[0] == 200
    mine = json.loads(served.by_token("ann", "GET", "/api/history?limit=200")[1])["items"]
    theirs = json.loads(served.by_token("rex", "GET", "/api/history?limit=200")[1])["items"]
    assert values["uid"] in {entry["uid"] for entry in mine}
    assert values["uid"] not in {entry["uid"] for entry in theirs}
    undo = {
        "uid": uuid.uuid4().hex,
        "item_key": values["item_key"],
        "act": "undo",
        "undoes_uid": values["uid"],
    }
    assert served.by_token("rex", "POST", "/api/annotations", undo)[0] == 400


def test_annotations__waiting_ones_of_another_person_are_not_taken(served: Served, ann: Visitor) -> None:
    other = {"X-Goldpan-Person": str(served.team.ids["rex"])}
    status, answer = ann.post("/api/annotations", label_of(served, "ann"), headers=other)
    assert (status, answer["person"]) == (409, True)
    own = {"X-Goldpan-Person": str(served.team.ids["ann"])}
    assert ann.post("/api/annotations", label_of(served, "ann"), headers=own)[0] == 200


def test_annotations__only_a_reviewer_adjudicates(served: Served) -> None:
    values = label_of(served, "ann") | {"act": "adjudicate"}
    status, text = served.by_token("ann", "POST", "/api/annotations", values)
    assert (status, "needs the role reviewer" in text) == (400, True)
    assert served.by_token("rex", "POST", "/api/annotations", values)[0] == 200


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example"])
def test_annotations__cookie_needs_our_origin(served: Served, ann: Visitor, origin: str | None) -> None:
    assert ann.post("/api/annotations", label_of(served, "ann"), headers={"Origin": origin})[0] == 403


def test_annotations__token_needs_no_origin_and_refuses_a_foreign_one(served: Served) -> None:
    values = label_of(served, "ann")
    headers = {"Authorization": f"Bearer {served.team.tokens['ann']}"}
    visitor = Visitor(served.server)
    assert (
        visitor.post("/api/annotations", values, headers={**headers, "Origin": "http://evil.example"})[0]
        == 403
    )
    assert visitor.post("/api/annotations", values, headers={**headers, "Origin": None})[0] == 200


def test_token__a_wrong_one_is_nobody_even_beside_a_cookie(served: Served, ann: Visitor) -> None:
    for wrong in ("x", "", "goldpan_" + "a" * 43):
        assert ann.get("/api/history", headers={"Authorization": f"Bearer {wrong}"})[0] == 401
    assert ann.get("/api/history")[0] == 200


def test_token__use_is_noted(served: Served) -> None:
    from app.project import open_project
    from labeling.tokens import list_tokens

    assert served.by_token("vi", "GET", "/api/classes")[0] == 200
    project = open_project(served.server.config_path)

    def noted() -> bool:
        with project.database.reading() as session:
            return any(each.person == "vi" and each.used_at for each in list_tokens(session))

    try:
        wait_for(noted, seconds=10, what="the noted use")
    finally:
        project.close()


def test_cookie__flags_and_no_trace_in_the_page(served: Served, ann: Visitor) -> None:
    [cookie] = list(ann.jar)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"
    page = ann.get("/")[1]
    assert cookie.value is not None and cookie.value not in page
    payload = get_token_payload(ann.session_token())
    assert payload.get("cookies") == {} and set(payload["headers"]) <= {"Cookie"}
    assert not payload["headers"].get("Cookie")


def test_sign_in__wrong_password_and_unknown_name_look_the_same(served: Served) -> None:
    found = []
    for name in ("ann", "nobody-at-all"):
        status, text = Visitor(served.server).form("/login", {"name": name, "password": "wrong password"})
        found.append((status, text.split("<form")[0].split("</h1>")[1]))
    assert found[0] == found[1]
    assert found[0][0] == 403 and "do not belong together" in found[0][1]


def test_sign_in__goes_to_where_one_was_sent_from_and_nowhere_else(served: Served) -> None:
    visitor = Visitor(served.server)
    assert visitor.sign_in("ann", after="/?page=Balance") == 303
    assert visitor.headers["Location"] == "/?page=Balance"
    for path in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert visitor.sign_in("ann", after=path) == 303
        assert visitor.headers["Location"] == "/"


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example"])
def test_sign_in__from_another_site_is_refused(served: Served, origin: str | None) -> None:
    fields = {"name": "ann", "password": "the long password of ann"}
    visitor = Visitor(served.server)
    assert visitor.form("/login", fields, origin=origin)[0] == 403
    assert visitor.cookie == ""


def test_sign_out__ends_the_cookie_everywhere(served: Served) -> None:
    visitor = Visitor(served.server)
    visitor.sign_in("ann")
    stolen = {"Cookie": visitor.cookie}
    assert visitor.get("/logout")[0] == 200 and visitor.get("/api/history")[0] == 200
    assert visitor.form("/logout", {}, origin="https://evil.example")[0] == 403
    assert visitor.form("/logout", {})[0] == 303
    assert Visitor(served.server).get("/api/history", headers=stolen)[0] == 401


def test_sign_in__again_ends_the_one_before(served: Served) -> None:
    visitor = Visitor(served.server)
    visitor.sign_in("ann")
    before = {"Cookie": visitor.cookie}
    visitor.sign_in("vi")
    assert Visitor(served.server).get("/api/history", headers=before)[0] == 401


def test_deactivated__is_refused_at_the_next_request(served: Served) -> None:
    path = served.server.config_path
    visitor = Visitor(served.server)
    visitor.sign_in("rex")
    try:
        change(path, set_role, name="rex", role=Role.VIEWER)
        assert visitor.post("/api/audit/page", {})[0] == 403
        change(path, set_role, name="rex", role=Role.REVIEWER)
        assert visitor.post("/api/audit/page", {})[0] == 200
        change(path, deactivate, name="rex", now=moment())
        assert visitor.post("/api/audit/page", {})[0] == 401
        assert visitor.get("/")[0] == 302
        status, text = Visitor(served.server).form(
            "/login", {"name": "rex", "password": "the long password of rex"}
        )
        assert status == 403 and "not any more, a person of this project" in text
    finally:
        change(path, activate, name="rex")
    assert visitor.post("/api/audit/page", {})[0] == 401


async def connects(served: Served, token: str, cookie: str) -> bool:
    """Return whether a websocket opens and the server speaks on it."""
    url = served.server.url.replace("http://", "ws://") + "ws"
    headers = {"Cookie": cookie, "Origin": served.server.url.rstrip("/")}
    try:
        socket = await websocket_connect(HTTPRequest(url, headers=headers), subprotocols=["bokeh", token])
    except HTTPClientError as problem:
        if problem.code != 403:
            raise
        return False
    first = await asyncio.wait_for(socket.read_message(), 20)
    socket.close()
    return first is not None


def test_websocket__a_page_s_session_is_its_person_s_alone(served: Served, ann: Visitor) -> None:
    vi = Visitor(served.server)
    vi.sign_in("vi")
    token = ann.session_token()
    assert not finish(connects(served, token, vi.cookie))
    assert not finish(connects(served, token, ""))
    assert finish(connects(served, token, ann.cookie))


def test_websocket__a_session_that_the_browser_made_up(served: Served, ann: Visitor) -> None:
    own = generate_jwt_token(generate_session_id(signed=False), signed=False, expiration=300)
    assert not finish(connects(served, own, ann.cookie))


def test_page__another_person_s_session_by_its_id(served: Served, ann: Visitor) -> None:
    from bokeh.util.token import get_session_id

    token = ann.session_token()
    number = get_session_id(token)
    vi = Visitor(served.server)
    vi.sign_in("vi")
    assert vi.get(f"/?bokeh-session-id={number}")[0] in (302, 403)
    assert vi.get(f"/?bokeh-token={token}")[0] in (302, 403)
    assert vi.get("/", headers={"Bokeh-Session-Id": number})[0] in (302, 403)


def test_log__holds_no_secret(served: Served) -> None:
    visitor = Visitor(served.server)
    visitor.sign_in("ann")
    visitor.sign_in("ann", "what nobody else may read")
    visitor.get(f"/api/history?token={served.team.tokens['ann']}")
    served.by_token("ann", "GET", "/api/history")
    # The log comes by a pipe: what was asked before is in it once this is.
    visitor.get("/the-last-one")
    wait_for(lambda: "/the-last-one" in served.server.output, what="the log of the last request")
    secret = served.server.config_path.with_suffix(".goldpan").joinpath("cookie_secret").read_text()
    secrets = [
        *served.team.tokens.values(),
        secret,
        "password of",
        "nobody else may",
        visitor.cookie.split("=", 1)[1],
    ]
    assert [each for each in secrets if each and each in served.server.output] == []


def test_cookie__of_another_server_s_secret(served: Served, ann: Visitor) -> None:
    from tornado.web import create_signed_value

    [cookie] = list(ann.jar)
    assert cookie.value is not None
    inner = cookie.value.split("|")
    # What the cookie holds is right; who signed it is not.
    secret = base64.b64decode(inner[4].split(":", 1)[1])
    forged = create_signed_value("x" * 64, cookie.name, secret).decode()
    assert Visitor(served.server).get("/api/history", headers={"Cookie": f"{cookie.name}={forged}"})[0] == 401
    tampered = "|".join([*inner[:-1], "0" * 64])
    assert (
        Visitor(served.server).get("/api/history", headers={"Cookie": f"{cookie.name}={tampered}"})[0] == 401
    )
