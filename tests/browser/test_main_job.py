"""The main job in a real browser: label from nothing by keyboard, watch rounds, undo, reload, export, import."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.exporting import export_project
from app.project import Project, open_project
from app.run_now import run_first, run_now
from app.share import import_project
from config.files import save_config
from labeling.queue import proposals_of
from labeling.round_log import latest_round, list_rounds
from tests.browser.pages import (
    current_key,
    labels_by_key,
    open_page,
    press,
    saved_uids,
    wait_for_item,
    wait_for_round,
)
from tests.databases import postgres_schema
from tests.faults.stored import stopped, workers_of
from tests.projects import COUNTS, make_clouds, truth_of, write_clouds
from tests.servers import RunningServer, serving, wait_for

pytestmark = pytest.mark.browser


def map_counts(page: Page) -> str:
    return page.locator(".gp-bals").inner_text()


def label_truly(page: Page, truth: dict[str, str], count: int) -> None:
    keys = {name: str(position + 1) for position, name in enumerate(COUNTS)}
    for _ in range(count):
        press(page, keys[truth[current_key(page)]])
        # A person looks at each item; without that all thirty would be pressed before a round can answer.
        page.wait_for_timeout(120)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str | None]:
    """Where the project's file says that the labels are; `test_several_servers` labels in PostgreSQL by default."""
    if request.param == "sqlite":
        yield None
        return
    with postgres_schema(request.getfixturevalue("postgres_uri")) as url:
        monkeypatch.setenv("GOLDPAN_DATABASE", url)
        yield "${GOLDPAN_DATABASE}"


def test_page__the_main_job(chromium: Browser, tmp_path: Path, database: str | None) -> None:
    project = make_clouds(tmp_path, database=database)
    truth = truth_of(project)
    project.close()
    with serving(project.paths.config) as server:
        with open_page(chromium, server.url) as page:
            wait_for_item(page)
            before = map_counts(page)
            label_truly(page, truth, 15)
            wait_for_round(page, 2)
            on_screen = current_key(page)
            label_truly(page, truth, 15)
            wait_for_round(page, 3)
            assert on_screen in truth
            wait_for(lambda: len(saved_uids(page)) == 30, what="30 saved labels")
            wait_for(lambda: map_counts(page) != before, what="the balance to change")
            expect(page.locator(".gp-bals")).to_contain_text("≈")
            last = current_key(page)
            page.keyboard.press("Control+z")
            wait_for(lambda: current_key(page) != last, what="the undone item")
            undone = current_key(page)
            wait_for(lambda: len(labels_by_key(server)) == 29, what="29 labels that stand")
            assert undone not in labels_by_key(server)
        stored = labels_by_key(server)
        assert stored == {key: truth[key] for key in stored}
        with open_page(chromium, server.url) as page:
            wait_for_item(page)
            expect(page.locator(".gp-bals")).to_contain_text("≈")
            assert labels_by_key(server) == stored
    check_export_and_import(project.paths.config, tmp_path, stored)


def check_export_and_import(config_path: Path, folder: Path, stored: dict[str, str]) -> None:
    project = open_project(config_path)
    export_project(project, folder=folder / "out")
    (folder / "elsewhere").mkdir()
    write_clouds(folder / "elsewhere" / "pool.csv")
    copy = import_project(
        folder / "out" / "shared.yaml",
        folder / "elsewhere" / "p.yaml",
        pool=folder / "elsewhere" / "pool.csv",
    )
    run_first(copy, lambda share, what: None)
    run_now(project)
    found = []
    for each in (project, copy):
        with each.database.reading() as session:
            newest = max(
                proposals_of(session, round_number=number)[0].round_number for number in _rounds(each)
            )
            found.append(
                [(entry.item_key, entry.reason) for entry in proposals_of(session, round_number=newest)]
            )
        each.close()
    assert len(stored) == 29
    assert found[0] and found[0] == found[1]


