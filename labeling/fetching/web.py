"""HTTP: one request after the other, each place that it leads to looked at before it is asked."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from config.fetching import FetchRules, Origin
from labeling.fetching.addresses import check_allowed, numbers_of
from labeling.fetching.errors import FetchError, FetchRefusedError, FetchStalledError

CONNECT_S = 10.0
SILENT_S = 30.0
"""A server that says nothing for so long has stalled."""
LEAST_BYTES_S = 1_000
"""One that sends less than this on the average has too."""
REDIRECTS = 5
CHUNK_BYTES = 256 << 10
MOST_PAUSE_S = 60.0

_MOVED = (301, 302, 303, 307, 308)
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_SAFE = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True)
class Answer:
    """What a server said, and what comes.

    Attributes:
        size: bytes of the whole file; None where it does not say.
        mark: changes when the file does; "" where the server has none.
        whole: whether the whole file comes, though a part was asked for.
        chunks: the bytes.
    """

    size: int | None
    mark: str
    whole: bool
    chunks: Iterator[bytes]


@contextmanager
def opened(
    address: str, rules: FetchRules, *, start: int = 0, length: int | None = None, head: bool = False,
    silent_s: float = SILENT_S,
) -> Iterator[Answer]:  # fmt: skip
    """Ask for a file, or a part of one.

    Args:
        address: of http or https.
        rules: what the person allowed; each redirect is held to them too.
        start: first byte wanted.
        length: how many; None for all.
        head: ask what there is to say of the file alone.
        silent_s: how long the server may say nothing.

    Yields:
        The answer; its chunks are read within the block.

    Raises:
        FetchRefusedError: the address is not allowed, or leads into a private network.
        FetchStalledError: no answer, a busy server, a connection that broke.
        FetchError: the server says that there is nothing, or leads on to where nothing may be asked.
    """
    here = address
    for step in range(REDIRECTS + 1):
        try:
            origin = check_allowed(here, rules)
            numbers = numbers_of(origin)
        except FetchRefusedError as error:
            if step == 0:
                raise
            raise FetchError(f"{address} leads on to {here[:200]}, which is refused: {error}") from error
        with closing(_connection(origin, numbers, silent_s)) as connection:
            response = _answer(connection, here, start, length, head)
            if response.status in _MOVED:
                here = _next(here, response.headers.get("Location"), origin)
                continue
            yield _read(response, here, start, length, silent_s)
            return
    raise FetchError(f"{address} leads on more than {REDIRECTS} times; name the last place itself")


class _Plain(http.client.HTTPConnection):
    """A connection to numbers that were looked at, not to whatever a name stands for a moment later."""

    def __init__(self, origin: Origin, numbers: list[str], timeout_s: float) -> None:
        super().__init__(origin.host, origin.port, timeout=timeout_s)
        self._numbers, self._silent_s = numbers, timeout_s

    def connect(self) -> None:
        """Connect to the first of the numbers that answers."""
        last: OSError | None = None
        for number in self._numbers:
            try:
                self.sock = socket.create_connection(
                    (number, self.port), timeout=min(CONNECT_S, self._silent_s)
                )
                self.sock.settimeout(self._silent_s)
                return
            except OSError as error:
                last = error
        raise last or OSError("no address")


class _Secure(_Plain):
    """The same by TLS; the certificate is held against the name."""

    def connect(self) -> None:
        """Connect, and agree on TLS."""
        super().connect()
        context = ssl.create_default_context()
        self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


def _connection(origin: Origin, numbers: list[str], silent_s: float) -> _Plain:
    return (_Secure if origin.scheme == "https" else _Plain)(origin, numbers, silent_s)


def _answer(
    connection: _Plain, address: str, start: int, length: int | None, head: bool
) -> http.client.HTTPResponse:
    parts = urlsplit(address)
    target = quote(parts.path or "/", safe=_SAFE) + (
        f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    )
    headers = {"Accept-Encoding": "identity", "User-Agent": "goldpan", "Accept": "*/*", "Connection": "close"}
    if start or length is not None:
        headers["Range"] = f"bytes={start}-" + ("" if length is None else str(start + length - 1))
    try:
        connection.request("HEAD" if head else "GET", target, headers=headers)
        response = connection.getresponse()
    except ssl.SSLCertVerificationError as error:
        raise FetchError(f"{address}: its certificate is not accepted ({error.verify_message})") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchStalledError(
            f"{address} does not answer ({_said(error)}); see to the network and try again"
        ) from error
    if response.status in (200, 206, *_MOVED):
        return response
    words = f"{address} answers {response.status} {response.reason[:80]}"
    if response.status in _BUSY:
        raise FetchStalledError(f"{words}; try again later", _pause(response.headers.get("Retry-After")))
    raise FetchError(f"{words}; mend the address, or see that it can be read without signing in")


def _read(
    response: http.client.HTTPResponse, address: str, start: int, length: int | None, silent_s: float
) -> Answer:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError(f"{address} comes packed as {response.headers['Content-Encoding'][:40]}, unasked")
    declared = _number(response.headers.get("Content-Length"))
    size = declared
    if response.status == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != start:
            raise FetchError(f"{address} gives another part than the one that was asked for")
        size = int(found[2])
    wanted_part = bool(start) or length is not None
    mark = " ".join(response.headers.get(name, "") for name in ("ETag", "Last-Modified")).strip()
    chunks = _chunks(response, address, declared, silent_s)
    return Answer(size, mark, wanted_part and response.status == 200, chunks)


def _chunks(
    response: http.client.HTTPResponse, address: str, declared: int | None, silent_s: float
) -> Iterator[bytes]:
    began, got = time.monotonic(), 0
    while True:
        try:
            # One read of the socket each: a server that drips is noticed.
            chunk = response.read1(CHUNK_BYTES)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchStalledError(
                f"{address} breaks off after {got:,} bytes ({_said(error)}); try again"
            ) from error
        if not chunk:
            break
        got += len(chunk)
        yield chunk
        taken_s = time.monotonic() - began
        if taken_s > silent_s + got / LEAST_BYTES_S:
            raise FetchStalledError(
                f"{address} sends too slowly: {got:,} bytes in {taken_s:.0f} s; try again"
            )
    if declared is not None and got < declared:
        raise FetchStalledError(f"{address} is cut short: {got:,} of {declared:,} bytes came; try again")


def _next(here: str, location: str | None, origin: Origin) -> str:
    if not location:
        raise FetchError(f"{here} leads on to nowhere")
    there = urljoin(here, location)
    if origin.scheme == "https" and urlsplit(there).scheme.lower() != "https":
        raise FetchError(f"{here} leads on to {there[:200]}, which is not encrypted; name the place itself")
    return there


def _pause(text: str | None) -> float | None:
    seconds = _number(text)
    return None if seconds is None else min(float(seconds), MOST_PAUSE_S)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None


def _said(error: Exception) -> str:
    return "it says nothing" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
