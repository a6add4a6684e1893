"""docs/notebooks.md runs as it stands, cell by cell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.servers import ROOT

PAGE = ROOT / "docs" / "notebooks.md"


def test_notebooks__every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"docs/notebooks.md, cell {number}", "exec"), names)
    assert names["chances"].shape == (300, 2)
    assert names["names"].tolist() == ["ordinary"] * 5
    assert 0.05 < names["share"] < 0.2
    assert set(names["data"]["item_keys"]) == set(names["known"])
