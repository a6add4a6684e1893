"""The server is killed amid labelling, many times; what the page showed as saved is there.

Four times by default; twenty times by `make bench`, or by `pytest -m slow tests/browser/test_faults.py`.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import FIRST_ROUND_S, open_page, press, saved_uids, wait_for_item
from tests.projects import make_clouds
from tests.servers import RunningServer, serving, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def stored_uids(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        return [row[0] for row in connection.execute("select uid from annotation order by id")]


def press_until(page: Page, moment_s: float) -> None:
    """Press keys at a fast person's pace for some time, without waiting for anything."""
    for _ in range(max(1, round(moment_s / 0.06))):
        page.keyboard.press(random.choice("123"))
        page.wait_for_timeout(60)


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_kill__again_and_again_amid_labelling(chromium: Browser, tmp_path: Path, kills: int) -> None:
    project = make_clouds(tmp_path)
    project.close()
    database = project.paths.folder / "labels.sqlite"
    random.seed(11)
    server = RunningServer(project.paths.config)
    port = server.port
    seen: set[str] = set()
    try:
        with open_page(chromium, server.url) as page:
            wait_for_item(page)
            for number in range(kills):
                press_until(page, random.uniform(0.1, 0.7))
                server.kill()
                seen |= set(saved_uids(page))
                stored = stored_uids(database)
                assert seen <= set(stored), f"kill {number}: an annotation shown as saved is not there"
                assert len(stored) == len(set(stored))
                server = RunningServer(project.paths.config, port=port)
                if len(stored) > 90:
                    # The small pool is nearly used up: take some back so that there is something to press on.
                    for _ in range(30):
                        page.keyboard.press("Control+z")
                        page.wait_for_timeout(40)
            wait_for(lambda: not unsaved(page), seconds=60, what="the outbox to be empty")
            seen |= set(saved_uids(page))
            assert set(stored_uids(database)) == seen
            assert len(seen) > kills
        with sqlite3.connect(database) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    finally:
        server.stop()


def unsaved(page: Page) -> int:
    """Return how many annotations wait in the browser's outbox."""
    count: int = page.evaluate(
        "() => Object.entries(localStorage).filter(([name]) => name.includes('outbox'))"
        ".map(([, text]) => JSON.parse(text)).flat().length"
    )
    return count


def limit_file_size(server: RunningServer, most_bytes: int) -> None:
    """Let no file of the server grow beyond a size, as on a disk without room."""
    resource = pytest.importorskip("resource", reason="needs resource limits of Linux")
    if not hasattr(resource, "prlimit"):
        pytest.skip("needs prlimit of Linux")
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most_bytes, hard))


def test_full_disk__label_waits_and_is_stored_when_it_can_be(chromium: Browser, tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    database = project.paths.folder / "labels.sqlite"
    with serving(project.paths.config) as server, open_page(chromium, server.url) as page:
        wait_for_item(page)
        limit_file_size(server, 1)
        press(page, "1")
        press(page, "2")
        expect(page.locator("section.card")).to_contain_text("not saved yet", timeout=15_000)
        assert saved_uids(page) == []
        assert stored_uids(database) == []
        limit_file_size(server, -1)
        wait_for(lambda: len(saved_uids(page)) == 2, seconds=40, what="both shown as saved")
        assert stored_uids(database) == saved_uids(page)


def test_locked_database__label_waits_and_is_stored_when_it_can_be(chromium: Browser, tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    database = project.paths.folder / "labels.sqlite"
    with serving(project.paths.config) as server, open_page(chromium, server.url) as page:
        wait_for_item(page)
        blocker = sqlite3.connect(database, isolation_level=None)
        blocker.execute("begin immediate")
        press(page, "1")
        expect(page.locator("section.card")).to_contain_text("not saved yet", timeout=15_000)
        assert stored_uids(database) == []
        blocker.execute("rollback")
        blocker.close()
        wait_for(lambda: len(saved_uids(page)) == 1, seconds=40, what="the label shown as saved")
        assert stored_uids(database) == saved_uids(page)


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
    import subprocess

    project = make_clouds(tmp_path)
    project.close()
    if shutil.which("pgrep") is None:
        pytest.skip("needs pgrep")
    server = RunningServer(project.paths.config)
    wait_for(
        lambda: server.get("/api/queue?count=1")[1]["items"], seconds=FIRST_ROUND_S, what="a first proposal"
    )
    children = subprocess.run(
        ["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    server.kill()

    def gone() -> bool:
        return not any(Path(f"/proc/{pid}/cmdline").exists() and _runs(pid) for pid in children)

    assert children
    wait_for(gone, seconds=10, what="the end of the worker")


def _runs(pid: str) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False
