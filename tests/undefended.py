"""Takes each defence away, one at a time, and looks whether its tests fail: `python -m tests.undefended`.

    python -m tests.undefended [--only NAME …] [--list] [--jobs 2]

How it is known that a test could fail: the tracked files are copied into a temporary folder, a defence is cut out of
the source (the lists are in `tests/undefended_*.py`), and the tests named for it run there. Each must fail, by an
assertion or by its time limit; a tree that can no longer be imported proves nothing. Before that all of them run once,
and must pass, in an untouched copy. Exit code 1 where a defence can be taken away unnoticed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from tests.undefended_attacks import ATTACKS
from tests.undefended_cuts import Removal
from tests.undefended_faults import FAULTS
from tests.undefended_markup import MARKUPS
from tests.undefended_people import PEOPLE

ROOT = Path(__file__).resolve().parent.parent
REMOVALS = (*FAULTS, *MARKUPS, *ATTACKS, *PEOPLE)
LONGEST_S = 1200.0
"""The tests of one removal; the longest of them wait for minutes by their nature."""
BROKEN = ("ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError", "NameError")
"""A test that ends with one of these says nothing of the defence."""
NOTICED, UNNOTICED, NO_EVIDENCE = "noticed", "UNNOTICED", "NO EVIDENCE"
IMPORTS = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)"


@dataclass(frozen=True)
class Case:
    """What became of one test.

    Attributes:
        module: as `tests.security.test_files`.
        name: of the test, with its parameters.
        outcome: "passed", "failed", "broken" or "skipped".
        words: the first line of why.
    """

    module: str
    name: str
    outcome: str
    words: str = ""

    def is_of(self, test: str) -> bool:
        """Return whether this is a named test, or one of its parameters."""
        path, _, name = test.partition("::")
        same = self.name == name or ("[" not in name and self.name.startswith(f"{name}["))
        return same and self.module == path.removesuffix(".py").replace("/", ".")


@dataclass(frozen=True)
class Result:
    """What became of one removal.

    Attributes:
        removal: the defence.
        outcome: NOTICED, UNNOTICED or NO_EVIDENCE.
        words: why.
        seconds: how long it took.
    """

    removal: Removal
    outcome: str
    words: str
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.undefended", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these alone; * stands for anything")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument("--jobs", type=int, default=1, help="so many at once")
    given = parser.parse_args(arguments)
    wanted = given.only or ["*"]
    chosen = [each for each in REMOVALS if any(fnmatch(each.name, pattern) for pattern in wanted)]
    if not chosen:
        parser.error(f"no defence is named {' or '.join(wanted)}; --list names them")
    if given.list:
        print(table([(*_columns(each), "") for each in chosen]))
        return 0
    with tempfile.TemporaryDirectory(prefix="undefended-") as place:
        template = Path(place) / "whole"
        copy_tree(ROOT, template)
        results = try_all(chosen, template, jobs=given.jobs)
    print(table([(*_columns(each.removal), f"{each.outcome}: {each.words}") for each in results]))
    left = [each for each in results if each.outcome != NOTICED]
    print(
        f"{len(results) - len(left)} of {len(results)} defences are missed by their tests once they are gone."
    )
    return 1 if left else 0


def copy_tree(root: Path, target: Path) -> None:
    """Copy the tracked files as they are now, and link the environment."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
    if (root / ".venv").exists():
        (target / ".venv").symlink_to((root / ".venv").resolve())


def try_all(removals: Sequence[Removal], template: Path, *, jobs: int) -> list[Result]:
    """Run the tests with all defences in place, then without each.

    Args:
        removals: what to take away.
        template: a copy of the tree.
        jobs: how many at once.
    """
    whole = [case for slow in (False, True) for case in _run_whole(removals, template, slow=slow)]

    def step(removal: Removal) -> Result:
        result = try_removal(removal, template, whole=whole)
        print(f"{result.outcome:12} {removal.name} ({result.seconds:.0f} s): {result.words}", flush=True)
        return result

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(step, removals))


def try_removal(removal: Removal, template: Path, *, whole: Sequence[Case]) -> Result:
    """Take one defence away in a copy of its own, and run its tests there.

    Args:
        removal: the defence.
        template: the untouched copy of the tree.
        whole: what became of the tests there.
    """
    began = time.monotonic()
    outcome, words = NO_EVIDENCE, _unfit(removal, whole)
    if not words:
        # Not within the template: a copy must not copy itself.
        with tempfile.TemporaryDirectory(prefix="undefended-") as place:
            tree = Path(place) / "tree"
            shutil.copytree(template, tree, symlinks=True)
            apply(removal, tree)
            cases = run_tests(removal.tests, tree, slow=removal.slow)
            outcome, words = judge(removal, cases)
            if outcome == NOTICED and (problem := _broken_tree(removal, tree)):
                outcome, words = NO_EVIDENCE, problem
    return Result(removal, outcome, words, time.monotonic() - began)


def apply(removal: Removal, tree: Path) -> None:
    """Cut the defence out of a tree.

    Raises:
        ValueError: a text is not there exactly once.
    """
    for each in removal.cuts:
        path = tree / each.file
        text = path.read_text("utf-8")
        if text.count(each.old) != 1:
            raise ValueError(f"{removal.name}: {text.count(each.old)} times in {each.file}: {each.old!r}")
        path.write_text(text.replace(each.old, each.new), "utf-8")
        # Compiled code is taken for fresh by the file's second and size, which may be the same.
        later = path.stat().st_mtime + 10
        os.utime(path, (later, later))


