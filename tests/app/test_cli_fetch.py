"""`--allow-fetch` from the command line on: nothing without it, and with it a pool that lies elsewhere."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.project import open_project
from config.fetching import VARIABLE
from labeling.fetching import fetcher
from labeling.pools import image_shards
from labeling.pools import snapshot as importing
from labeling.pools.earlier import can_go_on
from labeling.pools.images import inspect_image
from tests.app.commands import run_command
from tests.labeling.pools.files import write_tar
from tests.web_files import WebFiles, allow, web_files

ITEMS = 24


def picture(number: int) -> bytes:
    values = np.random.default_rng(number).integers(0, 256, (16, 16), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(values + np.uint8(60 * (number % 3))).save(target, "PNG")
    return target.getvalue()


def serve_shards(server: WebFiles, folder: Path) -> list[str]:
    """Put two shards on a server; return the command that makes a project from them."""
    half = ITEMS // 2
    for shard in range(2):
        members = [
            (f"{number:02d}.png", picture(number)) for number in range(shard * half, (shard + 1) * half)
        ]
        server.files[f"/s-{shard}.tar"] = write_tar(folder / "shard.tar", members).read_bytes()
    return ["init", "p.yaml", "--pool", f"{server.origin}/s-{{0..1}}.tar"]


def test_init__fetches_what_is_allowed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    with web_files() as server:
        command = serve_shards(server, tmp_path)
        done = run_command(*command, folder=work)
        assert done.returncode == 2 and f"--allow-fetch {server.origin}" in done.stderr
        assert server.asked == [] and list(work.iterdir()) == []
        done = run_command(*command, "--allow-fetch", "10.0.0.1", folder=work)
        assert done.returncode == 2 and "cannot be fetched" in done.stderr
        done = run_command(*command, "--allow-fetch", server.origin, folder=work)
        assert done.returncode == 0, done.stderr
        assert f"{ITEMS} items are ready" in done.stdout
    assert VARIABLE not in os.environ
    project = open_project(work / "p.yaml")
    assert project.pool.n == ITEMS and project.config.pool.path.startswith("http://")
    assert (work / "p.yaml").read_text().count(server.origin) == 1  # what was allowed is not in the file
    project.close()


def test_init__stopped_while_importing_goes_on_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server breaks down after the first shard; what was imported of it is not imported again."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(importing, "NOTED_EVERY_S", 0.0)
    monkeypatch.setattr(fetcher, "PAUSES_S", ())
    with web_files() as server:
        allow(monkeypatch, tmp_path, server.origin)
        command = serve_shards(server, tmp_path)
        server.busy["/s-1.tar"] = 1
        done = run_command(*command, folder=work)
        assert done.returncode == 2 and "s-1.tar answers 503" in done.stderr
        assert can_go_on(work / "p.goldpan/pool") and not (work / "p.yaml").exists()
        looked: list[bytes] = []

        def look(data: bytes) -> str | None:
            looked.append(data)
            return inspect_image(data)

        monkeypatch.setattr(image_shards, "inspect_image", look)
        done = run_command(*command, folder=work)
        assert done.returncode == 0, done.stderr
    assert len([data for data in looked if data]) == ITEMS // 2
    assert sorted(path.name for path in (work / "p.goldpan").iterdir() if path.name.startswith(".")) == []
