"""Imports point down: app → labeling, models, strategies → config; each library has its owner."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "config": {"config"},
    "labeling": {"labeling", "config"},
    "models": {"models", "config"},
    "strategies": {"strategies", "config"},
    "app": {"app", "labeling", "models", "strategies", "config"},
    "goldpan_contracts": {"goldpan_contracts", "app", "labeling", "models", "strategies", "config"},
}
OWNERS = {
    "panel": {"app"},
    "bokeh": {"app"},
    "holoviews": {"app"},
    "panel_material_ui": {"app"},
    "sqlalchemy": {"labeling"},
    "alembic": {"labeling"},
    "torch": {"models", "strategies", "goldpan_contracts"},
}


def imports_of(package: str) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((str(path.relative_to(ROOT)), alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                yield str(path.relative_to(ROOT)), node.module.split(".")[0]


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_imports__point_down(package: str) -> None:
    ours = set(ALLOWED) | {"benchmarks", "tests", "goldpan"}
    wrong = [(file, name) for file, name in imports_of(package) if name in ours - ALLOWED[package]]
    assert wrong == []


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_imports__libraries_stay_with_their_owner(package: str) -> None:
    wrong = [(file, name) for file, name in imports_of(package) if package not in OWNERS.get(name, {package})]
    assert wrong == []


def test_imports__were_seen() -> None:
    """The walk finds imports at all: without this the tests above could not fail."""
    assert ("app/dashboard.py", "panel") in set(imports_of("app"))


def test_web_process__does_not_import_torch() -> None:
    code = (
        "import sys, app.api, app.dashboard, app.server, app.supervisor, app.share, app.exporting\n"
        "print(sorted({'torch', 'sentence_transformers', 'openTSNE'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
