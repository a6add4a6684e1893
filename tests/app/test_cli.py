"""The command line as a person meets it: its output, its exit code; the first test by processes of their own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.commands import run_command
from tests.projects import write_clouds
from tests.servers import ROOT, serving


def goldpan(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_init__to_export_and_import(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    made = goldpan(
        "init",
        "p.yaml",
        "--pool",
        "clouds.csv",
        "--truth",
        "kind",
        "--classes",
        "common, other,rare",
        folder=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    assert "108 items are ready" in made.stdout and "goldpan serve p.yaml" in made.stdout
    told = goldpan("status", "p.yaml", "--json", folder=tmp_path)
    expected = {"items": 108, "revision": 0, "round": 1, "labels": {"common": 0, "other": 0, "rare": 0}}
    assert json.loads(told.stdout) == expected
    assert goldpan("export", "p.yaml", "--to", "out", folder=tmp_path).returncode == 0
    copied = goldpan("import", "out/shared.yaml", "copy.yaml", "--pool", "clouds.csv", folder=tmp_path)
    assert copied.returncode == 0, copied.stderr
    again = json.loads(goldpan("status", "copy.yaml", "--json", folder=tmp_path).stdout)
    assert again["items"] == 108


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("init", "p.yaml", "--pool", "missing.csv"), "missing.csv"),
        (("init", "p.yaml", "--pool", "empty.csv"), "empty.csv"),
        (("init", "p.yaml", "--pool", "clouds.csv", "--truth", "kin"), "kind"),
        (("init", "p.yaml", "--pool", "clouds.csv", "--key", "name"), "name"),
        (("init", "p.yaml", "--pool", "clouds.csv", "--encoder", "tabula"), "tabular"),
        (("init", "p.yaml", "--pool", "clouds.csv", "--classes", "a,A"), "A"),
        (("serve", "nothing.yaml"), "nothing.yaml"),
        (("export", "nothing.yaml"), "nothing.yaml"),
        (("import", "nothing.yaml", "p.yaml"), "nothing.yaml"),
        (("serve", "bad.yaml"), "projet"),
    ],
)
def test_main__wrong_input_is_a_line_on_stderr_and_exit_2(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    write_clouds(tmp_path / "clouds.csv")
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("version: 1\nprojet: {name: x}\npool: {path: y}\n", encoding="utf-8")
    done = run_command(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "p.goldpan").exists()


def test_serve__port_taken(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    assert run_command("init", "p.yaml", "--pool", "clouds.csv", folder=tmp_path).returncode == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_command("serve", "p.yaml", "--port", str(port), "--no-open", folder=tmp_path)
    assert done.returncode == 2
    assert f"port {port} is taken" in done.stderr


def test_serve__without_a_pool(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    (tmp_path / "p.yaml").write_text(
        "version: 1\nproject: {name: x}\npool: {path: clouds.csv}\n", encoding="utf-8"
    )
    done = run_command("serve", "p.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert "goldpan init" in done.stderr


def test_config_schema__is_a_json_schema(tmp_path: Path) -> None:
    schema = json.loads(run_command("config-schema", folder=tmp_path).stdout)
    assert {"project", "pool", "rounds"} <= set(schema["properties"])


def test_strategies__lists_every_registry(tmp_path: Path) -> None:
    told = run_command("strategies", folder=tmp_path).stdout
    assert "prospect" in told and "logistic" in told and "image_folder" in told and "parquet" in told


def test_refresh__after_the_pool_changed(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    assert run_command("init", "p.yaml", "--pool", "clouds.csv", folder=tmp_path).returncode == 0
    assert "nothing to do" in run_command("refresh", "p.yaml", folder=tmp_path).stdout
    with (tmp_path / "clouds.csv").open("a", encoding="utf-8") as pool:
        pool.write("item-new,1,2,3,4,rare\n")
    done = run_command("refresh", "p.yaml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 added (item-new)" in done.stdout
    assert "109 items are ready" in done.stdout


def test_serve__goes_on_where_the_source_is_gone(tmp_path: Path) -> None:
    write_clouds(tmp_path / "clouds.csv")
    assert run_command("init", "p.yaml", "--pool", "clouds.csv", folder=tmp_path).returncode == 0
    (tmp_path / "clouds.csv").unlink()
    with serving(tmp_path / "p.yaml") as server:
        assert server.get("/api/queue?count=3")[1]["items"][0]["view"]["type"] == "table"
        assert "the snapshot taken at" in server.output
