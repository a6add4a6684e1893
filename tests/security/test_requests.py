"""Requests that no page of ours sends: foreign hosts and origins, paths that lead out, sessions that are made up.

What the server did before `app.gate` stood before its routes is said in each test.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from app.gate import HEADERS, SafeHeaders, refusal
from tests.coroutines import finish
from tests.projects import make_clouds
from tests.security.sockets import ask, connect, models_of, page_token, raw, status_of
from tests.servers import RunningServer, serving

EVIL = "evil.example"
ON_EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
}  # fmt: skip
"""Said here once more: one that were left out of `app.gate` would be missed."""
PAGES = 50
"""Loaded and left at a time."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Serve the clouds; a secret lies beside the project."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "secret.txt").write_text("the secret")
    project = make_clouds(folder)
    project.close()
    with serving(project.paths.config) as running:
        yield running


# --- who may ask


@pytest.mark.parametrize(
    "path", ["/", "/static/js/bokeh.min.js", "/api/health", "/api/queue", "/ws", "/nothing", "/media/0"]
)
def test_foreign_host__is_refused_on_every_route(server: RunningServer, path: str) -> None:
    """DNS rebinding: Panel's pages and files answered to any name, which hands a session to the other site's script."""
    assert status_of(ask(server, path, host=f"{EVIL}:{server.port}")) == 403
    assert status_of(ask(server, path, f"X-Forwarded-Host: {EVIL}")) != 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("origin", [f"http://{EVIL}", "null", "http://127.0.0.1:1", "file://"])
def test_foreign_origin__cannot_write(server: RunningServer, method: str, origin: str) -> None:
    for path in ("/api/annotations", "/api/seeks", "/", "/login"):
        assert status_of(ask(server, path, f"Origin: {origin}", "Content-Length: 0", method=method)) == 403


def test_missing_origin__cannot_write(server: RunningServer) -> None:
    status, _ = server.post("/api/annotations", {}, {"Origin": ""})
    assert status == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_form_of_another_site__is_no_json(server: RunningServer, kind: str) -> None:
    """What a form can send without a browser asking first; Tornado itself refuses a form of parts that has none."""
    status, _ = server.post("/api/annotations", b'{"uid": "x"}', {"Content-Type": kind or "x"})
    assert status == (400 if kind.startswith("multipart") else 415)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_picture_of_another_site__takes_no_items(server: RunningServer, site: str) -> None:
    """`<img src=…/api/queue?count=200>` on any page leased 200 items: reading has an effect there."""
    lines = (f"Sec-Fetch-Site: {site}", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image")
    assert status_of(ask(server, "/api/queue?count=200", *lines)) == 403
    assert status_of(ask(server, "/", *lines)) == 403
    followed = (f"Sec-Fetch-Site: {site}", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
    assert status_of(ask(server, "/api/queue?count=200", *followed)) == 403
    assert status_of(ask(server, "/", *followed)) == 200
    framed = (*followed[:2], "Sec-Fetch-Dest: iframe")
    assert status_of(ask(server, "/", *framed)) == 403


def test_redirect__leads_nowhere_else(server: RunningServer) -> None:
    """Panel before 1.9.0 followed such paths to other hosts."""
    for path in (
        f"//{EVIL}",
        f"//{EVIL}/",
        f"/\\{EVIL}",
        f"/%2f%2f{EVIL}",
        f"/?next=//{EVIL}",
        f"/login?next=//{EVIL}",
    ):
        answer = ask(server, path)
        assert f"Location: http://{EVIL}".encode() not in answer
        assert not re.search(rb"Location: (//|/\\\\|https?:)", answer), path


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "PUT", "FOO"])
def test_method__that_is_not_offered(server: RunningServer, method: str) -> None:
    assert status_of(ask(server, "/api/queue", method=method)) in (400, 403, 405)
    assert b"Access-Control-Allow-Origin" not in ask(server, "/autoload.js", method=method)


