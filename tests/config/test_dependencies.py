from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [entry for group in project["optional-dependencies"].values() for entry in group]
    return {re.split(r"[\[<>=!~; ]", entry, maxsplit=1)[0] for entry in [*project["dependencies"], *extras]}


def _explained() -> set[str]:
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8").split("## Why ")[0]
    rows = [line.strip("|").split("|") for line in page.split("\n") if line.startswith("| ")]
    return {cells[-2].strip() for cells in rows if cells[-1].strip()} - {"dependency"}


def test_dependencies__the_page_gives_a_reason_for_each_and_no_other() -> None:
    assert _explained() == _declared()
