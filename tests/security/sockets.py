"""Speaks to the server as an attacker would: raw HTTP bytes, and Bokeh's messages over a websocket."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import uuid
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.servers import RunningServer

TOKEN = re.compile(rb'"token":"([^"]+)"')


def raw(server: RunningServer, sent: bytes, *, seconds: float = 10) -> bytes:
    """Send bytes as they are and return what comes until the server closes, or falls silent for a while."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        answer = b""
        try:
            connection.sendall(sent)
            while piece := connection.recv(65536):
                answer += piece
                if b"\r\n\r\n" in answer and b"keep-alive" not in sent:
                    connection.settimeout(0.5)
        except OSError:  # silence, or closed while we were still sending
            pass
        return answer


def ask(server: RunningServer, path: str, *lines: str, method: str = "GET", host: str = "") -> bytes:
    """Send one request whose path and headers no library mends; return the answer with its headers."""
    head = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{server.port}'}", "Connection: close"]
    return raw(server, ("\r\n".join([*head, *lines]) + "\r\n\r\n").encode("latin-1"))


def status_of(answer: bytes) -> int:
    """Return the status of a raw answer; 0 where the connection was closed without one."""
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return int(found[1]) if found else 0


def page_token(server: RunningServer) -> str:
    """Load the page and return the token of its session."""
    status, page = server.get("/")
    assert status == 200
    found = TOKEN.search(page)
    assert found is not None
    return found[1].decode()


class Session:
    """A page's websocket without a browser."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection

    async def send(self, kind: str, content: Any) -> None:
        header = {"msgid": uuid.uuid4().hex, "msgtype": kind}
        for part in (header, {}, content):
            await self.connection.write_message(part if isinstance(part, str) else json.dumps(part))

    async def receive(self, *kinds: str, seconds: float = 20) -> tuple[str, Any]:
        """Return kind and content of the next message of one of the kinds; ("closed", None) at the end."""
        while True:
            message = await asyncio.wait_for(self.connection.read_message(), seconds)
            if message is None:
                return "closed", None
            header = json.loads(message)
            parts = [await self.connection.read_message() for _ in range(2)]
            for _ in range(header.get("num_buffers", 0) * 2):
                await self.connection.read_message()
            if not kinds or header["msgtype"] in kinds:
                return header["msgtype"], json.loads(parts[1])

    async def document(self) -> dict[str, Any]:
        """Return the session's document as JSON."""
        await self.send("PULL-DOC-REQ", {})
        kind, content = await self.receive("PULL-DOC-REPLY", "ERROR")
        assert kind == "PULL-DOC-REPLY", content
        return dict(content["doc"])

    async def set(self, model: str, attribute: str, value: Any) -> None:
        """Set a parameter of a model, whether it may be set or not."""
        event = {"kind": "ModelChanged", "model": {"id": model}, "attr": attribute, "new": value}
        await self.send("PATCH-DOC", {"events": [event]})


async def connect(
    server: RunningServer, token: str, *, origin: str | None = "own", host: str | None = None
) -> Session:
    """Open a page's websocket.

    Args:
        server: the server.
        token: the session's.
        origin: the Origin header; None for none.
        host: the Host header, where it is another than the server's.
    """
    own = server.url.rstrip("/")
    headers = {"Sec-WebSocket-Protocol": f"bokeh, {token}"}
    if origin is not None:
        headers["Origin"] = own if origin == "own" else origin
    if host is not None:
        headers["Host"] = host
    request = HTTPRequest(own.replace("http", "ws", 1) + "/ws", headers=headers)
    session = Session(await websocket_connect(request))
    kind, _ = await session.receive("ACK")
    assert kind in ("ACK", "closed")
    if kind == "closed":
        raise ConnectionError("the server closed the websocket")
    return session


def models_of(value: Any) -> list[dict[str, Any]]:
    """Return all models in a document's JSON that have an id and attributes."""
    found = []
    if isinstance(value, dict):
        if value.get("type") == "object" and "id" in value:
            found.append(value)
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            found += models_of(entry)
    return found