# --- headers


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/health",
        "/static/js/bokeh.min.js",
        "/favicon.ico",
        "/nothing",
        "/media/999999",
        "/?bokeh-token=x",
    ],
)
def test_headers__are_on_every_answer(server: RunningServer, path: str) -> None:
    """Only the API's answers had any."""
    answer = ask(server, path).split(b"\r\n\r\n")[0].decode()
    for name, value in (ON_EVERY_ANSWER | HEADERS).items():
        assert f"{name}: {value}" in answer
    assert "frame-ancestors 'none'" in answer
    assert "Server:" not in answer


def test_headers__are_on_the_websockets_handshake(server: RunningServer) -> None:
    lines = (
        "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Origin: {server.url.rstrip('/')}", f"Sec-WebSocket-Protocol: bokeh, {page_token(server)}",
    )  # fmt: skip
    host = f"Host: 127.0.0.1:{server.port}"
    answer = raw(
        server, "\r\n".join(["GET /ws HTTP/1.1", host, "Connection: Upgrade", *lines, "", ""]).encode()
    )
    assert status_of(answer) == 101
    assert b"X-Content-Type-Options: nosniff" in answer
    assert b"Content-Security-Policy" in answer


def test_policy__names_no_other_host_and_no_inline_script(server: RunningServer) -> None:
    answers = [ask(server, "/").decode("utf-8", "replace") for _ in range(2)]
    policies = [re.search(r"Content-Security-Policy: (.*)\r", answer) for answer in answers]
    assert policies[0] and policies[1] and policies[0][1] != policies[1][1]  # a nonce is used once
    scripts = next(part for part in policies[0][1].split("; ") if part.startswith("script-src"))
    assert "'unsafe-inline'" not in scripts
    assert "http" not in policies[0][1].replace(f"ws://127.0.0.1:{server.port}", "")


# --- what Panel's and Bokeh's own routes offer


def test_component_route__imports_nothing(server: RunningServer) -> None:
    """`/components/torch/…` imported torch into the web server, 350 MB; `/components/this/…` ran the module `this`."""
    for module in ("torch", "this", "antigravity", "os.path", "..app", "app.rounds"):
        assert status_of(ask(server, f"/components/{module}/x/_css/y")) in (403, 404)
    assert "Beautiful is better" not in server.output
    assert "torch" not in {
        Path(line.split()[-1]).name.split("-")[0] for line in _maps(server) if "torch" in line
    }


def test_unused_routes__are_closed(server: RunningServer) -> None:
    """autoload.js made a session for any site's script element."""
    for path in ("/autoload.js?bokeh-autoload-element=x", "/metadata"):
        assert status_of(ask(server, path)) == 404


@pytest.mark.parametrize("path", [
    "/static/../app/cli.py", "/static/%2e%2e/%2e%2e/secret.txt", "/static/..%2f..%2fsecret.txt",
    "/static/%252e%252e/secret.txt", "/static/extensions/panel/../../../secret.txt", "/static//etc/passwd",
    "/static/extensions/panel//etc/passwd", "/static/..\\..\\secret.txt", "/static/js/%00bokeh.min.js",
    "/media/../../secret.txt", "/media/..%2f..%2fsecret.txt", "/media/-1", "/media/0%00", "/media/%2e%2e",
    "/components/app.dashboard/Dashboard/_css/../../secret.txt", "/components/panel.io/state/_css//etc/passwd",
    "/api/text/../../secret.txt", "/api/series/%2e%2e", "/api/selections/../x.csv", "/%2e%2e/secret.txt",
])  # fmt: skip
def test_path__that_leads_out_finds_nothing(server: RunningServer, path: str) -> None:
    answer = ask(server, path)
    assert status_of(answer) in (400, 403, 404, 500)
    assert b"the secret" not in answer and b"root:" not in answer and b"import" not in answer


# --- sessions and their tokens


def test_session__cannot_be_chosen_by_an_address(server: RunningServer) -> None:
    """A link with an id of the sender's choice led a person into a session that the sender could join."""
    for path in ("/?bokeh-session-id=chosen", "/?bokeh-token=chosen"):
        assert status_of(ask(server, path)) == 403
    assert status_of(ask(server, "/", "Bokeh-Session-Id: chosen")) == 403


