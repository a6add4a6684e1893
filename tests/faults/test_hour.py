"""Three people label one project for an hour while everything around them fails; the export is what they were told.

Takes an hour: `pytest -m slow tests/faults/test_hour.py`; `GOLDPAN_HOUR_MINUTES=2` makes it a short one.
"""

from __future__ import annotations

import csv
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError

from app.project import open_project
from labeling.annotations import annotations_since
from labeling.classes import list_classes
from tests.browser.pages import CARD
from tests.faults.proxy import Proxy
from tests.faults.stored import database_of, kill_workers, problems_of
from tests.faults.test_disk import limit_file_size
from tests.faults.test_kills import all_saved
from tests.people import Team, make_team, password_of
from tests.projects import make_clouds, write_clouds
from tests.servers import ROOT, RunningServer, claim_free_port, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(2 * 3600)]

MINUTES = float(os.environ.get("GOLDPAN_HOUR_MINUTES", "60"))
PEOPLE = ("ada", "rex", "ann")
KEYS = {"1": 28, "2": 22, "3": 20, "s": 5, "u": 5, "Enter": 4, "Control+z": 12, "Control+Shift+z": 4}
TELL = """
window.addEventListener('goldpan:saved', ({detail}) => {
  localStorage.setItem('told:' + detail.uid, JSON.stringify(detail))
})
"""
TAKE = """() => {
  const places = Object.keys(localStorage).filter((name) => name.startsWith('told:'))
  const told = places.map((name) => JSON.parse(localStorage.getItem(name)))
  places.forEach((name) => localStorage.removeItem(name))
  return told
}"""


class Labeller:
    """A person at a browser of their own, behind a network of their own."""

    def __init__(self, browser: Browser, name: str, port: int, proxy: Proxy) -> None:
        self.name, self.proxy, self.told = name, proxy, dict[str, dict[str, Any]]()
        self.url = f"http://127.0.0.1:{proxy.port}/"
        self._context = browser.new_context(viewport={"width": 1440, "height": 900})
        self._context.add_init_script(TELL)
        self.page: Page = self._context.new_page()
        self.presses = 0

    def open(self, seconds: float = 90) -> None:
        """Open the page, signing in where that is asked."""
        wait_for(self._open_once, seconds=seconds, what=f"the page of {self.name}")

    def press(self) -> None:
        """Do what a fast person does next."""
        with suppress(PlaywrightError):
            self.page.keyboard.press(random.choices(list(KEYS), list(KEYS.values()))[0])
            self.presses += 1

    def take(self) -> None:
        """Note what the page has shown as saved, which outlives the page in the browser's storage."""
        with suppress(PlaywrightError):
            self.told |= {entry["uid"]: entry for entry in self.page.evaluate(TAKE)}

    def crash(self) -> None:
        """Lose the tab, and open another."""
        self.page.close()
        self.page = self._context.new_page()
        with suppress(AssertionError):
            self.open(seconds=20)

    def lively(self) -> bool:
        """Return whether the label card is on the page."""
        with suppress(PlaywrightError):
            return self.page.locator(CARD).count() > 0
        return False

    def all_saved(self) -> bool:
        self.take()
        return self.lively() and all_saved(self.page)

    def close(self) -> None:
        self._context.close()

    def _open_once(self) -> bool:
        try:
            self.page.goto(f"{self.url}?page=Label", timeout=15_000)
            if self.page.get_by_label("Password").count():
                self.page.get_by_label("Name").fill(self.name)
                self.page.get_by_label("Password").fill(password_of(self.name))
                self.page.get_by_role("button", name="Sign in").click()
            self.page.locator(CARD).wait_for(timeout=30_000)
        except PlaywrightError:
            return False
        return True


