"""What stands before every route of the server, Panel's own too: whom it answers, and the headers of each answer.

The API's handlers check what they are asked; Panel's and Bokeh's routes do not know our rules, so they are held here,
by a rule of Tornado's router that comes before all others (`refuse_strangers`) and by a transform of every answer
(`SafeHeaders`): pages, files, errors and the websocket's handshake alike. docs/security.md says against what.
"""

from __future__ import annotations

import hmac
import secrets
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.routing import Matcher, Rule
from tornado.web import Application, OutputTransform, RequestHandler

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), serial=(), "
        "browsing-topics=()"
    ),
}
"""Set on every answer that does not set them itself."""

CLOSED_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For answers that are no page: nothing in them is ever to run, should a browser take them for one."""

NOTE_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""For pages that say what went wrong: they may look well, and run nothing."""

WRITING = ("POST", "PUT", "PATCH", "DELETE")
CHOSEN_SESSION = ("bokeh-session-id", "bokeh-token")
"""Arguments by which Bokeh lets a page's address choose its session: a link could lead a person into a stranger's."""
COMPONENTS = "/components/"
"""Panel's route for files of components; it imports whatever module the address names."""
UNUSED_ROUTES = ("/autoload.js", "/metadata")
"""Bokeh's routes for pages of other sites, which goldpan does not offer."""


FRAME_KEY = "frame"
"""Argument of a page's address that holds the secret of a notebook."""
NOTEBOOKS = "http://127.0.0.1:* http://localhost:* https://localhost:* vscode-webview:"
"""Where notebooks are shown: Jupyter on this machine, and VS Code."""


@dataclass(frozen=True)
class Framing:
    """Lets a notebook show the page in a frame: it knows a secret, which no other site does.

    Attributes:
        secret: made anew for each start of the server.
    """

    secret: str

    def admits(self, request: HTTPServerRequest) -> bool:
        """Return whether a request asks for the page, and knows the secret."""
        given = [value.decode("utf-8", "replace") for value in request.query_arguments.get(FRAME_KEY, [])]
        knows = any(hmac.compare_digest(value.encode(), self.secret.encode()) for value in given)
        return knows and request.method == "GET" and request.path == "/"


class SafeHeaders(OutputTransform):
    """Gives every answer the headers that keep a browser from being used against the person."""

    def __init__(
        self, request: HTTPServerRequest, *, framing: Framing | None = None, pictures: tuple[str, ...] = ()
    ) -> None:
        """Keep what the policy depends on.

        Args:
            request: what is answered; its host has been checked by `refuse_strangers`.
            framing: who may show the page in a frame; None for nobody.
            pictures: scheme and host of those whom pages may ask for pictures too, as the local person allowed.
        """
        super().__init__(request)
        self._pictures = pictures
        self._host = request.host
        self._framed = framing is not None and framing.admits(request)

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Add the headers; give a page's own scripts the nonce that its policy asks for."""
        for name, value in HEADERS.items():
            if not (self._framed and name == "X-Frame-Options"):
                headers.setdefault(name, value)
        # It would tell which version's weaknesses to try.
        headers.pop("Server", None)
        is_page = headers.get("Content-Type", "").startswith("text/html")
        if is_page and finishing and status_code == 200:
            nonce = secrets.token_urlsafe(16)
            policy = page_policy(nonce, self._host, self._pictures)
            if self._framed:
                policy = policy.replace("frame-ancestors 'none'", f"frame-ancestors {NOTEBOOKS}")
            headers.setdefault("Content-Security-Policy", policy)
            chunk = mark_scripts(chunk, nonce)
            if "Content-Length" in headers:
                headers["Content-Length"] = str(len(chunk))
        else:
            headers.setdefault("Content-Security-Policy", NOTE_POLICY if is_page else CLOSED_POLICY)
        return status_code, headers, chunk


