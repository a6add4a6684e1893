from __future__ import annotations

import ast
from pathlib import Path

import goldpan
from tests.projects import label_some, make_clouds

SOURCE = Path(goldpan.__file__)


def test_names__are_all_there() -> None:
    assert all(hasattr(goldpan, name) for name in goldpan.__all__)


def test_module__defines_nothing_of_its_own() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def test_notebook__from_pool_to_labels(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    again = goldpan.open_project(project.paths.config)
    labels = label_some(again)
    assert goldpan.run_round(again) > 0
    assert len(goldpan.labels_frame(again)) == len(labels)
    again.close()
    project.close()
