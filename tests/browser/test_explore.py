"""The Explore page in a real browser: colours, legend, the card beside the pointer, named selections, plots."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect

from config.files import load_config, save_config
from config.schema import PlotSection
from tests.browser.pages import open_page, serious_violations
from tests.browser.test_selection import COUNT, chosen, drag, find
from tests.projects import make_clouds
from tests.servers import RunningServer, serving, serving_trained, wait_for

pytestmark = pytest.mark.browser

WEDGE = """
import goldpan
import holoviews as hv

@goldpan.register_plot("wedge")
def wedge(scene):
    table = scene.frame(["a", "b"])
    return hv.Points(table, ["a", "b"], ["row"]).opts(tools=["box_select"], active_tools=["box_select"])

@goldpan.register_plot("fails")
def fails(scene):
    return scene.frame(["no such column"])
"""
EDGES = ((0.01, 0.01), (0.99, 0.99))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server with a trained model for all tests of this module."""
    folder = tmp_path_factory.mktemp("explore")
    (folder / "wedge.py").write_text(WEDGE, "utf-8")
    (folder / "broken.py").write_text("import no_such_module_at_all", "utf-8")
    plugins = ("--plugin", str(folder / "wedge.py"), "--plugin", str(folder / "broken.py"))
    with serving_trained(folder, {}, options=plugins) as running:
        yield running


def choose(page: Page, field: str, option: str, place: int = 0) -> None:
    """Choose an option of a field."""
    box = page.get_by_role("combobox", name=field, exact=True).nth(place)
    expect(box).to_be_visible()
    box.click()
    page.get_by_role("menuitem", name=option, exact=True).click()
    expect(box).to_have_text(option)


def legend(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"{name},").first