def test_token__that_is_made_up_is_refused(server: RunningServer) -> None:
    """Tokens were not signed: one of anybody's making, other people's headers and cookies in it, opened a session."""
    from bokeh.util.token import generate_jwt_token

    token = generate_jwt_token(
        "made-up", signed=False, extra_payload={"headers": {}, "cookies": {"user": "boss"}}
    )
    with pytest.raises((HTTPClientError, ConnectionError)):
        finish(connect(server, token))


def test_token__of_a_page_with_another_end(server: RunningServer) -> None:
    token = page_token(server)
    with pytest.raises((HTTPClientError, ConnectionError)):
        finish(connect(server, f"{token[:-4]}AAAA"))


@pytest.mark.parametrize("origin", [f"http://{EVIL}", None, "null"])
def test_websocket__of_another_site(server: RunningServer, origin: str | None) -> None:
    """Bokeh lets a websocket without an Origin in."""
    with pytest.raises(HTTPClientError, match="403"):
        finish(connect(server, page_token(server), origin=origin))


def test_messages__that_make_no_sense_break_no_other_page(server: RunningServer) -> None:
    """Values of wrong types and sizes for every parameter, ids of another session, and no messages at all."""
    finish(_abuse(server))
    assert server.get("/api/health")[0] == 200
    assert len(page_token(server)) > 100


async def _abuse(server: RunningServer) -> None:
    mine, other = [await connect(server, page_token(server)) for _ in range(2)]
    before = await other.document()
    models = models_of(await mine.document())
    theirs = {entry["id"] for entry in models_of(before)} - {entry["id"] for entry in models}
    assert theirs  # no two sessions share a model
    for model in sorted(theirs)[:20]:
        await mine.set(model, "visible", False)
    values: tuple[Any, ...] = (
        None,
        -1,
        1e308,
        "x" * 10_000,
        [[[]]],
        {"type": "map", "entries": []},
        "../../etc/passwd",
    )
    for number, model in enumerate(models):
        for attribute in sorted(model.get("attributes", {}))[:4]:
            await mine.set(model["id"], attribute, values[number % len(values)])
    await mine.send(
        "PATCH-DOC", {"events": [{"kind": "RootAdded", "model": {"type": "object", "name": "X", "id": "y"}}]}
    )
    await mine.send("PATCH-DOC", {"events": "no list"})
    await mine.send("PUSH-DOC", {"doc": {"roots": [], "title": "mine", "version": "0"}})
    await mine.send("NO-SUCH-KIND", {})
    await mine.connection.write_message("[" * 100_000)
    after = await other.document()
    assert {entry["id"] for entry in models_of(after)} >= {entry["id"] for entry in models_of(before)}
    assert after["title"] != "mine"
    for session in (mine, other):
        session.connection.close()


def test_message__of_megabytes_ends_its_connection(server: RunningServer) -> None:
    """It was 20 MB, and each is parsed on the one loop that serves all."""

    async def send() -> str:
        session = await connect(server, page_token(server))
        try:
            await session.connection.write_message("x" * (5 << 20))
        except (WebSocketClosedError, StreamClosedError):
            return "closed"
        return (await session.receive("none of these"))[0]

    assert finish(send()) == "closed"
    assert server.get("/api/health")[0] == 200


# --- what one connection may cost


def test_body__of_megabytes_is_not_taken(server: RunningServer) -> None:
    """100 MB were read into memory before any handler was asked."""
    began = time.monotonic()
    answer = ask(server, "/api/annotations", f"Content-Length: {50 << 20}", method="POST")
    assert status_of(answer) in (0, 400, 413)
    # Refused at once, not waited for.
    assert time.monotonic() - began < 5


def test_headers__of_many_kilobytes_are_not_taken(server: RunningServer) -> None:
    assert status_of(ask(server, f"/?{'x' * 200_000}")) in (0, 400, 414, 431)
    assert status_of(ask(server, "/", f"X-Long: {'x' * 200_000}")) in (0, 400, 431)