class Scene:
    """The project, its server and three people; `fail` does something bad to one of them."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        write_clouds(folder / "clouds.csv", times=400)
        project = make_clouds(folder)
        self.team: Team = make_team(project)
        self.path, self.database = project.paths.config, database_of(project)
        self.file = project.paths.folder / "labels.sqlite"
        project.close()
        self.port = claim_free_port()
        proxies = [Proxy(self.port) for _ in PEOPLE]
        self._options = [*self.team.options]
        for proxy in proxies:
            self._options += ["--allow-host", f"127.0.0.1:{proxy.port}"]
        self.server = RunningServer(self.path, port=self.port, options=self._options)
        self.people = [
            Labeller(browser, name, self.port, proxy) for name, proxy in zip(PEOPLE, proxies, strict=True)
        ]
        self.later: list[tuple[float, Callable[[], Any]]] = []
        self.faults: Counter[str] = Counter()
        self.cut: set[str] = set()

    def fail(self) -> None:
        """Let one fault happen."""
        faults = (
            self.kill_server,
            self.kill_worker,
            self.cut_network,
            self.restart_proxy,
            self.sleep,
            self.lock,
            self.fill_disk,
            self.crash_tab,
            self.reload,
        )
        fault = random.choice(faults)
        self.faults[fault.__name__] += 1
        fault()

    def mend(self) -> None:
        """End the faults whose time is over."""
        due = [entry for entry in self.later if entry[0] <= time.monotonic()]
        self.later = [entry for entry in self.later if entry not in due]
        for _, end in due:
            end()

    def mend_all(self) -> None:
        self.later = [(0.0, end) for _, end in self.later]
        self.mend()

    def kill_server(self) -> None:
        self.server.kill()
        time.sleep(random.uniform(0, 3))
        self.server = RunningServer(self.path, port=self.port, options=self._options)

    def kill_worker(self) -> None:
        kill_workers(self.server)

    def cut_network(self, seconds: float = 10.0, who: int | None = None) -> None:
        person = self.people[random.randrange(len(self.people)) if who is None else who]
        if person.name in self.cut:
            return
        self.cut.add(person.name)
        person.proxy.cut()

        def end() -> None:
            person.proxy.restart()
            self.cut.discard(person.name)

        self._after(seconds, end)

    def restart_proxy(self) -> None:
        person = random.choice(self.people)
        if person.name not in self.cut:
            person.proxy.cut()
            person.proxy.restart()

    def sleep(self) -> None:
        process = psutil.Process(self.server.process.pid)
        process.suspend()

        def end() -> None:
            with suppress(psutil.Error):
                process.resume()

        self._after(4.0, end)

    def lock(self) -> None:
        blocker = sqlite3.connect(self.file, isolation_level=None, timeout=30)
        blocker.execute("begin immediate")
        self._after(6.0, blocker.close)

    def fill_disk(self) -> None:
        server = self.server
        limit_file_size(server, 1)

        def end() -> None:
            with suppress(OSError):
                limit_file_size(server, -1)

        self._after(6.0, end)

    def crash_tab(self) -> None:
        person = random.choice(self.people)
        if person.name not in self.cut:
            person.take()
            person.crash()

    def reload(self) -> None:
        person = random.choice(self.people)
        with suppress(PlaywrightError):
            person.page.reload(timeout=15_000)

    def stop(self) -> None:
        for person in self.people:
            person.close()
            person.proxy.cut()
        self.server.stop()

    def _after(self, seconds: float, end: Callable[[], Any]) -> None:
        self.later.append((time.monotonic() + seconds, end))


@pytest.fixture
def scene(chromium: Browser, tmp_path: Path) -> Iterator[Scene]:
    made = Scene(chromium, tmp_path)
    yield made
    made.mend_all()
    made.stop()


def work(scene: Scene, minutes: float) -> None:
    """Let all label, and things fail, for some time; one network is away for ten minutes where there is the time."""
    end = time.monotonic() + 60 * minutes
    next_fault, long_cut = time.monotonic() + 10, minutes >= 30
    while (now := time.monotonic()) < end:
        for person in scene.people:
            person.press()
            time.sleep(random.uniform(0.05, 0.18))
        scene.mend()
        if now < next_fault:
            continue
        for person in scene.people:
            person.take()
            if person.name not in scene.cut and not person.lively():
                with suppress(AssertionError):
                    person.open(seconds=20)
        if long_cut and end - now < 60 * minutes * 0.7:
            long_cut = False
            scene.cut_network(600.0, who=2)
        else:
            scene.fail()
        next_fault = time.monotonic() + random.uniform(5, 20)


def expected_labels(entries: list[dict[str, Any]]) -> dict[str, int]:
    """Return the label of each item by what was told, oldest first.

    Of each person the last act that stands counts; the class with most votes wins, else the latest of the best.
    """
    undone = {entry["undoes_uid"] for entry in entries if entry["act"] == "undo"}
    latest: dict[str, dict[int, tuple[int, dict[str, Any]]]] = {}
    for place, entry in enumerate(entries):
        if entry["act"] != "undo" and entry["uid"] not in undone:
            latest.setdefault(entry["item_key"], {})[entry["person"]] = (place, entry)
    found = {}
    for key, acts in latest.items():
        given = [(place, act["class_id"]) for place, act in acts.values() if act["act"] == "label"]
        votes = Counter(class_id for _, class_id in given)
        if given:
            best = max(votes.values())
            found[key] = max((place, class_id) for place, class_id in given if votes[class_id] == best)[1]
    return found


def test_hour__the_export_is_what_the_browsers_saw_acknowledged(scene: Scene, tmp_path: Path) -> None:
    random.seed(20)
    for person in scene.people:
        person.open()
    work(scene, MINUTES)
    scene.mend_all()
    for person in scene.people:
        person.open()
        wait_for(person.all_saved, seconds=120, what=f"the outbox of {person.name} to be empty")
    told = {uid: entry for person in scene.people for uid, entry in person.told.items()}
    project = open_project(scene.path)
    with project.database.reading() as session:
        stored = annotations_since(session, revision=0)
    project.close()
    print(
        f"{len(told):,} told, {sum(person.presses for person in scene.people):,} keys, {dict(scene.faults)}"
    )
    assert [entry.uid for entry in stored] == list(dict.fromkeys(entry.uid for entry in stored))
    assert {entry.uid for entry in stored} == set(told)
    names = {number: name for name, number in scene.team.ids.items()}
    acts = [{**told[entry.uid], "person": names[entry.annotator_id]} for entry in stored]
    for person in scene.people:
        assert {act["uid"] for act in acts if act["person"] == person.name} == set(person.told)
    for entry, act in zip(stored, acts, strict=True):
        assert (entry.item_key, entry.act.value, entry.class_id) == (
            act["item_key"],
            act["act"],
            act["class_id"],
        )
    assert export_labels(scene.path, tmp_path / "out") == named(scene.path, expected_labels(acts))
    assert problems_of(scene.database) == []


def export_labels(path: Path, folder: Path) -> dict[str, str]:
    """Return what `goldpan export` writes, by item key."""
    command = [sys.executable, "-m", "app", "export", str(path), "--formats", "csv", "--to", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.rglob("labels.csv")
    with file.open(encoding="utf-8") as lines:
        return {row["item_key"]: row["class_name"] for row in csv.DictReader(lines) if row["class_name"]}


def named(path: Path, labels: dict[str, int]) -> dict[str, str]:
    """Return labels by class name."""
    project = open_project(path)
    with project.database.reading() as session:
        names = {entry.id: entry.name for entry in list_classes(session)}
    project.close()
    return {key: names[class_id] for key, class_id in labels.items()}
