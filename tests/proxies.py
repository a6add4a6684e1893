"""A real nginx with the configuration of docs/nginx.conf, before servers of the tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers import ROOT, wait_for

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
EXAMPLE = ROOT / "docs" / "nginx.conf"


def free_port() -> int:
    """Return a port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_configuration(folder: Path, *, port: int, servers: Sequence[int]) -> Path:
    """Write the example for plain HTTP on loopback, before servers on these ports; return the main file."""
    text = EXAMPLE.read_text(encoding="utf-8")
    changes = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port};",
        "server_name lab.example;": "server_name localhost;",
        "    ssl_certificate     /etc/nginx/tls/lab.example.pem;\n": "",
        "    ssl_certificate_key /etc/nginx/tls/lab.example.key;\n": "",
        "127.0.0.1:5006": f"127.0.0.1:{servers[0]}",
        "127.0.0.1:5007": f"127.0.0.1:{servers[1]}",
        # A cookie that is Secure would not come back over plain HTTP.
        "HttpOnly; Secure;": "HttpOnly;",
    }
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    (folder / "goldpan.conf").write_text(text, encoding="utf-8")
    main = folder / "nginx.conf"
    places = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{ access_log {folder}/access.log; {places}\ninclude {folder}/goldpan.conf; }}\n",
        encoding="utf-8",
    )
    return main


@contextmanager
def proxy(folder: Path, *, port: int, servers: Sequence[int]) -> Iterator[str]:
    """Run nginx for the length of a block; gives the address of its page."""
    assert NGINX is not None
    main = write_configuration(folder, port=port, servers=servers)
    running = subprocess.Popen([NGINX, "-c", str(main), "-p", str(folder)], stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: _answers(port), seconds=10, what="nginx")
        yield f"http://127.0.0.1:{port}/"
    finally:
        running.terminate()
        running.communicate(timeout=10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
