"""Server, worker and database are killed amid labelling, many times; what was shown as saved is there, once.

A few times by default; 200 times with three browsers by `make bench`, or `pytest -m slow tests/faults/test_kills.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from app.project import Project, open_project
from config.files import load_config, save_config
from labeling.classes import list_classes
from tests.browser.pages import FIRST_ROUND_S, open_page, press, saved_uids, wait_for_item
from tests.faults.stored import (
    Caller,
    RunningPostgres,
    database_of,
    kill_workers,
    problems_of,
    stored_uids,
    workers_of,
)
from tests.projects import make_clouds, write_clouds
from tests.servers import RunningServer, serving, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


class Scene:
    """A project that is labelled by browsers and programs at once while parts of it are killed."""

    def __init__(self, project: Project, *, callers: int) -> None:
        self.path, self.url = project.paths.config, database_of(project)
        keys = list(project.pool.keys(range(project.pool.n)))
        with project.database.reading() as session:
            class_id = list_classes(session)[0].id
        project.close()
        self.server = RunningServer(self.path)
        # The programs label items of their own, so that the browsers' queue does not run dry.
        shares = [keys[-1 - number :: -10][:3] for number in range(callers)]
        self.callers = [Caller(lambda: self.server.url, share, class_id) for share in shares]
        self.seen: set[str] = set()

    def kill_server(self) -> None:
        self.server.kill()

    def restart(self) -> None:
        self.server = RunningServer(self.path, port=self.server.port)

    def acknowledged(self, pages: list[Page]) -> set[str]:
        """Return every annotation that anybody was told is stored."""
        for page in pages:
            self.seen |= set(saved_uids(page))
        for caller in self.callers:
            self.seen |= set(caller.acknowledged)
        return set(self.seen)

    def check(self, pages: list[Page], what: str) -> None:
        """Look that every acknowledged annotation is stored, once."""
        seen = self.acknowledged(pages)
        stored = stored_uids(self.url)
        assert seen <= set(stored), f"{what}: an annotation shown as saved is not there"
        assert len(stored) == len(set(stored)), f"{what}: an annotation is there twice"

    def finish(self, pages: list[Page]) -> None:
        """Look that nothing is left over once all is calm, that nothing else was stored, and that the queue goes on."""
        for caller in self.callers:
            caller.stop()
        for page in pages:
            wait_for(partial(all_saved, page), seconds=90, what="the outbox to be empty")
        assert set(stored_uids(self.url)) == self.acknowledged(pages)
        assert problems_of(self.url) == []
        for page in pages:
            take_back_some(page, 3)
            wait_for(partial(all_saved, page), seconds=30, what="the undos")
            before = len(saved_uids(page))
            press(page, "1")
            wait_for(lambda page=page, before=before: len(saved_uids(page)) > before, what="the next label")  # type: ignore[misc]


def press_until(page: Page, moment_s: float) -> None:
    """Press keys at a fast person's pace for some time, without waiting for anything."""
    for _ in range(max(1, round(moment_s / 0.06))):
        page.keyboard.press(random.choice("123"))
        page.wait_for_timeout(60)


def take_back_some(page: Page, presses: int) -> None:
    """The small pool is nearly used up: take some back so that there is something to press on."""
    for _ in range(presses):
        page.keyboard.press("Control+z")
        page.wait_for_timeout(40)


def all_saved(page: Page) -> bool:
    """Return whether nothing waits in the browser's outbox."""
    count: int = page.evaluate(
        "() => Object.entries(localStorage).filter(([name]) => name.includes('outbox'))"
        ".map(([, text]) => JSON.parse(text)).flat().length"
    )
    return count == 0


