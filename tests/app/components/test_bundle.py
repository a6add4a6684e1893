"""Every component's script has all that it calls."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import app.components
from app.components.bundle import SHARED_PART

FOLDER = Path(app.components.__file__).parent
DEFINED = re.compile(r"^(?:export )?(?:async )?(?:function|class|const) (\w+)", re.MULTILINE)
QUOTED = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def defined_in(file: Path) -> set[str]:
    """Return the names that a script defines for the scripts after it."""
    return set(DEFINED.findall(file.read_text(encoding="utf-8")))


def bundled() -> list[str]:
    """Return the modules of components that are joined from parts."""
    return sorted(
        path.stem for path in FOLDER.glob("*.py") if re.search(r"^PARTS = ", path.read_text(), re.M)
    )


@pytest.mark.parametrize("name", bundled())
def test_bundle__holds_every_part_that_its_parts_use(name: str) -> None:
    parts = (SHARED_PART, *importlib.import_module(f"app.components.{name}").PARTS)
    assert len(parts) == len(set(parts))
    here = set().union(*(defined_in(FOLDER / part) for part in parts))
    elsewhere = set().union(*(defined_in(path) for path in FOLDER.glob("*.js"))) - here
    text = "\n".join(QUOTED.sub("", (FOLDER / part).read_text(encoding="utf-8")) for part in parts)
    used = {
        word for word in elsewhere if re.search(rf"(?<![.\w]){word}\(|new {word}\b|extends {word}\b", text)
    }
    assert used == set()
