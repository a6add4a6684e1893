from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import panel as pn
import pytest
from bokeh.events import PanEnd, PanStart
from playwright.sync_api import Browser, Page

from app.components import map_calm, map_picture
from app.components.map_filter import WITHOUT, MapFilter
from app.components.map_repaint import LatestWins
from app.components.map_select import line_of
from app.components.pool_map import PoolMap
from app.components.raster_select import MOST_VERTICES, rows_inside

HOSTILE = '<img src=x onerror="window.pwned=1">'
PALETTE = ["#0077b6", "#f0a800"]


@contextmanager
def serving(page_of: Callable[[], Any]) -> Iterator[str]:
    """Serve a page on a free port of this machine until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = pn.serve(
        {"page": page_of}, port=port, address="127.0.0.1", show=False, threaded=True, verbose=False
    )
    address = f"http://127.0.0.1:{port}/page"
    deadline_s = time.monotonic() + 10
    try:
        while not _answers(port):
            assert time.monotonic() < deadline_s, "the page was not served in 10 s"
            time.sleep(0.02)
        yield address
    finally:
        server.stop()


def keys(rows: npt.NDArray[np.int64]) -> list[str]:
    return [f"item-{row}" for row in rows]


def cloud(count: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)


def test_pool_map__refuses_positions_of_another_shape() -> None:
    for shape in [(0, 2), (5, 3), (5,)]:
        with pytest.raises(ValueError, match="positions have shape"):
            PoolMap(np.zeros(shape, np.float32), keys=keys)


@pytest.mark.parametrize("count", [1, 2, 5_000])
def test_paint__draws_before_the_page_is_open(count: int) -> None:
    pool_map = PoolMap(cloud(count), keys=keys)
    pool_map.paint(np.zeros(count, np.int16), PALETTE, ["a", "b"])
    assert pool_map._picture is not None
    assert pool_map._picture.inside == count
    assert [entry["count"] for entry in pool_map._legend.entries] == [count, 0]


def test_paint__shows_items_at_one_place_and_without_a_position() -> None:
    positions = np.array([[2, 2], [2, 2], [np.nan, 1]], np.float32)
    pool_map = PoolMap(positions, keys=keys)
    pool_map.paint(np.array([0, 1, 0], np.int16), PALETTE, ["a", "b"])
    assert list(pool_map._figure.points.data["x"]) == [2, 2]


def test_paint__takes_a_memory_map(tmp_path: Any) -> None:
    np.save(tmp_path / "positions.npy", cloud(4_000))
    positions = np.load(tmp_path / "positions.npy", mmap_mode="r")
    pool_map = PoolMap(positions, keys=keys)
    pool_map.paint(np.zeros(4_000, np.int16), PALETTE, ["a", "b"])
    assert np.shares_memory(pool_map._positions, positions)


def test_paint__refuses_lengths_that_do_not_fit() -> None:
    pool_map = PoolMap(cloud(3), keys=keys)
    with pytest.raises(ValueError, match="codes have shape"):
        pool_map.paint(np.zeros(2, np.int16), PALETTE, ["a", "b"])
    with pytest.raises(ValueError, match="2 colours for 1"):
        pool_map.paint(np.zeros(3, np.int16), PALETTE, ["a"])
    with pytest.raises(ValueError, match="values have shape"):
        pool_map.paint_values(np.zeros(2), "uncertainty")


def test_paint_values__names_the_value_in_the_legend() -> None:
    pool_map = PoolMap(cloud(3), keys=keys)
    pool_map.paint_values(np.array([0.0, 0.5, np.nan]), HOSTILE, ends=(14.0, 22.0), none="not measured")
    assert (pool_map._legend.ramp["name"], pool_map._legend.ramp["high"]) == (HOSTILE, 22.0)
    assert [(entry["label"], entry["count"]) for entry in pool_map._legend.entries] == [("not measured", 1)]


def test_mark__puts_a_ring_and_an_arrow_when_out_of_view() -> None:
    pool_map = PoolMap(np.array([[0, 0], [10, 10]], np.float32), keys=keys)
    pool_map.paint(np.zeros(2, np.int16), PALETTE, ["a", "b"])
    pool_map.mark(1)
    assert pool_map._figure.ring.data == {"x": [10.0], "y": [10.0]}
    assert pool_map._figure.arrow.data["x"] == []
    pool_map._figure.plot.x_range.update(start=-1.0, end=1.0)
    pool_map._figure.plot.y_range.update(start=-1.0, end=1.0)
    assert len(pool_map._figure.arrow.data["x"]) == 1
    assert pool_map._figure.arrow.data["x"][0] < 1.0
    pool_map.mark(None)
    assert pool_map._figure.ring.data["x"] == []


def test_mark__refuses_a_row_outside_the_pool() -> None:
    with pytest.raises(ValueError, match="rows go from 0 to 2"):
        PoolMap(cloud(3), keys=keys).mark(3)


def test_row_near__is_none_far_from_any_item() -> None:
    pool_map = PoolMap(np.array([[0, 0], [10, 10]], np.float32), keys=keys)
    assert pool_map.row_near(0.05, 0.05) == 0
    assert pool_map.row_near(5.0, 5.0) is None


def test_set_positions__colours_mark_and_chosen_rows_stay_and_the_view_goes_home() -> None:
    pool_map = PoolMap(cloud(5), keys=keys, on_line=lambda line: None)
    pool_map.paint(np.zeros(5, np.int16), PALETTE, ["a", "b"])
    assert pool_map.selection is not None
    pool_map.mark(1)
    pool_map.show_chosen(np.array([0, 3]), (np.array([0.0, 1, 1]), np.array([0.0, 0, 1])))
    pool_map._figure.plot.x_range.update(start=-0.1, end=0.1)
    moved = cloud(5) + np.float32(10)
    pool_map.set_positions(moved)
    assert pool_map._figure.plot.x_range.start > 5
    np.testing.assert_allclose(np.sort(pool_map._figure.points.data["x"]), np.sort(moved[:, 0]))
    assert [entry["count"] for entry in pool_map._legend.entries] == [5, 0]
    np.testing.assert_allclose(pool_map._figure.ring.data["x"], [moved[1, 0]])
    np.testing.assert_allclose(pool_map.selection._rings.data["x"], moved[[0, 3], 0])
    assert len(pool_map.selection._line.data["x"]) == 0
    np.testing.assert_array_equal(pool_map.positions, moved)


@pytest.mark.parametrize("shape", [(4, 2), (5, 3), (5,)])
def test_set_positions__refuses_another_shape(shape: tuple[int, ...]) -> None:
    pool_map = PoolMap(cloud(5), keys=keys)
    with pytest.raises(ValueError, match="the map has 5 items"):
        pool_map.set_positions(np.zeros(shape, np.float32))


def test_calm__not_while_dragging_or_just_after_a_move(monkeypatch: pytest.MonkeyPatch) -> None:
    moment_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: moment_s)
    pool_map = PoolMap(cloud(5), keys=keys)
    assert pool_map.calm.now
    pool_map._figure.plot._trigger_event(PanStart(pool_map._figure.plot))
    assert not pool_map.calm.now
    moment_s += map_calm.LONGEST_DRAG_S
    assert pool_map.calm.now
    pool_map._figure.plot._trigger_event(PanStart(pool_map._figure.plot))
    pool_map._figure.plot._trigger_event(PanEnd(pool_map._figure.plot))
    assert pool_map.calm.now
    pool_map._figure.plot.x_range.start = -7
    assert not pool_map.calm.now
    moment_s += map_calm.SETTLE_S
    assert pool_map.calm.now


def test_set_theme__dresses_figure_and_legend() -> None:
    pool_map = PoolMap(cloud(3), keys=keys)
    pool_map.paint(np.zeros(3, np.int16), ["#101030"], ["a"])
    before = pool_map._figure.plot.background_fill_color, pool_map._legend.entries
    pool_map.set_theme("dark")
    assert pool_map._figure.plot.background_fill_color != before[0]
    assert pool_map._legend.entries != before[1]


def corners() -> PoolMap:
    """Return a map of four corners: classes a, b, a and none."""
    pool_map = PoolMap(np.array([[0, 0], [10, 0], [0, 10], [10, 10]], np.float32), keys=keys)
    pool_map.paint(np.array([0, 1, 0, -1], np.int16), PALETTE, ["a", "b"])
    return pool_map


def test_set_filter__hidden_items_are_neither_drawn_nor_found() -> None:
    pool_map = corners()
    pool_map.set_filter(MapFilter(frozenset({"a"})))
    assert list(pool_map._figure.points.data["x"]) == [10, 10]
    assert (pool_map.row_near(0.0, 0.0), pool_map.row_near(10.0, 0.0)) == (None, 1)
    assert np.isnan(pool_map.shown[[0, 2]]).all()
    pool_map.set_filter(MapFilter())
    assert pool_map.row_near(0.0, 0.0) == 0
    assert pool_map.shown is pool_map._positions


def test_set_filter__outlives_other_colours_of_the_same_names() -> None:
    pool_map = corners()
    pool_map.set_filter(MapFilter(frozenset({WITHOUT})))
    pool_map.paint(np.array([-1, 1, 0, 1], np.int16), PALETTE, ["a", "b"])
    assert (pool_map.row_near(0.0, 0.0), pool_map.row_near(10.0, 10.0)) == (None, 3)


def test_legend__what_a_person_hides_is_told() -> None:
    told: list[MapFilter] = []
    pool_map = PoolMap(cloud(3), keys=keys, on_filter=told.append)
    pool_map.paint(np.array([0, 1, 1], np.int16), PALETTE, ["a", "b"])
    pool_map._legend.hidden = ["b"]
    assert told == [MapFilter(frozenset({"b"}))]
    assert np.isfinite(pool_map.shown).all(axis=1).tolist() == [True, False, False]
    pool_map.set_filter(MapFilter())
    assert (pool_map._legend.hidden, len(told)) == ([], 1)


@pytest.mark.parametrize("span", [[0.5], [0.7, 0.2], ["x", 1], [-1, 1], None])
def test_legend__a_span_that_cannot_be_is_all_of_it(span: Any) -> None:
    pool_map = PoolMap(cloud(3), keys=keys)
    pool_map.paint_values(np.array([0.0, 0.5, 1.0]), "u")
    pool_map._legend.span = span or []
    assert pool_map._legend.chosen() == MapFilter()


def test_show_chosen__rings_the_shown_alone() -> None:
    pool_map = PoolMap(cloud(3), keys=keys, on_line=lambda _line: None)
    pool_map.paint(np.array([0, 1, 1], np.int16), PALETTE, ["a", "b"])
    assert pool_map.selection is not None
    pool_map.show_chosen(np.arange(3), None)
    assert len(pool_map.selection._rings.data["x"]) == 3
    pool_map.set_filter(MapFilter(frozenset({"a"})))
    assert len(pool_map.selection._rings.data["x"]) == 2


class Loop:
    """Stands in for the browser's document: keeps callbacks until `turn` runs them."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def add_next_tick_callback(self, callback: Callable[[], None]) -> None:
        with self._lock:
            self.waiting.append(callback)

    def add_timeout_callback(self, callback: Callable[[], None], _delay_ms: int) -> None:
        self.add_next_tick_callback(callback)

    def turn(self) -> None:
        with self._lock:
            callbacks, self.waiting = self.waiting, []
        for callback in callbacks:
            callback()

    def turn_until(self, done: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 5
        while not done():
            assert time.monotonic() < deadline_s
            self.turn()
            time.sleep(0.002)


def test_ask__forgets_wishes_that_were_overtaken() -> None:
    gate, begun = threading.Event(), threading.Event()
    worked: list[int] = []
    shown: list[int] = []

    def work(wish: int) -> int:
        worked.append(wish)
        begun.set()
        gate.wait(5)
        return wish

    loop, repaint = Loop(), LatestWins[int, int](work, shown.append)
    repaint.ask(lambda: 1, loop)
    loop.turn()
    assert begun.wait(5)
    for wish in range(2, 50):
        repaint.ask(lambda wish=wish: wish, loop)  # type: ignore[misc]
    gate.set()
    loop.turn_until(lambda: shown == [1, 49])
    assert worked == [1, 49]


def test_ask__waits_for_a_browser_that_is_behind() -> None:
    shown: list[int] = []
    loop, repaint = Loop(), LatestWins[int, int](lambda wish: wish, shown.append)
    for wish in (1, 2):
        repaint.ask(lambda wish=wish: wish, loop)  # type: ignore[misc]
        loop.turn_until(lambda wish=wish: shown[-1:] == [wish])  # type: ignore[misc]
    repaint.ask(lambda: 3, loop)
    for _ in range(20):
        loop.turn()
        time.sleep(0.002)
    assert shown == [1, 2]
    repaint.seen(loop)
    loop.turn_until(lambda: shown == [1, 2, 3])


def test_ask__survives_a_repaint_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    shown: list[float] = []
    loop, repaint = Loop(), LatestWins[int, float](lambda wish: 1 / wish, shown.append)
    repaint.ask(lambda: 0, loop)
    loop.turn_until(lambda: "could not be repainted" in caplog.text)
    repaint.ask(lambda: 2, loop)
    loop.turn_until(lambda: bool(shown))
    assert shown == [0.5]


def test_dispose__drops_what_comes_later() -> None:
    gate = threading.Event()
    shown: list[bool] = []
    loop, repaint = Loop(), LatestWins[int, bool](lambda _wish: gate.wait(5), shown.append)
    repaint.ask(lambda: 1, loop)
    loop.turn()
    repaint.dispose()
    gate.set()
    for _ in range(20):
        loop.turn()
        time.sleep(0.002)
    assert shown == []


def test_set_positions__what_is_hidden_stays_hidden() -> None:
    pool_map = corners()
    pool_map.set_filter(MapFilter(frozenset({"a"})))
    pool_map.show_chosen(np.array([0, 1]), (np.zeros(3), np.zeros(3)))
    pool_map.set_positions(np.array([[5, 5], [50, 0], [0, 50], [50, 50]], np.float32))
    assert (pool_map.row_near(5.0, 5.0), pool_map.row_near(50.0, 0.0)) == (None, 1)
    assert pool_map._figure.plot.x_range.end > 50
    with pytest.raises(ValueError, match="the map has 4 items"):
        pool_map.set_positions(np.zeros((3, 2), np.float32))


def test_line_of__of_a_lasso_with_a_hundred_thousand_vertices_some_are_kept() -> None:
    turns = np.linspace(0, 2 * np.pi, 100_000)
    line = line_of({"type": "poly", "x": np.cos(turns).tolist(), "y": np.sin(turns).tolist()})
    assert line is not None
    assert len(line[0]) == len(line[1]) == MOST_VERTICES
    inside = rows_inside(np.array([[0, 0], [0.9, 0], [1.1, 0]], np.float32), *line)
    assert inside.tolist() == [0, 1]


# ---- in the browser


def open_page(chromium: Browser, address: str) -> Page:
    page = chromium.new_page(viewport={"width": 660, "height": 560})
    page.goto(address)
    page.locator(".bk-Figure").first.wait_for()
    return page


def frame_centre(page: Page) -> tuple[float, float]:
    box = page.locator(".bk-Figure").first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def wait_for(done: Callable[[], Any], page: Page) -> None:
    deadline_s = time.monotonic() + 8
    while not done():
        assert time.monotonic() < deadline_s, "the page did not get there in 8 s"
        page.wait_for_timeout(20)


@pytest.mark.browser
def test_pool_map__repaints_for_a_zoom_and_stays_on_this_machine(chromium: Browser) -> None:
    map_picture.warm_up()
    maps: list[PoolMap] = []
    foreign: list[str] = []

    def page_of() -> Any:
        pool_map = PoolMap(cloud(60_000), keys=keys)
        pool_map.paint((np.arange(60_000) % 2).astype(np.int16), PALETTE, [HOSTILE, "b"])
        pool_map.view.param.update(width=640, height=520, sizing_mode="fixed")
        maps.append(pool_map)
        return pool_map.view

    with serving(page_of) as address:
        page = chromium.new_page(viewport={"width": 660, "height": 560})
        page.on(
            "request", lambda request: foreign.append(request.url) if "127.0.0.1" not in request.url else None
        )
        page.goto(address)
        page.locator(".bk-Figure").first.wait_for()
        pool_map = maps[-1]
        wait_for(lambda: pool_map._size_px != (640, 480), page)
        wait_for(
            lambda: (p := pool_map._picture) is not None and p.viewport.width_px == pool_map._size_px[0], page
        )
        home = pool_map._picture
        assert home is not None
        assert home.image is not None
        assert home.image.shape == (home.viewport.height_px, home.viewport.width_px)
        page.mouse.move(*frame_centre(page))
        page.mouse.wheel(0, -400)
        wait_for(lambda: (p := pool_map._picture) is not None and p.inside < home.inside, page)
        for _ in range(12):
            page.mouse.wheel(0, -400)
        wait_for(lambda: (p := pool_map._picture) is not None and p.image is None, page)
        assert len(pool_map._figure.points.data["x"]) == pool_map._picture.inside  # type: ignore[union-attr]
        assert page.evaluate("window.pwned") is None
        page.close()
    assert [url for url in foreign if not url.startswith(("data:", "blob:"))] == []


@pytest.mark.browser
def test_pool_map__picks_by_a_click_and_shows_names_as_text(chromium: Browser) -> None:
    picked: list[int] = []

    def page_of() -> Any:
        positions = np.array([[0, 0], [10, 0], [5, 5], [0, 10], [10, 10]], np.float32)
        pool_map = PoolMap(
            positions, keys=lambda rows: [f"{HOSTILE}{row}" for row in rows], on_pick=picked.append
        )
        pool_map.paint(np.zeros(5, np.int16), PALETTE[:1], [HOSTILE])
        pool_map.view.param.update(width=640, height=520, sizing_mode="fixed")
        return pool_map.view

    with serving(page_of) as address:
        page = open_page(chromium, address)
        page.wait_for_timeout(300)
        x, y = frame_centre(page)
        page.mouse.move(x + 2, y + 2)
        page.mouse.move(x, y)
        page.get_by_text(f"{HOSTILE}2").wait_for()
        page.mouse.click(x + 4, y)
        wait_for(lambda: picked, page)
        page.mouse.click(x + 90, y + 40)
        page.wait_for_timeout(400)
        assert picked == [2]
        assert page.get_by_text(HOSTILE, exact=True).count() >= 1
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("window.pwned") is None
        page.close()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