@pytest.mark.parametrize(
    ("kills", "browsers"), [(2, 1), pytest.param(200, 3, marks=[pytest.mark.slow, pytest.mark.timeout(5400)])]
)
def test_kill__again_and_again_amid_labelling(
    chromium: Browser, tmp_path: Path, kills: int, browsers: int
) -> None:
    random.seed(11)
    scene = Scene(make_clouds(tmp_path), callers=2)
    try:
        with ExitStack() as stack:
            pages = [stack.enter_context(open_page(chromium, scene.server.url)) for _ in range(browsers)]
            for page in pages:
                wait_for_item(page)
            for number in range(kills):
                for page in pages:
                    press_until(page, random.uniform(0.1, 0.7) / browsers)
                if number % 4 == 3:
                    kill_workers(scene.server)
                else:
                    scene.kill_server()
                scene.check(pages, f"kill {number}")
                if number % 4 != 3:
                    scene.restart()
                if number % 3 == 2:
                    take_back_some(random.choice(pages), 30)
            scene.finish(pages)
            assert len(scene.seen) > kills
    finally:
        scene.server.stop()


@pytest.mark.parametrize(
    ("kills", "browsers"), [(1, 0), pytest.param(60, 3, marks=[pytest.mark.slow, pytest.mark.timeout(5400)])]
)
def test_kill__the_database_server(chromium: Browser, tmp_path: Path, kills: int, browsers: int) -> None:
    random.seed(12)
    postgres = RunningPostgres()
    try:
        scene = Scene(on_postgres(tmp_path, postgres.uri), callers=3)
        try:
            with ExitStack() as stack:
                pages = [stack.enter_context(open_page(chromium, scene.server.url)) for _ in range(browsers)]
                for page in pages:
                    wait_for_item(page)
                for number in range(kills):
                    for page in pages:
                        press_until(page, random.uniform(0.1, 0.5) / browsers)
                    before = len(scene.acknowledged(pages))
                    wait_for(lambda before=before: len(scene.acknowledged(pages)) > before + 3, what="labels")  # type: ignore[misc]
                    postgres.kill()
                    postgres.start()
                    scene.check(pages, f"kill {number}")
                    if number % 3 == 2:
                        kill_workers(scene.server)
                    if pages and number % 3 == 2:
                        take_back_some(random.choice(pages), 20)
                scene.finish(pages)
                assert len(scene.seen) > kills
        finally:
            scene.server.stop()
    finally:
        postgres.stop()


def on_postgres(folder: Path, uri: str) -> Project:
    """Make the clouds with their labels in PostgreSQL."""
    write_clouds(folder / "clouds.csv")
    project = make_clouds(folder)
    path = project.paths.config
    project.close()
    config = load_config(path)
    section = config.project.model_copy(update={"database": uri})
    save_config(config.model_copy(update={"project": section}), path)
    return open_project(path)


@pytest.mark.slow
def test_close__everything_is_where_it_was(chromium: Browser, tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    with serving(project.paths.config) as server:
        with open_page(chromium, server.url) as page:
            wait_for_item(page)
            for key in "12312":
                press(page, key)
            wait_for(lambda: len(saved_uids(page)) == 5, what="five saved labels")
            page.wait_for_timeout(500)
            revision = server.get("/api/queue?count=1")[1]["revision"]
        server.kill()
    with serving(project.paths.config) as server, open_page(chromium, server.url) as page:
        wait_for_item(page)
        assert server.get("/api/queue?count=1")[1]["revision"] == revision == 5
        expect(page.locator(".gp-bals")).to_contain_text("common")


def test_worker__ends_with_a_killed_server(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    server = RunningServer(project.paths.config)
    wait_for(
        lambda: server.get("/api/queue?count=1")[1]["items"], seconds=FIRST_ROUND_S, what="a first proposal"
    )
    children = workers_of(server)
    server.kill()
    assert children
    try:
        wait_for(ended(children), seconds=10, what="the end of the worker")
    finally:
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()


def ended(processes: list[psutil.Process]) -> Callable[[], bool]:
    """Return the condition that all processes have ended."""

    def check() -> bool:
        return not any(entry.is_running() and entry.status() != psutil.STATUS_ZOMBIE for entry in processes)

    return check
