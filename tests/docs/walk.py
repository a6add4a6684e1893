"""Walks through a tutorial: runs its commands and code in order, does its steps in the browser, takes its pictures.

A tutorial is Markdown. What is run is written so that a reader sees nothing of it:

* a fence with the words `sh run` holds commands, `python run` code; all code of a tutorial shares its names;
* `text output` holds what the last of them printed; `…` stands for anything;
* `yaml file=FILE` is written into that file;
* `<!-- step: NAME -->` is a function of that name in the tutorial's module of steps;
* a picture is taken of the page as it is there, and must not be empty.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from app.project import open_project
from benchmarks.screenshot_parts import HEIGHT_PX, shrink
from tests.app.commands import run_command
from tests.browser.pages import open_page
from tests.projects import truth_of
from tests.servers import ROOT, RunningServer

TUTORIALS = ROOT / "docs" / "tutorials"
IMAGES = ROOT / "docs" / "images" / "tutorials"
IMAGE_LINK = "../images/tutorials/"
SETTLE_MS = 700
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FEWEST_COLOURS = 12
"""A page that has not been drawn has fewer."""


@dataclass(frozen=True)
class Part:
    """One thing to do.

    Attributes:
        kind: "sh", "python", "output", "file", "step" or "picture".
        text: commands, code, what was printed, the name of a step or of a picture.
        line: where it begins in the file, from 1.
        target: the file that YAML is written to.
    """

    kind: str
    text: str
    line: int
    target: str = ""


def parts_of(path: Path) -> list[Part]:
    """Return what a tutorial holds, in order.

    Raises:
        AssertionError: a block of commands or code does not say that it is run, or a picture lies elsewhere.
    """
    found: list[Part] = []
    lines = iter(enumerate(path.read_text("utf-8").splitlines(), start=1))
    for number, line in lines:
        if line.startswith("```"):
            found.extend(_fence(path, number, line[3:].strip(), lines))
        elif step := re.fullmatch(r"<!-- step: (\w+) -->", line.strip()):
            found.append(Part("step", step[1], number))
        elif picture := re.match(r"!\[[^\]]+\]\((\S+)\)", line):
            assert picture[1].startswith(IMAGE_LINK), f"{path}:{number}: {picture[1]} is not in {IMAGE_LINK}"
            found.append(Part("picture", picture[1].removeprefix(IMAGE_LINK), number))
    return found


def _fence(path: Path, number: int, info: str, lines: Iterator[tuple[int, str]]) -> list[Part]:
    body: list[str] = []
    for _, line in lines:
        if line.startswith("```"):
            break
        body.append(line)
    text = "\n".join(body) + "\n"
    kinds = {"sh run": "sh", "python run": "python", "text output": "output"}
    if info in kinds:
        return [Part(kinds[info], text, number)]
    if info.startswith("yaml file="):
        return [Part("file", text, number, target=info.partition("=")[2])]
    assert info in ("text", "sql"), f"{path}:{number}: a block of {info!r} that is not run"
    return []


@dataclass
class Walk:
    """A reader on the way through one tutorial.

    Attributes:
        path: the Markdown.
        steps: the module with its steps in the browser, each called with this walk.
        folder: an empty folder, where the reader is.
        browser: the browser.
        images: where the pictures go.
        names: of the Python code.
        said: what was printed last.
        server: the server that runs, if any.
        tab: the page that is open, if any.
    """

    path: Path
    steps: ModuleType
    folder: Path
    browser: Browser
    images: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__tutorial__"})
    said: str = ""
    server: RunningServer | None = None
    tab: Page | None = None
    taken: list[str] = field(default_factory=list)
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def go(self) -> None:
        """Do everything, from the top to the end."""
        does: Mapping[str, Callable[[Part], None]] = {
            "sh": self._run_commands,
            "python": self._run_code,
            "output": self._compare,
            "file": self._write_file,
            "step": lambda part: getattr(self.steps, part.text)(self),
            "picture": self._take,
        }
        try:
            for part in parts_of(self.path):
                try:
                    does[part.kind](part)
                except Exception as problem:
                    problem.add_note(f"at {self.path.name}, line {part.line} ({part.kind})")
                    raise
        finally:
            self.stop()

    @property
    def page(self) -> Page:
        """The page that is open."""
        assert self.tab is not None, "no page is open"
        return self.tab

    def running(self) -> RunningServer:
        """Return the server that runs."""
        assert self.server is not None, "no server runs"
        return self.server

    def open(self, name: str = "Label") -> Page:
        """Open a page of the dashboard; the first call opens the browser."""
        if self.tab is None:
            self.tab = self._open.enter_context(open_page(self.browser, self.running().url, page=name))
        else:
            self.tab.goto(f"{self.running().url}?page={name}")
        return self.tab

    def truth(self) -> dict[str, str]:
        """Return the true class of each item of the project that is served, by key."""
        project = open_project(self.running().config_path)
        try:
            return truth_of(project)
        finally:
            project.close()

    def stop(self) -> None:
        """Close the page and end the server, as Ctrl-C does."""
        self._open.close()
        self.tab = None
        if self.server is not None:
            self.server.stop()
            self.server = None

    def _run_commands(self, part: Part) -> None:
        for line in part.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words:
                self._run_command(_as_goldpan(words))

    def _run_command(self, words: list[str]) -> None:
        if words[0] == "demo":
            self._finish([*words, "--only-make"])
            self._serve(self.folder / words[1] / "digits.yaml", ())
        elif words[0] == "serve":
            self._serve(self.folder / words[1], words[2:])
        else:
            self._finish(words)

    def _finish(self, words: list[str]) -> None:
        done = run_command(*words, folder=self.folder)
        assert done.returncode == 0, f"goldpan {shlex.join(words)}: {done.stdout}{done.stderr}"
        self.said = done.stdout

    def _serve(self, config: Path, options: Any) -> None:
        self.stop()
        self.server = RunningServer(config, options=tuple(options))

    def _run_code(self, part: Part) -> None:
        out, before = io.StringIO(), Path.cwd()
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(out):
                exec(compile(part.text, f"{self.path.name}:{part.line}", "exec"), self.names)
        finally:
            os.chdir(before)
        self.said = out.getvalue()

    def _compare(self, part: Part) -> None:
        if self.images == IMAGES:
            print(
                f"{self.path.name}:{part.line} printed:\n{self.said}"
            )  # for the prose; seen with `pytest -s`
        wanted = part.text.replace("…", "...")
        assert doctest.OutputChecker().check_output(wanted, self.said, LOOSE), (
            f"printed was:\n{self.said}\nand the tutorial says:\n{part.text}"
        )

    def _write_file(self, part: Part) -> None:
        (self.folder / part.target).write_text(part.text, encoding="utf-8")

    def _take(self, part: Part) -> None:
        self.page.wait_for_timeout(SETTLE_MS)
        self.page.mouse.move(5, HEIGHT_PX - 5)
        self.images.mkdir(parents=True, exist_ok=True)
        path = self.images / part.text
        self.page.screenshot(path=path)
        check_picture(path)
        if self.images == IMAGES:
            shrink(path)
        self.taken.append(part.text)


def check_picture(path: Path) -> None:
    """Look that a picture shows a page that was drawn.

    Raises:
        AssertionError: it is nearly empty.
    """
    with Image.open(path) as shown:
        pixels = np.asarray(shown.convert("RGB")).reshape(-1, 3)
    colours = len(np.unique(pixels[::7], axis=0))
    assert len(pixels) > 100_000 and colours >= FEWEST_COLOURS, f"{path} has {colours} colours"


def _as_goldpan(words: list[str]) -> list[str]:
    """Return the arguments of goldpan that a command stands for; `make demo` is what the Makefile says it is."""
    if words == ["make", "demo"]:
        recipe = re.search(r"^demo:.*\n\t(.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        folder = re.search(r"^DEMO := (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        assert recipe is not None and folder is not None
        words = shlex.split(recipe[1].replace("$(BIN)/", "").replace("$(DEMO)", folder[1]))
    assert words[0] == "goldpan", f"{words[0]!r} is not run by the tests"
    return words[1:]