def _rounds(project: object) -> list[int]:
    from app.project import Project

    assert isinstance(project, Project)
    with project.database.reading() as session:
        numbers = [row.number for row in list_rounds(session) if row.state == "done"]
        return [number for number in numbers if proposals_of(session, round_number=number)]


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the tests that need no project of their own; it opens with the balance."""
    project = make_clouds(tmp_path_factory.mktemp("looked_at"))
    path: Path = project.paths.config
    views = project.config.views.model_copy(update={"page": "balance"})
    save_config(project.config.model_copy(update={"views": views}), path)
    project.close()
    with serving(path) as running:
        yield running


@pytest.mark.slow
def test_page__new_proposals_leave_the_item_on_the_screen(chromium: Browser, tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    truth = truth_of(project)
    project.close()
    with serving(project.paths.config) as server, open_page(chromium, server.url) as page:
        wait_for_item(page)
        label_truly(page, truth, 12)
        shown = current_key(page)
        wait_for_round(page, 2)
        page.wait_for_timeout(1500)
        assert current_key(page) == shown


def test_page__keys_go_on_while_a_round_runs(chromium: Browser, looked_at: RunningServer) -> None:
    project = open_project(looked_at.config_path)
    truth = truth_of(project)
    try:
        with open_page(chromium, looked_at.url) as page:
            wait_for_item(page)
            wait_for(lambda: workers_of(looked_at), what="the worker")
            # A worker that stands still is a round that lasts.
            with stopped(workers_of(looked_at)):
                label_truly(page, truth, 12)
                number = wait_for(lambda: running_round(project), what="a round")
                label_truly(page, truth, 12)
                wait_for(lambda: len(saved_uids(page)) == 24, what="24 saved labels")
                assert running_round(project) == number
            wait_for_round(page, number)
    finally:
        project.close()


def running_round(project: Project) -> int:
    """Return the number of the round that runs, 0 for none."""
    with project.database.reading() as session:
        latest = latest_round(session, state="running")
    return latest.number if latest else 0


def test_page__classes_typed_in(chromium: Browser, tmp_path: Path) -> None:
    project = make_clouds(tmp_path, classes=())
    project.close()
    with serving(project.paths.config) as server, open_page(chromium, server.url) as page:
        box = page.get_by_label("Names of the classes", exact=False)
        expect(box).to_be_visible()
        box.fill("common, <img src=x onerror=alert(1)>, rare")
        page.get_by_role("button", name="Start labelling").click()
        wait_for(lambda: len(server.get("/api/classes")[1]["classes"]) == 3, what="three classes")
        wait_for_item(page)
        page.keyboard.press("Escape")
        page.locator("body").click(position={"x": 5, "y": 5})
        press(page, "2")
        wait_for(
            lambda: list(labels_by_key(server).values()) == ["<img src=x onerror=alert(1)>"], what="the label"
        )
        expect(page.locator(".gp-bals")).to_contain_text("<img src=x onerror=alert(1)>")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Explore", "Balance", "Model", "Export"])
def test_page__opens_by_its_address(chromium: Browser, looked_at: RunningServer, name: str) -> None:
    with open_page(chromium, looked_at.url, page=name) as page:
        expect(page.locator("header").get_by_role("button", name=name, exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(page.locator("h2").filter(visible=True).first).to_be_visible()
        page.locator("header").get_by_role("button", name="Label", exact=True).click()
        wait_for_item(page)


@pytest.mark.slow
def test_page__opens_as_the_configuration_says(chromium: Browser, looked_at: RunningServer) -> None:
    with open_page(chromium, looked_at.url, page="") as page:
        expect(page.locator("header").get_by_role("button", name="Balance", exact=True)).to_have_attribute(
            "aria-pressed", "true"
        )


def test_page__export_button_downloads_what_was_labelled(chromium: Browser, looked_at: RunningServer) -> None:
    project = open_project(looked_at.config_path)
    truth = truth_of(project)
    project.close()
    before = len(labels_by_key(looked_at))
    with open_page(chromium, looked_at.url) as page:
        wait_for_item(page)
        label_truly(page, truth, 4)
        wait_for(lambda: len(saved_uids(page)) == 4, what="four saved labels")
        page.locator("header").get_by_role("button", name="Export", exact=True).click()
        with page.expect_download(timeout=30_000) as waiting:
            page.get_by_role("button", name="Download all as ZIP").click()
        with zipfile.ZipFile(waiting.value.path()) as archive:
            names = set(archive.namelist())
            lines = archive.read("labels.csv").decode().splitlines()
        assert {"labels.csv", "labels.parquet", "selection.csv", "manifest.json", "shared.yaml"} <= names
        assert len(lines) == 1 + before + 4
        page.get_by_role("button", name="Write to the project's folder").click()
        expect(page.get_by_text("labels are written to", exact=False)).to_be_visible(timeout=15_000)


@pytest.mark.slow
def test_page__a_point_on_the_map_opens_its_item(chromium: Browser, looked_at: RunningServer) -> None:
    with open_page(chromium, looked_at.url, page="Explore") as page:
        expect(page.get_by_text("Pick an item")).to_be_visible()
        page.wait_for_timeout(1500)
        box = page.locator("canvas").first.bounding_box()
        assert box is not None
        button = page.get_by_role("button", name="Label this item")
        for step in range(400):
            across, down = (step % 20 + 0.5) / 20, (step // 20 + 0.5) / 20
            page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
            page.wait_for_timeout(40)
            if button.is_visible():
                break
        expect(button).to_be_visible()
        picked = page.locator(".gp-key").first.inner_text()
        button.click()
        wait_for(lambda: current_key(page) == picked, what="the picked item on the card")
