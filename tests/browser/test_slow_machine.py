"""What a page shows on a machine that is slow to draw it, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.components.theme import chart_colours
from tests.browser.pages import open_page
from tests.servers import RunningServer, serving_trained, wait_for

pytestmark = pytest.mark.browser

SLOWDOWN = 30
"""So that drawing one button takes longer than the 5 ms after which React lets other work go first."""
CHANGE_TWICE = """async () => {
  const find = (view) => {
    if (view.model?.data?.attributes?.label === 'Find') return view
    for (const child of view.child_views ?? []) {
      const found = find(child)
      if (found) return found
    }
    return null
  }
  const view = [...Bokeh.index.roots].map(find).find((each) => each)
  const data = view.model.data
  const next_task = () => new Promise((done) => {
    const channel = new MessageChannel()
    channel.port1.onmessage = done
    channel.port2.postMessage(null)
  })
  const seen = []
  for (let time = 0; time < 5; time += 1) {
    data.setv({disabled: true})
    await next_task()
    data.setv({disabled: false})
    await new Promise((done) => setTimeout(done, 1000))
    seen.push([data.disabled, view.el.shadowRoot.querySelector('button').disabled])
  }
  return seen
}"""
COLOURS = """() => {
  const found = new Set()
  const walk = (view) => {
    for (const renderer of view.model?.renderers ?? []) {
      const {fill_color, line_color} = renderer.glyph ?? {}
      for (const colour of [fill_color, line_color]) if (colour?.value) found.add(colour.value)
    }
    for (const child of view.child_views ?? []) walk(child)
  }
  for (const view of Bokeh.index.roots) walk(view)
  return [...found]
}"""
"""Of the lines, bars and points of every chart on show."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server with a trained model and its figures."""
    with serving_trained(tmp_path_factory.mktemp("slow"), {}, audited=24) as running:
        yield running


def slow_down(page: Page) -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})


def test_button__shows_the_last_of_two_changes_while_it_is_drawn(
    chromium: Browser, server: RunningServer
) -> None:
    with open_page(chromium, server.url, page="Explore") as page:
        expect(page.get_by_role("button", name="Find", exact=True)).to_be_enabled()
        slow_down(page)
        assert page.evaluate(CHANGE_TWICE) == [[False, False]] * 5


def test_charts__take_the_systems_dark_theme_while_the_page_is_built(
    chromium: Browser, server: RunningServer
) -> None:
    light, dark = chart_colours(dark=False).primary, chart_colours(dark=True).primary
    with open_page(chromium, server.url, page="Model", dark=True) as page:
        expect(page.get_by_text("Learning curve").first).to_be_visible()
        wait_for(lambda: dark in page.evaluate(COLOURS), what="charts in the dark theme's colours")
        wait_for(lambda: light not in page.evaluate(COLOURS), what="no chart in the light theme's")