@pytest.mark.slow
def test_find__an_item_by_its_key_and_back_to_it(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        key = page.get_by_label("Key of an item")
        for typed in ("item-007", "m-042"):
            expect(key).to_be_visible()
            key.fill(typed)
            key.press("Enter")
            shown = page.locator("h3.gp-key", has_text=typed)
            expect(shown).to_be_visible()
        key.fill("item-01")
        key.press("Enter")
        choose(page, "Keys that have that in them", "item-013")
        expect(page.locator("h3.gp-key", has_text="item-013")).to_be_visible()
        page.get_by_role("combobox", name="Seen before", exact=True).click()
        page.get_by_role("menuitem", name="item-007", exact=True).click()
        expect(page.locator("h3.gp-key", has_text="item-007")).to_be_visible()


@pytest.mark.slow
def test_colours__by_column_and_by_round(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        expect(legend(page, "rare")).to_be_visible()
        choose(page, "Colour by", "Column b")
        expect(page.get_by_role("slider", name="Least value shown of b")).to_be_visible()
        choose(page, "Colour by", "Round that proposed it")
        expect(legend(page, "round 1")).to_be_visible()
        choose(page, "Colour by", "Annotator of its label")
        expect(legend(page, "ann")).to_contain_text("12")


@pytest.mark.slow
def test_legend__what_is_hidden_is_in_no_box(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        choose(page, "Colour by", "Label")
        expect(legend(page, "rare")).to_contain_text("4")
        legend(page, "rare").click(modifiers=["Shift"])
        expect(legend(page, "common")).to_have_attribute("aria-pressed", "false")
        page.wait_for_timeout(600)
        drag(page, "Box", *EDGES)
        assert chosen(page) == 4
        page.get_by_role("button", name="Show all").click()
        page.wait_for_timeout(600)
        page.get_by_role("button", name="All that is shown").click()
        expect(page.locator(COUNT)).to_have_text("108 items")


def test_named_selection__saved_opened_after_a_reload_renamed_deleted(
    chromium: Browser, server: RunningServer
) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        find(page, "b > 3 and a < 3", 8)
        field = page.get_by_role("textbox", name="Name", exact=True)
        field.fill("<b>rings</b>")
        page.get_by_role("button", name="Save these items").click()
        expect(page.get_by_role("combobox", name="Saved")).to_have_text("<b>rings</b> · 8 items")
        page.reload()
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.locator(COUNT)).to_have_text("8 items")
        expect(page.locator(".gp-count").first).to_contain_text("saved as <b>rings</b>")
        link = page.get_by_role("link", name="Keys as CSV")
        address = link.get_attribute("href")
        assert address is not None
        with urllib.request.urlopen(server.url.rstrip("/") + address, timeout=20) as answer:
            assert len(answer.read().decode().split()) == 9
        page.get_by_role("button", name="Rename", exact=True).click()
        page.get_by_role("textbox", name="New name").fill("arcs")
        page.get_by_role("button", name="Rename it").click()
        expect(page.get_by_role("combobox", name="Saved")).to_have_text("arcs · 8 items")
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_role("button", name="Yes, delete it").click()
        expect(page.get_by_text("Nothing is saved yet")).to_be_visible()


@pytest.mark.slow
def test_similar__to_several(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        find(page, "b > 3 and a < 3", 8)
        page.get_by_role("button", name="Find more like these").click()
        expect(page.locator(COUNT)).to_have_text("24 items")
        expect(page.locator(".gp-count").first).to_contain_text("most like the 8 that were chosen")


@pytest.mark.slow
def test_plots__linked_and_kept(chromium: Browser, server: RunningServer) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        page.get_by_role("button", name="Add a plot").click()
        choose(page, "Up", "c")
        expect(page.locator(".bk-Figure")).to_have_count(2)
        page.wait_for_timeout(1000)
        page.get_by_role("button", name="Box", exact=True).click()
        page.wait_for_timeout(500)
        figure = page.locator(".bk-Figure").nth(1)
        figure.scroll_into_view_if_needed()
        box = figure.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 0.12 * box["width"], box["y"] + 0.02 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.99 * box["width"], box["y"] + 0.85 * box["height"], steps=6)
        page.mouse.up()
        assert chosen(page) > 90
        page.get_by_role("button", name="Keep this layout").click()
        wait_for(
            lambda: load_config(server.config_path).views.plots == (PlotSection(x="a", y="c"),),
            what="the layout in the configuration",
        )
        page.reload()
        expect(page.locator(".bk-Figure")).to_have_count(2)
        page.get_by_role("button", name="Remove", exact=True).click()
        expect(page.locator(".bk-Figure")).to_have_count(1)


@pytest.mark.slow
def test_plots__of_a_plug_in_choose_items_and_tell_what_is_broken(
    chromium: Browser, server: RunningServer
) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        expect(page.get_by_text("broken.py is left out: ModuleNotFoundError")).to_be_visible()
        before = page.locator(".bk-Figure").count()
        choose_plot(page, "Wedge")
        expect(page.locator(".bk-Figure")).to_have_count(before + 1)
        page.wait_for_timeout(1000)
        figure = page.locator(".bk-Figure").last
        figure.scroll_into_view_if_needed()
        box = figure.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 0.12 * box["width"], box["y"] + 0.1 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.75 * box["height"], steps=6)
        page.mouse.up()
        assert chosen(page) > 50
        expect(page.locator(".gp-count").first).to_contain_text("chosen in Wedge")
        choose_plot(page, "Fails")
        expect(
            page.get_by_text("Fails could not be drawn: PluginError: the pool has no column")
        ).to_be_visible()


def choose_plot(page: Page, title: str) -> None:
    page.get_by_role("combobox", name="Add a plot of your field").click()
    page.get_by_role("menuitem", name=title, exact=True).click()


def where_it_stays(node: Locator) -> FloatRect:
    """Return where something is once it is in sight and stays: a page that is being drawn still grows above it."""
    seen: list[FloatRect | None] = []

    def stays() -> bool:
        node.scroll_into_view_if_needed()
        seen.append(node.bounding_box())
        return len(seen) > 20 and seen[-1] is not None and all(each == seen[-1] for each in seen[-20:])

    wait_for(stays, what="a place that stays")
    found = seen[-1]
    assert found is not None
    return found


@pytest.mark.slow
def test_plots__change_places_by_dragging_and_by_keys(chromium: Browser, tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    path: Path = project.paths.config
    kept = (PlotSection(x="a", y="b"), PlotSection(x="a", y="c"), PlotSection(x="a", y="d"))
    views = project.config.views.model_copy(update={"plots": kept})
    save_config(project.config.model_copy(update={"views": views}), path)
    project.close()
    with serving(path) as running, open_page(chromium, running.url, page="Explore") as page:
        expect(page.locator(".bk-Figure")).to_have_count(4)
        grip = where_it_stays(page.get_by_role("button", name="Move the plot d over a, 3 of 3"))
        page.mouse.move(grip["x"] + 10, grip["y"] + 10)
        page.mouse.down()
        page.mouse.move(grip["x"] + 10, grip["y"] - 300, steps=6)
        expect(page.locator(".line:visible")).to_have_count(1)
        page.mouse.up()
        expect(page.get_by_role("button", name="Move the plot d over a, 2 of 3")).to_be_visible()
        expect(page.locator(".line:visible")).to_have_count(0)
        handle = page.get_by_role("button", name="Move the plot d over a")
        handle.press("ArrowUp")
        expect(page.get_by_role("button", name="Move the plot d over a, 1 of 3")).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.get_by_role("button", name="Keep this layout").click()
        wait_for(
            lambda: [plot.y for plot in load_config(path).views.plots] == ["d", "b", "c"],
            what="the order in the configuration",
        )
        assert serious_violations(page, dark=False) == []
