"""Two real servers on one project, on PostgreSQL and on SQLite: what is done on one is seen on the other."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from app.exporting import export_project
from app.project import Project, open_project
from config.files import load_config, save_config
from labeling.annotations import annotations_since
from labeling.round_log import RoundRow, latest_round, list_rounds
from tests.browser.pages import current_key, open_page, press, saved_uids, wait_for_item
from tests.databases import postgres_schema
from tests.projects import COUNTS, make_clouds, truth_of
from tests.proxies import NGINX, free_port, proxy
from tests.servers import RunningServer, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
KINDS = ["postgresql", pytest.param("sqlite", marks=pytest.mark.slow)]

PASSWORD = "open-sesame-42"


@dataclass
class Pair:
    """Two servers of one project, and the project as a third process sees it."""

    servers: tuple[RunningServer, RunningServer]
    project: Project
    truth: dict[str, str]
    proxy_port: int

    def rounds(self) -> list[RoundRow]:
        with self.project.database.reading() as session:
            return list_rounds(session)

    def running(self) -> RoundRow | None:
        with self.project.database.reading() as session:
            return latest_round(session, state="running")

    def label(self, server: RunningServer) -> str:
        """Label the next item truly, as the page's card does; return its key."""
        _, told = server.get("/api/queue?count=1")
        item, ids = told["items"][0], {entry["name"]: entry["id"] for entry in told["classes"]}
        known = self.truth[item["key"]]
        body = {"uid": uuid.uuid4().hex, "item_key": item["key"], "act": "label", "class_id": ids[known]}
        status, answer = server.post("/api/annotations", body)
        assert status == 200, answer
        return str(item["key"])


@pytest.fixture(scope="module", params=KINDS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        database = None
        if request.param == "postgresql":
            url = stack.enter_context(postgres_schema(request.getfixturevalue("postgres_uri")))
            # The test's PostgreSQL asks for no password; one is sent all the same, to be looked for afterwards.
            address = sa.make_url(url).set(password=PASSWORD)
            patch.setenv("GOLDPAN_DATABASE", address.render_as_string(hide_password=False))
            database = "${GOLDPAN_DATABASE}"
        project = make_clouds(folder, database=database)
        truth = truth_of(project)
        project.close()
        config = load_config(project.paths.config)
        rounds = config.rounds.model_copy(update={"retrain_after": 5})
        save_config(config.model_copy(update={"rounds": rounds}), project.paths.config)
        port = free_port()
        options = ("--allow-host", f"127.0.0.1:{port}")
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(lambda _: RunningServer(project.paths.config, options=options), range(2))
        stack.callback(first.stop)
        stack.callback(second.stop)
        opened = open_project(project.paths.config)
        stack.callback(opened.close)
        made = Pair((first, second), opened, truth, port)
        wait_for(lambda: any(row.state == "done" for row in made.rounds()), seconds=120, what="round 1")
        yield made


@pytest.fixture(scope="module")
def second_page(pair: Pair, chromium: Browser) -> Iterator[Page]:
    """A page of the second server."""
    with open_page(chromium, pair.servers[1].url) as page:
        wait_for_item(page)
        yield page


def balance(page: Page) -> str:
    return page.locator(".gp-bals").inner_text()


def test_page__shows_what_was_labelled_on_the_other_server(pair: Pair, second_page: Page) -> None:
    before = balance(second_page)
    pair.label(pair.servers[0])
    wait_for(lambda: balance(second_page) != before, what="the label on the other server's page")


def test_page__shows_classes_of_the_other_server(pair: Pair, second_page: Page) -> None:
    first, second = pair.servers
    status, told = first.post("/api/classes", {"name": "comets"})
    assert status == 200
    expect(second_page.locator(".gp-bals")).to_contain_text("comets")
    [added] = [entry for entry in told["classes"] if entry["name"] == "comets"]
    status, _ = second.post(f"/api/classes/{added['id']}", {"name": "meteors"}, method="PATCH")
    assert status == 200
    expect(second_page.locator(".gp-bals")).to_contain_text("meteors")
    assert [entry["name"] for entry in first.get("/api/classes")[1]["classes"]][-1] == "meteors"
    names = [entry.name for entry in load_config(pair.project.paths.config).classes]
    assert "meteors" in names and "comets" not in names


def test_rounds__each_runs_once(pair: Pair) -> None:
    for number in range(15):
        pair.label(pair.servers[number % 2])
    at_least = max(row.number for row in pair.rounds() if row.state == "done") + 1
    wait_for(
        lambda: any(row.number >= at_least and row.state == "done" for row in pair.rounds()),
        seconds=120,
        what="the next round",
    )
    wait_for(lambda: pair.running() is None, seconds=60, what="calm")
    rounds = pair.rounds()
    assert [row.number for row in rounds] == list(range(1, len(rounds) + 1))
    assert {row.state for row in rounds} == {"done"}
    for earlier, later in pairwise(rounds):
        assert earlier.finished_at is not None and later.started_at >= earlier.finished_at
        assert later.revision > earlier.revision, "a round for labels that one has seen already"


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: apt-get install nginx-light)")
def test_proxy__page_keeps_to_one_server_and_saves(pair: Pair, chromium: Browser, tmp_path: Path) -> None:
    ports = [server.port for server in pair.servers]
    with (
        proxy(tmp_path, port=pair.proxy_port, servers=ports) as url,
        open_page(chromium, url) as page,
    ):
        wait_for_item(page)
        instances = {
            page.evaluate("() => fetch('/api/health').then(a => a.json())")["instance"] for _ in range(8)
        }
        assert len(instances) == 1, "one browser, one server"
        press(page, str(1 + list(COUNTS).index(pair.truth[current_key(page)])))
        wait_for(lambda: len(saved_uids(page)) == 1, what="the label through nginx")
        [uid] = saved_uids(page)
    with pair.project.database.reading() as session:
        assert uid in [entry.uid for entry in annotations_since(session, revision=0)]


