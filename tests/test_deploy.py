"""The examples for operators fit each other and the program: nginx, compose, the pins of the image."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from app.cli import app
from app.server import known_hosts
from tests.proxies import EXAMPLE, NGINX, write_configuration
from tests.servers import ROOT


def compose() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(ROOT / "docs" / "compose.yaml")
    return found


def serve_options() -> set[str]:
    from typer.main import get_command

    command: Any = get_command(app)
    return {
        name
        for parameter in command.commands["serve"].params
        for name in parameter.opts + parameter.secondary_opts
    }


def test_compose__servers_share_database_and_folder() -> None:
    services = compose()["services"]
    servers = [service for name, service in services.items() if name.startswith("goldpan-")]
    assert len(servers) == 2
    for service in servers:
        assert "@db/" in service["environment"]["GOLDPAN_DATABASE"] and "db" in services
        assert service["volumes"] == ["./project:/project"]
        options = [word for word in service["command"] if word.startswith("--")]
        assert service["command"][0] == "serve" and set(options) <= serve_options()
        assert "hostname" not in service and "network_mode" not in service, "each needs a name of its own"
    # No password is written down.
    assert not re.search(
        r"PASSWORD: (?!\$\{POSTGRES_PASSWORD:\?)", (ROOT / "docs" / "compose.yaml").read_text("utf-8")
    )


def test_nginx__names_the_host_that_the_servers_answer() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    [name] = re.findall(r"server_name (\S+);", text)
    command = compose()["services"]["goldpan-1"]["command"]
    assert command[command.index("--allow-host") + 1] == name
    assert f"--allow-host {name}" in text
    # What a browser sends for https on its usual port.
    assert name in known_hosts("0.0.0.0", 5006, (name,))
    assert re.findall(r"server 127.0.0.1:(\d+)", text) == ["5006", "5007"]


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: apt-get install nginx-light)")
def test_nginx__takes_the_configuration(tmp_path: Path) -> None:
    main = write_configuration(tmp_path, port=18_080, servers=(5006, 5007))
    done = subprocess.run(
        [str(NGINX), "-t", "-c", str(main), "-p", str(tmp_path)], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr


def test_locks__postgres_pins_are_those_of_the_tests() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text("utf-8").splitlines()
        return {line for line in lines if "==" in line}

    assert pins("requirements-postgres.lock") <= pins("requirements-dev.lock")
    assert "requirements-postgres.lock" in (ROOT / "Dockerfile").read_text("utf-8")
    assert "!requirements-postgres.lock" in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
