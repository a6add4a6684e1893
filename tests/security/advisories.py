"""Checks the versions of libraries against known advisories: `make audit`, or `python -m tests.security.advisories`.

The small table below works off-line. It holds what matters most here: libraries that stand in the network, or that read
files from someone else. For all the rest `make audit` asks pip-audit, where an advisory service can be reached.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


@dataclass(frozen=True)
class Advisory:
    """A weakness that is gone from some version on.

    Attributes:
        package: the library, as pip names it.
        fixed: the first version without the weakness.
        what: what could be done to goldpan with it.
    """

    package: str
    fixed: str
    what: str


ADVISORIES = (
    Advisory("panel", "1.9.0", "a path such as //evil.example redirected to that host"),
    Advisory(
        "bokeh", "3.8.2", "websocket origins were compared in part: a site with a like name could connect"
    ),
    Advisory("tornado", "6.5.3", "crafted headers and multipart bodies held the one loop that serves all"),
    Advisory("jinja2", "3.1.6", "a template could reach format through the attr filter"),
    Advisory("pillow", "10.3.0", "a buffer overflow with crafted colour profiles"),
    Advisory("pyarrow", "14.0.1", "reading Parquet metadata could run code"),
    Advisory("torch", "2.6.0", "torch.load ran code even with weights_only"),
    Advisory(
        "sentence-transformers", "6.0", "a local model's own code was run whatever trust_remote_code said"
    ),
    Advisory("transformers", "4.48.0", "loading some models unpickled files"),
    Advisory("requests", "2.32.4", "netrc logins leaked to hosts that an address was crafted for"),
    Advisory("urllib3", "2.6.0", "a compressed answer could unpack without limit"),
    Advisory("certifi", "2024.7.4", "roots of an authority that is no longer trusted"),
)
"""In the order of how near they are to a stranger. Raise `fixed`, and the minimum in pyproject.toml, for a new one."""


def allowed_too_old(pyproject: Mapping[str, Any]) -> list[str]:
    """Return which dependencies may be installed in a version with a known weakness.

    Args:
        pyproject: the content of pyproject.toml.
    """
    project = pyproject["project"]
    groups = {"": project["dependencies"], **project.get("optional-dependencies", {})}
    found = []
    for advisory in ADVISORIES:
        for entries in groups.values():
            for requirement in map(Requirement, entries):
                if canonicalize_name(requirement.name) == advisory.package and not _is_above(
                    requirement, advisory
                ):
                    found.append(f"pyproject.toml allows {requirement}; {_words(advisory)}")
    return found


def pinned_too_old(lock: str, *, name: str) -> list[str]:
    """Return which lines of a lock file pin a version with a known weakness.

    Args:
        lock: the file's text.
        name: what to call it.
    """
    fixed = {advisory.package: advisory for advisory in ADVISORIES}
    found = []
    for package, pinned in _pins(lock):
        advisory = fixed.get(package)
        if advisory is not None and pinned < Version(advisory.fixed):
            found.append(f"{name} pins {package} {pinned}; {_words(advisory)}")
    return found


def installed_too_old() -> list[str]:
    """Return which installed libraries have a known weakness."""
    found = []
    for advisory in ADVISORIES:
        try:
            here = version(advisory.package)
        except PackageNotFoundError:
            continue
        if Version(here) < Version(advisory.fixed):
            found.append(f"{advisory.package} {here} is installed; {_words(advisory)}")
    return found


def problems(root: Path = ROOT) -> list[str]:
    """Return all that is wrong with what a checkout declares, pins and has installed."""
    pyproject = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    found = allowed_too_old(pyproject)
    for name in LOCKS:
        found += pinned_too_old((root / name).read_text("utf-8"), name=name)
    return found + installed_too_old()


def _pins(lock: str) -> Iterator[tuple[str, Version]]:
    for line in lock.splitlines():
        text = line.split("#")[0].split(" \\")[0].strip()
        if "==" in text and not text.startswith("-"):
            requirement = Requirement(text)
            pinned = next(iter(requirement.specifier)).version
            yield canonicalize_name(requirement.name), Version(pinned)


def _is_above(requirement: Requirement, advisory: Advisory) -> bool:
    """Return whether a requirement lets in no version below the one without the weakness."""
    least = [Version(each.version) for each in requirement.specifier if each.operator in (">=", "==", "~=")]
    return bool(least) and max(least) >= Version(advisory.fixed)


def _words(advisory: Advisory) -> str:
    return f"before {advisory.fixed} {advisory.what}"


if __name__ == "__main__":
    wrong = problems()
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        print(f"{len(ADVISORIES)} known advisories: none applies to what is declared, pinned or installed.")
    sys.exit(1 if wrong else 0)
