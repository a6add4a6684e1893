"""A disk that is full, read-only or slow, a database that is locked: the label waits, and is stored when it can be."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.project import Project
from labeling.database import sqlite_url
from tests.browser.pages import CARD, open_page, press, saved_uids, wait_for_item
from tests.faults.stored import stored_uids
from tests.projects import let_rounds_wait, make_clouds
from tests.servers import RunningServer, serving, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


class Scene:
    """A server whose disk fails, and what its database holds."""

    def __init__(self, server: RunningServer, folder: Path) -> None:
        self.server, self.database = server, folder / "labels.sqlite"
        self.before = len(self.stored())

    def stored(self) -> list[str]:
        return stored_uids(sqlite_url(self.database))

    def fresh(self) -> list[str]:
        """Return what was stored since the test began."""
        return self.stored()[self.before :]


def make_quiet(folder: Path) -> Project:
    """Make the clouds, without rounds after a few labels; closed again."""
    project = make_clouds(folder)
    let_rounds_wait(project)
    project.close()
    return project


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, Path]]:
    project = make_quiet(tmp_path_factory.mktemp("disk"))
    with serving(project.paths.config) as server:
        yield server, project.paths.folder


@pytest.fixture
def scene(running: tuple[RunningServer, Path]) -> Scene:
    return Scene(*running)


def limit_file_size(server: RunningServer, most_bytes: int) -> None:
    """Let no file of the server grow beyond a size, as on a disk without room."""
    resource = pytest.importorskip("resource", reason="needs resource limits of Linux")
    if not hasattr(resource, "prlimit"):
        pytest.skip("needs prlimit of Linux")
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most_bytes, hard))


def notices(page: Page) -> int:
    """Return how many notices are on the page, beside the card's own line."""
    count: int = page.locator(".notyf__toast, .MuiSnackbar-root").count()
    return count


def test_full_disk__labels_wait_and_are_stored_when_they_can_be(chromium: Browser, scene: Scene) -> None:
    with open_page(chromium, scene.server.url) as page:
        wait_for_item(page)
        limit_file_size(scene.server, 1)
        for key in "12312":
            press(page, key)
        card = page.locator(CARD)
        expect(card).to_contain_text("not saved yet", timeout=15_000)
        expect(card).to_contain_text("the disk", timeout=15_000)
        # One line on the card says it, whatever waits; no notice for each label.
        assert card.get_by_text("not saved yet").count() == 1
        assert notices(page) == 0
        assert saved_uids(page) == []
        assert scene.fresh() == []
        limit_file_size(scene.server, -1)
        wait_for(lambda: len(saved_uids(page)) == 5, seconds=40, what="all shown as saved")
        assert scene.fresh() == saved_uids(page)
        expect(card).not_to_contain_text("not saved yet", timeout=15_000)


def test_locked_database__label_waits_and_is_stored_when_it_can_be(chromium: Browser, scene: Scene) -> None:
    with open_page(chromium, scene.server.url) as page:
        wait_for_item(page)
        blocker = sqlite3.connect(scene.database, isolation_level=None)
        blocker.execute("begin immediate")
        press(page, "1")
        expect(page.locator(CARD)).to_contain_text("not saved yet", timeout=15_000)
        # Not only late: the server has given up waiting for the lock, and said so.
        expect(page.locator(CARD)).to_contain_text("locked by another process", timeout=30_000)
        assert scene.fresh() == []
        blocker.execute("rollback")
        blocker.close()
        wait_for(lambda: len(saved_uids(page)) == 1, seconds=40, what="the label shown as saved")
        assert scene.fresh() == saved_uids(page)


@pytest.fixture
def immutable() -> Iterator[list[Path]]:
    """Files added to this list are made writable again after the test."""
    files: list[Path] = []
    yield files
    for file in files:
        subprocess.run(["chattr", "-i", str(file)], check=False, capture_output=True)


def make_read_only(file: Path, files: list[Path]) -> None:
    """Refuse every write to a file, also by handles that are open: as a disk does that was mounted anew."""
    if shutil.which("chattr") is None:
        pytest.skip("needs chattr of Linux")
    files.append(file)
    if subprocess.run(["chattr", "+i", str(file)], check=False, capture_output=True).returncode:
        pytest.skip("files cannot be made immutable here: that needs root, and a file system that knows it")


def test_read_only__label_waits_and_is_stored_when_it_can_be(
    chromium: Browser, scene: Scene, immutable: list[Path]
) -> None:
    with open_page(chromium, scene.server.url) as page:
        wait_for_item(page)
        make_read_only(scene.database.with_name("labels.sqlite-wal"), immutable)
        press(page, "1")
        press(page, "2")
        expect(page.locator(CARD)).to_contain_text("not saved yet", timeout=15_000)
        assert saved_uids(page) == []
        subprocess.run(["chattr", "-i", str(immutable[0])], check=True)
        wait_for(lambda: len(saved_uids(page)) == 2, seconds=40, what="both shown as saved")
        assert scene.fresh() == saved_uids(page)


@pytest.mark.slow
def test_slow_disk__not_shown_as_saved_before_it_is(chromium: Browser, tmp_path: Path) -> None:
    project = make_quiet(tmp_path)
    with (
        serving(
            project.paths.config,
            module="tests.faults.slow_commits",
            environment={"GOLDPAN_TEST_COMMIT_S": "1.5"},
        ) as server,
        open_page(chromium, server.url) as page,
    ):
        wait_for_item(page)
        for key in "123":
            press(page, key)
        assert saved_uids(page) == []
        expect(page.locator(CARD)).to_contain_text("not saved yet", timeout=5_000)
        wait_for(lambda: len(saved_uids(page)) == 3, seconds=40, what="all shown as saved")
        assert Scene(server, project.paths.folder).stored() == saved_uids(page)