def run_tests(tests: Iterable[str], tree: Path, *, slow: bool = False) -> list[Case]:
    """Run tests in a tree and return what became of each."""
    named = sorted(set(tests), key=lambda test: _place_of(test, tree))
    report = tree / "undefended.xml"
    # The copy brings along what became of the tests with all defences in place.
    report.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        "--timeout=180",
    ]
    command += ["-x"] * (len(named) == 1) + ["-m", ""] * slow
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    log = tree / "undefended.log"
    with log.open("wb") as said, subprocess.Popen(
        [*command, *named], cwd=tree, env=environment, stdout=said, stderr=said, start_new_session=True
    ) as process:  # fmt: skip
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=LONGEST_S)
        # Also what a test left behind: a worker that no longer ends with its server, for one.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    if not report.is_file():
        return [Case("", "", "broken", f"pytest left no report: {log.read_text('utf-8', 'replace')[-300:]}")]
    return read_report(report.read_text("utf-8"))


def read_report(text: str) -> list[Case]:
    """Return the tests of pytest's report in JUnit's form."""
    cases = []
    for entry in ET.fromstring(text).iter("testcase"):
        found = {child.tag: (child.get("message") or child.text or "").strip() for child in entry}
        outcome, words = "passed", ""
        for tag, meaning in (("skipped", "skipped"), ("failure", "failed"), ("error", "broken")):
            if tag in found:
                outcome, words = meaning, found[tag].split("\n")[0]
        if outcome == "failed" and words.startswith(BROKEN):
            outcome = "broken"
        cases.append(Case(entry.get("classname", ""), entry.get("name", ""), outcome, words))
    return cases


def judge(removal: Removal, cases: Sequence[Case]) -> tuple[str, str]:
    """Return what the tests without a defence say, and why."""
    said = []
    for test in removal.tests:
        own = [case for case in cases if case.is_of(test)]
        failed = next((case for case in own if case.outcome == "failed"), None)
        if failed is None:
            other = next((case for case in (*own, *cases) if case.outcome in ("broken", "skipped")), None)
            if other is not None or not own:
                return (
                    NO_EVIDENCE,
                    f"{test}: {other.outcome if other else 'not found'} {other.words if other else ''}",
                )
            return UNNOTICED, f"{test} passes without it"
        said.append(f"{failed.name[:80]}: {failed.words[:120]}")
    return NOTICED, " | ".join(said)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows as aligned text, a line for each fault or attack before its defences."""
    lines, last = [], ""
    for row, *cells in rows:
        if row != last:
            lines.append(f"\n{row}")
            last = row
        lines.append("  " + " | ".join(cell for cell in cells if cell))
    return "\n".join(lines).strip() + "\n"


def _columns(removal: Removal) -> tuple[str, ...]:
    files = ", ".join(dict.fromkeys(each.file for each in removal.cuts))
    return removal.row, removal.name, removal.defence, files, ", ".join(removal.tests)


def _run_whole(removals: Sequence[Removal], template: Path, *, slow: bool) -> list[Case]:
    tests = [test for each in removals if each.slow is slow for test in each.tests]
    return run_tests(tests, template, slow=slow) if tests else []


def _place_of(test: str, tree: Path) -> tuple[str, int]:
    """Return where a test stands: those of a module share its server, and were written for their order."""
    path, _, name = test.partition("::")
    return path, (tree / path).read_text("utf-8").find(f"def {name.partition('[')[0]}(")


def _unfit(removal: Removal, whole: Sequence[Case]) -> str:
    """Return why a removal could prove nothing: its tests do not pass with the defence in place; "" where they do."""
    for test in removal.tests:
        own = [case for case in whole if case.is_of(test)]
        wrong = next((case for case in own if case.outcome not in ("passed", "skipped")), None)
        if wrong is not None:
            return f"{test} does not pass with the defence in place: {wrong.words}"
        if not any(case.outcome == "passed" for case in own):
            lost = next(
                (case.words for case in whole if case.outcome == "broken"), "it was skipped or not found"
            )
            return f"{test} did not run with the defence in place: {lost}"
    return ""


def _broken_tree(removal: Removal, tree: Path) -> str:
    """Return what is wrong with a tree that the cuts left; "" where all of it can be imported."""
    changed = [each.file for each in removal.cuts]
    modules = [name.removesuffix(".py").replace("/", ".") for name in changed if name.endswith(".py")]
    if modules:
        done = subprocess.run(
            [sys.executable, "-c", IMPORTS, *modules], cwd=tree, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"the tree cannot be imported: {done.stderr.strip().splitlines()[-1]}"
    scripts = [name for name in changed if name.endswith(".js")]
    return _script_problem([(tree / name).read_text("utf-8") for name in scripts]) if scripts else ""


def _script_problem(texts: Sequence[str]) -> str:
    """Return what a browser says of scripts that it cannot compile."""
    from playwright.sync_api import Error, sync_playwright

    from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS))
        page = browser.new_page()
        try:
            for text in texts:
                page.evaluate("text => void new Function(text)", text.replace("export ", ""))
        except Error as problem:
            return f"a script cannot be compiled: {problem}"
        finally:
            browser.close()
    return ""


if __name__ == "__main__":
    sys.exit(main())