def page_policy(nonce: str, host: str, pictures: tuple[str, ...] = ()) -> str:
    """Return the content security policy of a page.

    Scripts come from this server, or carry the nonce; what is put into the page later and has none does not run.

    Args:
        nonce: of this answer alone.
        host: name and port of this server, as the browser knows it.
        pictures: scheme and host of those whom the page may ask for pictures too.
    """
    return "; ".join(
        (
            "default-src 'none'",
            # Panel's components are modules that the browser makes of text, as blob: addresses.
            # 'unsafe-eval': Bokeh's callbacks and tick labels, its WebGL and Panel's notices compile text of theirs.
            f"script-src 'self' 'nonce-{nonce}' 'unsafe-eval' blob:",
            # Bokeh and Material UI write style elements and attributes.
            "style-src 'self' 'unsafe-inline'",
            " ".join(("img-src 'self' data: blob:", *pictures)),
            "font-src 'self' data:",
            # Not every browser takes 'self' for the websocket too.
            f"connect-src 'self' blob: ws://{host} wss://{host}",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def mark_scripts(page: bytes, nonce: str) -> bytes:
    """Return a page with the nonce on its scripts.

    All of them are Panel's and Bokeh's: what people or files say reaches a page as JSON over the websocket, but for the
    title, which is escaped (`app.dashboard`).
    """
    return page.replace(b"<script", b'<script nonce="' + nonce.encode() + b'"')


def refuse_strangers(application: Application, hosts: frozenset[str], framing: Framing | None = None) -> None:
    """Have a server refuse what does not come from its own pages, whatever the route.

    Args:
        application: the server's.
        hosts: values of the Host header that are answered.
        framing: who may show the page in a frame; None for nobody.
    """
    application.default_router.rules.insert(0, Rule(_Strangers(hosts, framing), _RefusalHandler))


def refusal(
    request: HTTPServerRequest, hosts: frozenset[str], framing: Framing | None = None
) -> tuple[int, str] | None:
    """Return the status and the reason why a request is refused, None where it may pass.

    Args:
        request: its headers and address.
        hosts: values of the Host header that are answered.
        framing: who may show the page in a frame; None for nobody.
    """
    if request.host.lower() not in hosts:
        return 403, "This host name is not allowed; see `goldpan serve --allow-host`"
    if _is_foreign(request, hosts, framing):
        return 403, "Requests from another site are not allowed"
    if "Bokeh-Session-Id" in request.headers or set(CHOSEN_SESSION) & set(request.query_arguments):
        return 403, "An address cannot choose a session"
    if request.path.startswith(UNUSED_ROUTES) or not _may_be_imported(request.path):
        return 404, "Not Found"
    return None


def _is_foreign(request: HTTPServerRequest, hosts: frozenset[str], framing: Framing | None) -> bool:
    """Return whether a browser says that another site's page sends this, other than by a link to a page."""
    origin = request.headers.get("Origin")
    connects = request.headers.get("Upgrade", "").lower() == "websocket"
    if connects and origin is None:
        return True
    watched = connects or request.method in WRITING
    if watched and origin is not None and urlsplit(origin).netloc.lower() not in hosts:
        return True
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site in ("same-origin", "none"):
        return False
    navigates = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    target = request.headers.get("Sec-Fetch-Dest")
    if navigates and target == "iframe" and framing is not None and framing.admits(request):
        return False
    followed = navigates and target == "document"
    return not followed or request.path.startswith("/api/")


def _may_be_imported(path: str) -> bool:
    """Return whether a path makes Panel import nothing that is not imported already."""
    return not path.startswith(COMPONENTS) or path[len(COMPONENTS) :].split("/")[0] in sys.modules


class _Strangers(Matcher):
    """Matches what is refused."""

    def __init__(self, hosts: frozenset[str], framing: Framing | None) -> None:
        self._hosts, self._framing = hosts, framing

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        found = refusal(request, self._hosts, self._framing)
        return None if found is None else {"target_kwargs": {"status": found[0], "reason": found[1]}}


class _RefusalHandler(RequestHandler):
    """Says why a request is refused, whatever its method."""

    def initialize(self, status: int, reason: str) -> None:
        self._status, self._why = status, reason

    def prepare(self) -> None:
        self.set_status(self._status)
        self.finish({"error": self._why})
