"""The templates of docs/plugins.md pass the tests that they come with."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import plugins
from app.plugins import VARIABLE
from tests.plugin_docs import blocks, write_blocks

TESTS = sorted(name for name in blocks() if name.startswith("test_"))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, "")
    plugins.forget_plugins()
    before = set(sys.modules)
    yield
    plugins.forget_plugins()
    for name in {Path(name).stem for name in blocks()} & (set(sys.modules) - before):
        del sys.modules[name]


def test_docs__a_template_and_its_test_for_each_kind() -> None:
    assert len(TESTS) == len(plugins.KINDS)
    assert {f"test_{name}" for name in blocks() if not name.startswith("test_")} == set(TESTS)


@pytest.mark.parametrize("name", TESTS)
def test_template__passes_its_test(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_blocks(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module(Path(name).stem)
    tests = [value for key, value in vars(module).items() if key.startswith("test_")]
    assert len(tests) == 1
    tests[0]()