@pytest.mark.parametrize("lines", [
    ("Content-Length: 0", "Content-Length: 5"), ("Content-Length: 4", "Transfer-Encoding: chunked"),
    ("Content-Length: -1",), ("Content-Length: +3",), ("Transfer-Encoding: xchunked",), ("Host: evil.example",),
])  # fmt: skip
def test_request__of_two_meanings_is_refused(server: RunningServer, lines: tuple[str, ...]) -> None:
    """A proxy before the server could take it for another request than the server does."""
    answer = ask(server, "/api/annotations", "Content-Type: application/json", *lines, method="POST")
    assert status_of(answer) in (0, 400, 403, 501)


def test_request__with_a_line_break_in_a_header_adds_none(server: RunningServer) -> None:
    answer = ask(server, "/?page=%0d%0aSet-Cookie:%20x=1", "X-Goldpan-Project: a%0d%0aSet-Cookie: x=1")
    assert b"Set-Cookie" not in answer.split(b"\r\n\r\n")[0]


@pytest.mark.slow
def test_slow_request__is_dropped(server: RunningServer) -> None:
    """A body that never comes held its connection for ever; the others are served meanwhile."""
    began = time.monotonic()
    sent = f"POST /api/annotations HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 100\r\n\r\nx"
    raw(server, sent.encode(), seconds=60)
    assert 20 < time.monotonic() - began < 50
    assert server.get("/api/health")[0] == 200


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_sessions__that_are_left_give_their_memory_back(server: RunningServer) -> None:
    """Pages are loaded and left, half of them with a websocket that goes without a word: no memory stays with them."""

    async def leave(token: str) -> None:
        (await connect(server, token)).connection.close()

    held = []
    for _ in range(4):
        for number in range(PAGES):
            token = page_token(server)
            if number % 2:
                finish(leave(token))
        time.sleep(30)
        held.append(_resident_mb(server))
    # The first pages fill caches; a page that were kept would cost 2 MB or more.
    assert held[-1] < held[0] + PAGES, held


def _maps(server: RunningServer) -> list[str]:
    path = Path(f"/proc/{server.process.pid}/maps")
    return path.read_text().splitlines() if path.exists() else []


def _resident_mb(server: RunningServer) -> float:
    path = Path(f"/proc/{server.process.pid}/status")
    if not path.exists():
        pytest.skip("there is no /proc here to read the memory from")
    found = re.search(r"VmRSS:\s+(\d+)", path.read_text())
    assert found is not None
    return int(found[1]) / 1024


# --- the gate by itself


def _request(path: str, *, method: str = "GET", **headers: str) -> HTTPServerRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = HTTPServerRequest(
        start_line=RequestStartLine(method, path, "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "here:1", **named}),
    )
    return request


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (_request("/"), None),
        (_request("/", Host="there:1"), 403),
        (_request("/", Host="HERE:1"), None),
        (_request("/components/json/x"), None),
        (_request("/components/no.such.module/x"), 404),
        (_request("/ws", Upgrade="websocket"), 403),
        (_request("/ws", Upgrade="websocket", Origin="http://here:1"), None),
        (_request("/x", method="POST", Origin="http://here:1.evil.example"), 403),
        (_request("/x", method="POST", Origin="http://here:1@evil.example"), 403),
    ],
)
def test_refusal(request_: HTTPServerRequest, status: int | None) -> None:
    found = refusal(request_, frozenset({"here:1"}))
    assert (found[0] if found else None) == status


def test_safe_headers__leave_what_an_answer_says_itself() -> None:
    headers = HTTPHeaders(
        {"Content-Type": "text/html", "Referrer-Policy": "no-referrer", "Content-Length": "17"}
    )
    page = b"<script>1</script>"
    _, found, chunk = SafeHeaders(_request("/")).transform_first_chunk(200, headers, page, True)
    assert found["Referrer-Policy"] == "no-referrer"
    assert chunk.startswith(b'<script nonce="') and int(found["Content-Length"]) == len(chunk)
