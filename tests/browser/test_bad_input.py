"""What nobody wishes for, in a real browser: files that vanish, two tabs, markup in every text, a thousand classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.prepare import create_project
from app.run_now import run_now
from app.session import PAGES
from app.setup import ProjectWishes, make_config
from tests.browser.pages import CARD, current_key, labels_by_key, open_page, press, saved_uids, wait_for_item
from tests.projects import label, make_clouds
from tests.servers import RunningServer, serving, wait_for

pytestmark = pytest.mark.browser

SCRIPT = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
CLASSES = (f"a {SCRIPT}", '"quoted"', "שלום", "🦊", *(f"species {number:04}" for number in range(996)))


def write_photos(folder: Path, count: int) -> None:
    """Write small images of noise, half of them dark."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(count):
        pixels = generator.integers(0, 90, (32, 32, 3), dtype=np.uint8) + np.uint8(120 * (number % 2))
        Image.fromarray(pixels).save(folder / f"photo-{number:02}.png")


@pytest.mark.slow
def test_deleted_file__is_named_and_labelling_goes_on(chromium: Browser, tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", 12)
    wishes = ProjectWishes(
        name="photos", pool=str(tmp_path / "photos"), classes=("a", "b"), encoder="image_conv"
    )
    project = create_project(make_config(wishes, tmp_path / "photos.yaml"), tmp_path / "photos.yaml")
    run_now(project)
    project.close()
    for path in (tmp_path / "photos").iterdir():
        path.unlink()
    with serving(project.paths.config) as server, open_page(chromium, server.url) as page:
        first = wait_for_item(page)
        expect(page.locator(CARD)).to_contain_text("could not be loaded")
        press(page, "s")
        wait_for(lambda: current_key(page) != first, what="the next item")
        press(page, "1")
        wait_for(lambda: len(saved_uids(page)) == 2, what="a skip and a label saved")


@pytest.mark.slow
def test_two_tabs__of_one_person_lose_nothing(chromium: Browser, tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    with (
        serving(project.paths.config) as server,
        open_page(chromium, server.url) as one,
        open_page(chromium, server.url) as other,
    ):
        # Each tab holds items of its own.
        assert wait_for_item(one) != wait_for_item(other)
        for turn in range(6):
            press(one if turn % 2 == 0 else other, str(turn % 3 + 1))
        wait_for(lambda: len(saved_uids(one)) == len(saved_uids(other)) == 3, what="six saved labels")
        assert len(labels_by_key(server)) == 6


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Serve texts with scripts in them and a thousand classes, a dozen of which have labels; a round has run."""
    folder = tmp_path_factory.mktemp("hostile")
    lines = ["id,text"]
    for number in range(120):
        words = "red rain over the coast" if number % 2 else "late goal in the match"
        lines.append(f'"<b>{number}</b>","{words} {number} {SCRIPT.replace(chr(34), chr(34) * 2)}"')
    (folder / "texts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    wishes = ProjectWishes(
        name="hostile", pool=str(folder / "texts.csv"), key="id", text="text", classes=CLASSES,
        encoder="text_tfidf",
    )  # fmt: skip
    project = create_project(make_config(wishes, folder / "hostile.yaml"), folder / "hostile.yaml")
    label(project, {f"<b>{number}</b>": CLASSES[number % 6] for number in range(24)})
    run_now(project)
    path = project.paths.config
    project.close()
    with serving(path) as running:
        yield running


def opened(page: Page, name: str) -> None:
    """Choose a page in the header and wait until it is built."""
    button = page.locator("header").get_by_role("button", name=name, exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(1500)


@pytest.mark.slow
def test_markup__is_text_on_every_page(chromium: Browser, hostile: RunningServer) -> None:
    with open_page(chromium, hostile.url) as page:
        wait_for_item(page)
        expect(page.locator(".class .name").first).to_have_text(CLASSES[0])
        expect(page.locator(f"{CARD} .text")).to_contain_text("<script>window.hit=1</script>")
        for name in PAGES:
            opened(page, name)
            assert page.evaluate("window.hit") is None, f"a text ran as a script on the {name} page"


@pytest.mark.slow
def test_classes__a_thousand_leave_every_page_usable(chromium: Browser, hostile: RunningServer) -> None:
    with open_page(chromium, hostile.url) as page:
        before = wait_for_item(page)
        page.keyboard.press("/")
        page.keyboard.type("species 0995")
        page.keyboard.press("Enter")
        wait_for(lambda: current_key(page) != before, what="the next item")
        wait_for(lambda: labels_by_key(hostile).get(before) == "species 0995", what="the label")
        for name in PAGES:
            opened(page, name)
            expect(page.get_by_role("heading", name=name, level=1)).to_be_attached()
        opened(page, "Label")
        press(page, "s")