def test_password__is_told_to_nobody(pair: Pair, tmp_path: Path) -> None:
    written = export_project(pair.project, folder=tmp_path / "out")
    for path in [*written.files, pair.project.paths.config]:
        assert PASSWORD.encode() not in path.read_bytes(), path
    for server in pair.servers:
        for address in ("/", "/api/health", "/api/classes", "/api/nothing"):
            assert PASSWORD not in str(server.get(address)[1])
        assert PASSWORD not in server.output
        assert PASSWORD not in Path(f"/proc/{server.process.pid}/cmdline").read_text(encoding="utf-8")
    for file in pair.project.paths.folder.rglob("*.json"):
        assert PASSWORD not in file.read_text(encoding="utf-8"), file


def test_kill__the_other_server_goes_on(pair: Pair, second_page: Page) -> None:
    """The machine of whoever runs the round dies amid it; last, for one of the two is gone then."""
    with ThreadPoolExecutor(1) as pool:
        killed, number = wait_for(
            lambda: _kill_amid_a_round(pair, pool), seconds=120, what="a kill amid a round"
        )
    other = next(each for each in pair.servers if each is not killed)
    pair.label(other)
    wait_for(
        lambda: any(row.number > number and row.state == "done" for row in pair.rounds()),
        seconds=50,
        what="a round of the other server, before the dead one's silence alone would have told",
    )
    after = {row.number: row for row in pair.rounds()}
    assert after[number].error == "the server stopped during this round"
    taken_over = next(row for row in after.values() if row.number > number and row.state == "done")
    assert taken_over.owner.endswith(f":{other.process.pid}")
    assert pair.label(other) in pair.truth
    assert pair.project.database.check() == []


def _kill_amid_a_round(pair: Pair, pool: ThreadPoolExecutor) -> tuple[RunningServer, int] | None:
    """Label until a round runs, and end its server and worker; return them, None where the round was faster."""
    before = max(row.number for row in pair.rounds())
    labelling = pool.submit(lambda: [pair.label(pair.servers[number % 2]) for number in range(6)])
    running = wait_for(lambda: _next_running(pair, before), seconds=60, what="a running round")
    owner = next(each for each in pair.servers if running.owner.endswith(f":{each.process.pid}"))
    family = children(owner.process.pid)
    send(family, signal.SIGSTOP)
    still = pair.running()
    if still is None or still.number != running.number:
        send(family, signal.SIGCONT)
        labelling.result(timeout=60)
        return None
    # The server first, so that it cannot note what became of its worker; both before its output is closed.
    send([owner.process.pid, *family], signal.SIGKILL)
    owner.kill()
    # What was on its way to the server that was killed is the browser's to send again.
    labelling.exception(timeout=60)
    return owner, running.number


def children(pid: int) -> list[int]:
    """Return the processes that a process started: its worker among them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(number) for each in lists for number in each.read_text(encoding="ascii").split()]


def send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _next_running(pair: Pair, before: int) -> RoundRow | None:
    row = pair.running()
    return row if row is not None and row.number > before else None
