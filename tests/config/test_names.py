from __future__ import annotations

from pathlib import Path

import pytest

from config.files import parse_config
from config.names import BUILT_IN, closest, known_names


def test_known_names__an_installed_plug_in_is_known_without_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "plug-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[goldpan.strategies]\nmine = no_such_module:strategy\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert known_names("strategy") == (*BUILT_IN["strategy"], "mine")
    config = parse_config("project: {name: p}\npool: {path: x}\nstrategy: {name: mine}\n")
    assert config.strategy.name == "mine"


def test_known_names__what_is_installed_meanwhile_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "late" not in known_names("head")
    info = tmp_path / "late-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: late\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[goldpan.heads]\nlate = no_such_module:head\n")
    assert "late" in known_names("head")


def test_closest__suggests_only_what_is_near() -> None:
    assert closest("margni", ["margin", "random"]) == "; did you mean 'margin'?"
    assert closest("zzz", ["margin", "random"]) == ""
