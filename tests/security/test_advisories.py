from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tests.security import advisories
from tests.security.advisories import ADVISORIES, ROOT, allowed_too_old, pinned_too_old, problems
from tests.security.ask_pip_audit import ask


def _project(*dependencies: str, **extras: list[str]) -> dict[str, Any]:
    return {"project": {"dependencies": list(dependencies), "optional-dependencies": extras}}


def test_problems__none_here() -> None:
    assert problems() == []


def test_advisories__of_panel_and_bokeh_rule_the_minimum() -> None:
    fixed = {entry.package: Version(entry.fixed) for entry in ADVISORIES}
    assert fixed["panel"] >= Version("1.9.0")
    assert fixed["bokeh"] >= Version("3.8.2")


@pytest.mark.parametrize(
    "requirement", ["panel>=1.8", "panel", "panel<2", "panel!=1.8.0", "panel>1.0", "bokeh>=3.8.1,<3.10"]
)
def test_allowed_too_old__minimum_below_the_advisory(requirement: str) -> None:
    assert len(allowed_too_old(_project(requirement))) == 1
    assert len(allowed_too_old(_project(text=[requirement]))) == 1


@pytest.mark.parametrize(
    "requirement", ["panel>=1.9.0", "panel==1.9.4", "Panel[x]>=2", "bokeh~=3.9.2", "other"]
)
def test_allowed_too_old__minimum_at_or_above(requirement: str) -> None:
    assert allowed_too_old(_project(requirement)) == []


def test_pinned_too_old() -> None:
    lock = "--hash=x\npanel==1.8.9 \\\n    --hash=sha256:0\nbokeh==3.8.2 # ours\nTornado==6.4.2 ; python_version>'3'\n"
    found = pinned_too_old(lock, name="a.lock")
    assert [line.split(";")[0] for line in found] == ["a.lock pins panel 1.8.9", "a.lock pins tornado 6.4.2"]


def test_installed_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    assert advisories.installed_too_old() == []
    monkeypatch.setattr(advisories, "version", lambda name: "0.1")
    assert len(advisories.installed_too_old()) == len(ADVISORIES)


def test_command__says_what_it_found(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.advisories"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "none applies" in done.stdout


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (0, "", 0),
        (1, "Found 1 known vulnerability in 1 package", 1),
        (1, "requests.exceptions.ConnectionError: Max retries exceeded with url", 0),
        (2, "usage: pip-audit", 2),
    ],
)
def test_ask_pip_audit(tmp_path: Path, code: int, said: str, expected: int) -> None:
    """A stand-in that ends as pip-audit does, for the real one needs a service on the network."""
    stand_in = tmp_path / "stand_in.py"
    stand_in.write_text(f"import sys\nprint({said!r}, file=sys.stderr)\nsys.exit({code})\n")
    assert ask("requirements.lock", command=(sys.executable, str(stand_in))) == expected


def test_ask_pip_audit__service_that_knows_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in = tmp_path / "stand_in.py"
    stand_in.write_text("print('panel Dependency not found on PyPI and could not be audited: panel (1.9.4)')")
    assert ask("requirements.lock", command=(sys.executable, str(stand_in))) == 0
    assert "does not know 1 of the libraries" in capsys.readouterr().err


def test_makefile__has_the_target() -> None:
    assert "\naudit:" in (ROOT / "Makefile").read_text("utf-8")
