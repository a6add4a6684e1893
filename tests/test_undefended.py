"""The list of defences keeps step with the code; the program that takes them away tells what it sees."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.undefended import (
    NO_EVIDENCE,
    NOTICED,
    REMOVALS,
    ROOT,
    UNNOTICED,
    Case,
    judge,
    main,
    read_report,
    run_tests,
    try_removal,
)
from tests.undefended_attacks import ATTACK_ROWS
from tests.undefended_cuts import Removal, away, cut
from tests.undefended_faults import FAULT_ROWS
from tests.undefended_markup import MARKUP_ROWS
from tests.undefended_people import PEOPLE_ROWS

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a.test_x" name="test_one"/>
<testcase classname="tests.a.test_x" name="test_many[a]"/>
<testcase classname="tests.a.test_x" name="test_many[b]"><failure message="assert 1 == 2&#10;b">x</failure></testcase>
<testcase classname="tests.a.test_x" name="test_old"><failure message="ImportError: no y">x</failure></testcase>
<testcase classname="tests.a.test_x" name="test_set_up"><error message="failed on setup">x</error></testcase>
<testcase classname="tests.a.test_x" name="test_left_out"><skipped message="not here">x</skipped></testcase>
</testsuite></testsuites>"""


@cache
def functions_of(path: Path) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    )


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda removal: removal.name)
def test_removals__fit_the_code(removal: Removal) -> None:
    assert removal.cuts and removal.tests
    for each in removal.cuts:
        assert (ROOT / each.file).read_text("utf-8").count(each.old) == 1, each
        assert each.old != each.new
    for test in removal.tests:
        path, _, name = test.partition("::")
        assert name.partition("[")[0] in functions_of(ROOT / path), test


def test_removals__every_row_has_one_and_every_name_is_once() -> None:
    names = [each.name for each in REMOVALS]
    assert len(set(names)) == len(names)
    rows = (*FAULT_ROWS, *MARKUP_ROWS, *ATTACK_ROWS, *PEOPLE_ROWS)
    assert {each.row for each in REMOVALS} == set(rows)


def test_read_report__tells_failures_from_what_proves_nothing() -> None:
    found = {case.name: (case.outcome, case.words) for case in read_report(REPORT)}
    assert found == {
        "test_one": ("passed", ""),
        "test_many[a]": ("passed", ""),
        "test_many[b]": ("failed", "assert 1 == 2"),
        "test_old": ("broken", "ImportError: no y"),
        "test_set_up": ("broken", "failed on setup"),
        "test_left_out": ("skipped", "not here"),
    }


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (["test_many"], NOTICED),
        (["test_many[b]"], NOTICED),
        (["test_one"], UNNOTICED),
        (["test_many[a]"], UNNOTICED),
        (["test_many", "test_one"], UNNOTICED),
        (["test_old"], NO_EVIDENCE),
        (["test_set_up"], NO_EVIDENCE),
        (["test_left_out"], NO_EVIDENCE),
        (["test_gone"], NO_EVIDENCE),
    ],
)
def test_judge(names: list[str], outcome: str) -> None:
    removal = away("x", "row", "defence", tests=[f"a/test_x.py::{name}" for name in names])
    cases = [case for case in read_report(REPORT) if any(case.is_of(test) for test in removal.tests)]
    assert judge(removal, cases)[0] == outcome


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A small tree with one defence, and one test that looks at it."""
    folder = tmp_path / "whole"
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "__init__.py").write_text("")
    (folder / "thing.py").write_text("def is_safe():\n    return True\n\nCOLOUR = 'red'\n")
    (folder / "tests" / "test_thing.py").write_text(
        "from thing import is_safe\n\ndef test_safe():\n    assert is_safe()\n"
    )
    return folder


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ("return True", "return False", NOTICED),
        ("'red'", "'blue'", UNNOTICED),
        ("return True", "return True(", NO_EVIDENCE),
    ],
)
def test_try_removal(template: Path, old: str, new: str, outcome: str) -> None:
    removal = away("safe", "row", "it is safe", cut("thing.py", old, new), tests="test_thing.py::test_safe")
    whole = [Case("tests.test_thing", "test_safe", "passed")]
    assert try_removal(removal, template, whole=whole).outcome == outcome
    assert "return True\n" in (template / "thing.py").read_text()


def test_try_removal__test_that_fails_anyway_proves_nothing(template: Path) -> None:
    removal = away(
        "safe",
        "row",
        "it is safe",
        cut("thing.py", "return True", "return False"),
        tests="test_thing.py::test_safe",
    )
    (template / "tests" / "test_thing.py").write_text("def test_safe():\n    assert False\n")
    result = try_removal(removal, template, whole=run_tests(removal.tests, template))
    assert result.outcome == NO_EVIDENCE
    assert "does not pass with the defence in place" in result.words


def test_main__lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--only", "cookie-*"]) == 0
    said = capsys.readouterr().out
    assert "cookie-httponly | HttpOnly | app/login/provider.py" in said
    with pytest.raises(SystemExit):
        main(["--only", "no-such-defence"])
