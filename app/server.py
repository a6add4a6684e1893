"""The web server: Panel's own Tornado server with the dashboard, the API and the images, on loopback by default."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.context import ServerContext, make_context
from app.errors import ServerError
from app.login.entrance import Entrance, make_access, server_options, warnings_of
from app.plot_plugins import load_plots
from app.prepare import resume_preparation
from app.renewal import Renewal, last_problem

if TYPE_CHECKING:
    from app.gate import Framing

log = logging.getLogger("goldpan.server")

DEFAULT_ADDRESS = "127.0.0.1"
DEFAULT_PORT = 5006
UNUSED_SESSION_MS = 15_000
CHECK_UNUSED_MS = 5_000
ALONE = Entrance()
"""Nobody signs in: one person, on this machine."""
LEAVE_S = 2.0
"""Between telling the pages that the server starts again and ending it."""
SESSION_TOKEN_S = 300
"""How long a page that was loaded may take to open its websocket."""
MESSAGE_MAX_BYTES = 4 * 1024 * 1024
"""One message of a page; a lasso around a million points is some thousand numbers."""
HTTP_LIMITS = {
    "max_header_size": 32 * 1024,
    "max_body_size": 1024 * 1024,
    # Seconds that the next request's headers, and a request's body, may take; a websocket is bound by neither.
    "idle_connection_timeout": 120,
    "body_timeout": 30,
}
"""What one connection may cost; a request that is larger or slower is dropped."""


def serve(
    config_path: Path,
    *,
    address: str = DEFAULT_ADDRESS,
    port: int = DEFAULT_PORT,
    allow_hosts: tuple[str, ...] = (),
    plugins: tuple[Path, ...] = (),
    on_ready: Callable[[str], None] | None = None,
    entrance: Entrance = ALONE,
    framing: Framing | None = None,
    renewable: bool = False,
) -> int | None:
    """Serve a project until the process is told to stop.

    Args:
        config_path: the project's YAML file.
        address: the address to bind to.
        port: the port to bind to; 0 for any free one.
        allow_hosts: further values of the Host header to answer, as "name:port".
        plugins: Python files with plots of a field's own.
        on_ready: called with the page's address once the server answers.
        entrance: who may come in; the local person alone unless it says other.
        framing: who may show the page in a frame; None for nobody.
        renewable: whether who calls reads the pool anew and starts again where a port is returned.

    Returns:
        The port, if an admin asked on the page to read the pool anew and start again; else None.

    Raises:
        ServerError: the port is taken, the address is not this machine's, or the network would get in without a login.
        PasswordError: the password file cannot be used.
    """
    for warning in entrance.check(address):
        log.warning(warning)
    # Everything is served from here: a setting in the environment must not send browsers to a CDN.
    os.environ["BOKEH_RESOURCES"] = "server"
    sock_port = claim_port(address, port)
    project = resume_preparation(config_path)
    for warning in warnings_of(entrance, project):
        log.warning(warning)
    hosts = known_hosts(address, sock_port, allow_hosts)
    access, problems = make_access(entrance, project), load_plots(plugins)
    renewal = Renewal(problem=last_problem())
    context = make_context(project, hosts=hosts, access=access, plugin_problems=problems, renewal=renewal)
    options = server_options(entrance, context)
    context.supervisor.start()
    try:
        _run(
            context,
            address=address,
            port=sock_port,
            on_ready=on_ready,
            options=options,
            framing=framing,
            renewable=renewable,
        )
    finally:
        context.stop()
    return sock_port if renewal.asked else None


def claim_port(address: str, port: int) -> int:
    """Return a port that can be bound, before any work is done for a server that could not start.

    Raises:
        ServerError: it is taken, or not to be had.
    """
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OverflowError as problem:
            raise ServerError(f"port {port} does not exist; choose one from 1024 to 65535") from problem
        except OSError as problem:
            raise ServerError(_bind_words(address, port, problem)) from problem
        return int(probe.getsockname()[1])


def known_hosts(address: str, port: int, more: tuple[str, ...] = ()) -> frozenset[str]:
    """Return the values of the Host header that are answered."""
    names = (
        {"localhost", "127.0.0.1", "[::1]"}
        if address in {"127.0.0.1", "::1", "localhost", "0.0.0.0", "::"}
        else set()
    )
    names.add(f"[{address}]" if ":" in address else address)
    return frozenset(
        {f"{name}:{port}" for name in names} | {name for given in more for name in _spellings(given)}
    )


def _spellings(host: str) -> set[str]:
    """Return a host as browsers write it: they leave out the port that goes without saying."""
    name = host.lower()
    return {name, name.removesuffix(":443").removesuffix(":80")}


def routes(context: ServerContext) -> list[tuple[str, Any, dict[str, Any]]]:
    """Return all routes of our own, beside the page: address, handler, and what the handler is made with."""
    from app.api import api_routes
    from app.api_audit import audit_routes
    from app.api_classes import class_routes
    from app.api_confirm import confirm_routes
    from app.api_media import media_routes
    from app.api_review import review_routes
    from app.api_selections import selection_routes

    return [
        *api_routes(context),
        *audit_routes(context),
        *class_routes(context),
        *confirm_routes(context),
        *media_routes(context),
        *review_routes(context),
        *selection_routes(context),
    ]


def _run(
    context: ServerContext,
    *,
    address: str,
    port: int,
    on_ready: Callable[[str], None] | None,
    options: dict[str, Any],
    framing: Framing | None,
    renewable: bool,
) -> None:
    import panel as pn

    from app.cutouts import picture_sources
    from app.dashboard import make_dashboard
    from app.gate import SafeHeaders, refuse_strangers
    from app.notices import CONNECTION_LOST

    pn.extension(notifications=True, disconnect_notification=CONNECTION_LOST)
    project = context.project.config.project
    server = pn.serve(
        {"/": lambda: make_dashboard(context)},
        address=address,
        port=port,
        show=False,
        start=False,
        verbose=False,
        title={"/": project.title or project.name},
        extra_patterns=routes(context),
        # Bokeh cannot read IPv6 addresses here; a page under one would get no websocket, so none is offered.
        websocket_origin=sorted(host for host in context.hosts if not host.startswith("[")),
        unused_session_lifetime_milliseconds=UNUSED_SESSION_MS,
        check_unused_sessions_milliseconds=CHECK_UNUSED_MS,
        session_token_expiration=SESSION_TOKEN_S,
        websocket_max_message_size=MESSAGE_MAX_BYTES,
        http_server_kwargs=dict(HTTP_LIMITS),
        transforms=[
            partial(SafeHeaders, framing=framing, pictures=picture_sources(context.project.config.views))
        ],
        # A session belongs to whom its page was sent: its token cannot be made up, nor chosen by an address.
        **{"sign_sessions": True, "secret_key": _session_key(), **options},
    )
    refuse_strangers(server._tornado, context.hosts, framing)
    loop = server.io_loop
    _stop_on_signals(loop, server, context.renewal)
    if renewable:
        context.renewal.allow(partial(loop.add_callback, loop.call_later, LEAVE_S, _stop, loop, server))
    host = f"[{address}]" if ":" in address else address
    if on_ready is not None:
        loop.call_later(0, on_ready, f"http://{host}:{port}/")
    # Compiled code is read from its cache beside the first page, not before it.
    threading.Thread(target=_warm_up, name="goldpan-warm-up", daemon=True).start()
    server.start()
    loop.start()


def _warm_up() -> None:
    from app.components import map_picture
    from models import nearest

    map_picture.warm_up()
    nearest.warm_up()


def _session_key() -> bytes:
    """Return what sessions' tokens are signed with: BOKEH_SECRET_KEY, else new with every start, as sessions are."""
    return (os.environ.get("BOKEH_SECRET_KEY") or secrets.token_urlsafe(32)).encode()


def _stop_on_signals(loop: Any, server: Any, renewal: Renewal) -> None:  # noqa: ANN401 - tornado and bokeh
    stopping = threading.Event()

    def stop(*_: Any) -> None:  # noqa: ANN401 - signal's arguments
        # Ctrl-C under make reaches us twice: from the terminal, and from make itself.
        if not stopping.is_set():
            stopping.set()
            # Whoever ends the server means it, though an admin has just asked that it starts again.
            renewal.asked = False
            loop.add_callback_from_signal(_stop, loop, server)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)


def _stop(loop: Any, server: Any) -> None:  # noqa: ANN401 - tornado and bokeh objects
    server.stop()
    loop.stop()


def _bind_words(address: str, port: int, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return (
            f"port {port} is taken by another program; stop that one or choose another with --port {port + 1}"
        )
    if problem.errno == errno.EACCES:
        return f"port {port} needs administrator rights; choose one above 1023 with --port 5006"
    return f"cannot listen on {address}:{port}: {problem.strerror or problem}; use --address 127.0.0.1"
