from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from app.errors import ServerError
from app.server import claim_port, known_hosts
from tests.projects import make_clouds
from tests.servers import serving, wait_for


def test_claim_port__zero_finds_a_free_one() -> None:
    assert claim_port("127.0.0.1", 0) > 0


def test_claim_port__taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port} is taken .* --port {port + 1}"):
            claim_port("127.0.0.1", port)


@pytest.mark.parametrize("address", ["203.0.113.9", "no.such.host.invalid"])
def test_claim_port__address_of_another_machine(address: str) -> None:
    with pytest.raises(ServerError, match="cannot listen on"):
        claim_port(address, 0)


def test_known_hosts__loopback_names_and_more() -> None:
    hosts = known_hosts("127.0.0.1", 5006, ("Lab.example:443",))
    local = {"localhost:5006", "127.0.0.1:5006", "[::1]:5006"}
    # Browsers leave out the port that goes without saying.
    assert hosts == local | {"lab.example:443", "lab.example"}
    assert known_hosts("127.0.0.1", 5006, ("lab.example:8443",)) == local | {"lab.example:8443"}


def test_known_hosts__one_address_only() -> None:
    assert known_hosts("192.0.2.7", 80) == {"192.0.2.7:80"}


def test_serve__web_process_stays_small_and_without_torch(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    with serving(project.paths.config) as server:
        wait_for(lambda: server.get("/api/queue")[1]["items"], what="the first proposals")
        assert server.get("/")[0] == 200
        maps = Path(f"/proc/{server.process.pid}/maps").read_text(encoding="utf-8")
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    assert "libtorch" not in maps
    resident_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident_kb < 400 * 1024


def test_serve__ctrl_c_twice_ends_quietly(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    with serving(project.paths.config) as server:
        server.process.send_signal(signal.SIGINT)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=20) == 0
    assert "Traceback" not in server.output
