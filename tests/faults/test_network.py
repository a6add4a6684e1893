"""The network is cut, the proxy is started anew, the laptop sleeps: the browser's outbox is sent once, in order."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.pages import CARD, open_page, press, saved_uids, wait_for_item
from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path
from tests.faults.proxy import Proxy
from tests.faults.stored import database_of, stopped, stored_uids
from tests.projects import let_rounds_wait, make_clouds
from tests.servers import RunningServer, claim_free_port, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


class Network:
    """A server behind a proxy, and what its database holds."""

    def __init__(self, folder: Path) -> None:
        project = make_clouds(folder)
        let_rounds_wait(project)
        self.database = database_of(project)
        self.path = project.paths.config
        project.close()
        port = claim_free_port()
        self.proxy = Proxy(port)
        self.server = RunningServer(
            self.path, port=port, options=["--allow-host", f"127.0.0.1:{self.proxy.port}"]
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.proxy.port}/"

    def restart_server(self) -> None:
        self.server.kill()
        self.server = RunningServer(
            self.path, port=self.server.port, options=["--allow-host", f"127.0.0.1:{self.proxy.port}"]
        )


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    made = Network(tmp_path_factory.mktemp("network"))
    yield made
    made.proxy.cut()
    made.server.stop()


def label_and_note(page: Page, keys: str) -> list[str]:
    """Press keys; returns the uids of what was pressed, in order, from the browser's own storage or from the page."""
    for key in keys:
        press(page, key)
    waiting: list[str] = page.evaluate(
        "() => Object.entries(localStorage).filter(([name]) => name.includes('outbox')).sort()"
        ".map(([, text]) => JSON.parse(text).uid)"
    )
    return saved_uids(page) + [uid for uid in waiting if uid not in saved_uids(page)]


def expect_stored_in_order(network: Network, page: Page, given: list[str], before: list[str]) -> None:
    wait_for(lambda: len(saved_uids(page)) == len(given), seconds=60, what="all shown as saved")
    assert saved_uids(page) == given
    assert stored_uids(network.database)[len(before) :] == given


@pytest.mark.parametrize("seconds", [1.0, pytest.param(10.0, marks=pytest.mark.slow)])
def test_network__cut_and_back(chromium: Browser, network: Network, seconds: float) -> None:
    before = stored_uids(network.database)
    with open_page(chromium, network.url) as page:
        wait_for_item(page)
        press(page, "1")
        network.proxy.cut()
        given = label_and_note(page, "2312")
        expect(page.locator(CARD)).to_contain_text("not saved yet", timeout=10_000)
        page.wait_for_timeout(seconds * 1000)
        network.proxy.restart()
        assert len(given) == 5
        expect_stored_in_order(network, page, given, before)


@pytest.mark.slow
def test_network__proxy_started_anew_again_and_again(chromium: Browser, network: Network) -> None:
    before = stored_uids(network.database)
    with open_page(chromium, network.url) as page:
        wait_for_item(page)
        for _ in range(4):
            press(page, "1")
            network.proxy.cut()
            press(page, "2")
            network.proxy.restart()
        given = label_and_note(page, "3")
        assert len(given) == 9
        expect_stored_in_order(network, page, given, before)


@pytest.mark.slow
def test_network__cut_for_ten_minutes(chromium: Browser, network: Network) -> None:
    """The page's own clock runs ten minutes ahead: every pause and limit of the outbox passes as it would."""
    before = stored_uids(network.database)
    with open_page(chromium, network.url) as page:
        wait_for_item(page)
        page.clock.install()
        network.proxy.cut()
        given = label_and_note(page, "1231")
        for _ in range(60):
            page.clock.run_for(10_000)
            page.wait_for_timeout(30)
        assert saved_uids(page) == []
        network.proxy.restart()
        for _ in range(60):
            page.clock.run_for(500)
            page.wait_for_timeout(50)
        page.clock.resume()
        expect_stored_in_order(network, page, given, before)


@pytest.mark.slow
def test_network__laptop_sleeps_while_the_server_starts_anew(
    playwright: Playwright, network: Network
) -> None:
    before = stored_uids(network.database)
    mark = f"--goldpan-test={uuid.uuid4().hex}"
    browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*CHROMIUM_ARGUMENTS, mark])
    try:
        with open_page(browser, network.url) as page:
            wait_for_item(page)
            network.proxy.cut()
            given = label_and_note(page, "123")
            with stopped(processes_of(mark)):
                network.restart_server()
                time.sleep(1.0)
                network.proxy.restart()
            assert len(given) == 3
            expect_stored_in_order(network, page, given, before)
    finally:
        browser.close()


def processes_of(mark: str) -> list[psutil.Process]:
    """Return a browser's processes, found by an argument that no other browser has."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if mark in command and not any(part.startswith("--type=") for part in command):
            return [process, *process.children(recursive=True)]
    raise AssertionError("the browser's process was not found")
