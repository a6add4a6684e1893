"""A web server of files for tests: what it is asked is written down, and it can be busy, slow, cut short or lead on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config.fetching import FILE_VARIABLE, VARIABLE


@dataclass
class WebFiles:
    """A running server.

    Attributes:
        origin: its address, without a path.
        files: path → bytes.
        moved: path → where it leads on to.
        busy: path → how often it is still answered with 503.
        cut: path → bytes after which the connection breaks.
        stalled: paths that are never answered.
        ranges: whether parts are given.
        asked: method, path and range of every request.
    """

    origin: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    stalled: set[str] = field(default_factory=set)
    ranges: bool = True
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def gets(self, path: str) -> int:
        """Return how often a file was asked for."""
        return sum(1 for method, asked, _ in self.asked if (method, asked) == ("GET", path))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, served: WebFiles) -> None:
        super().__init__((host, 0), _Handler)
        self.served = served


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_HEAD(self) -> None:
        self._serve(body=False)

    def do_GET(self) -> None:
        self._serve(body=True)

    def log_message(self, format: str, *args: object) -> None:
        del format, args

    def _serve(self, *, body: bool) -> None:
        served = self.server.served
        served.asked.append((self.command, self.path, self.headers.get("Range")))
        if self.path in served.stalled:
            served.ended.wait(30)
        elif self.path in served.moved:
            self._say(302, {"Location": served.moved[self.path], "Content-Length": "0"})
        elif body and served.busy.get(self.path, 0) > 0:
            served.busy[self.path] -= 1
            self._say(503, {"Retry-After": "0", "Content-Length": "0"})
        elif self.path not in served.files:
            self._say(404, {"Content-Length": "0"})
        else:
            self._file(served.files[self.path], body)

    def _file(self, data: bytes, body: bool) -> None:
        headers = {"ETag": f'"{hash(data)}"'}
        status, wanted = 200, self.headers.get("Range")
        sent = data
        if wanted and self.server.served.ranges:
            low, high = wanted.removeprefix("bytes=").split("-")
            sent = data[int(low) : int(high) + 1 if high else None]
            headers["Content-Range"] = f"bytes {low}-{int(low) + len(sent) - 1}/{len(data)}"
            status = 206
        self._say(status, {**headers, "Content-Length": str(len(sent))})
        if body:
            self.wfile.write(sent[: self.server.served.cut.get(self.path, len(sent))])

    def _say(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def web_files(*, host: str = "127.0.0.1") -> Iterator[WebFiles]:
    """Run a server on a free port of the loopback."""
    served = WebFiles()
    server = _Server(host, served)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served.origin = f"http://{host}:{server.server_address[1]}"
    try:
        yield served
    finally:
        served.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def allow(monkeypatch: pytest.MonkeyPatch, folder: Path, *addresses: str, cache_gb: float = 1.0) -> Path:
    """Be a person who allows some addresses; return where fetched files are kept."""
    cache = folder / "fetched"
    listed = "".join(f"  - {address}\n" for address in addresses)
    settings = folder / "fetch.yaml"
    settings.write_text(
        f"cache_gb: {cache_gb}\ncache_folder: {cache}\n" + (f"allow:\n{listed}" if addresses else "")
    )
    monkeypatch.setenv(FILE_VARIABLE, str(settings))
    monkeypatch.delenv(VARIABLE, raising=False)
    return cache
