"""Signing in, looking on, signing out, and being deactivated, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from labeling.people import activate, deactivate
from tests.browser.pages import CARD, labels_by_key, outbox, wait_for_item
from tests.people import Team, change, make_team, moment, password_of
from tests.projects import let_rounds_wait, make_clouds
from tests.servers import RunningServer, serving, wait_for

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Served:
    server: RunningServer
    team: Team


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    project = make_clouds(tmp_path_factory.mktemp("login"))
    let_rounds_wait(project)
    team = make_team(project)
    project.close()
    with serving(project.paths.config, options=team.options) as server:
        yield Served(server, team)


@contextmanager
def visit(browser: Browser, served: Served, *, width_px: int = 1440) -> Iterator[Page]:
    """Open the project as a stranger; afterwards nothing must have asked a foreign host."""
    context = browser.new_context(viewport={"width": width_px, "height": 900})
    context.add_init_script(
        "window.saved = []; window.painted = [];"
        "window.addEventListener('goldpan:saved', (event) => window.saved.push(event.detail));"
        "window.addEventListener('goldpan:painted', (event) => window.painted.push(event.detail));"
    )
    page = context.new_page()
    asked: list[str] = []
    inside = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.server.url)
    try:
        yield page
        assert [url for url in asked if not url.startswith(inside)] == []
    finally:
        context.close()


def sign_in(page: Page, name: str, password: str | None = None) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password or password_of(name))
    page.get_by_role("button", name="Sign in").click()


def expect_dashboard(page: Page, name: str, role: str) -> None:
    expect(page.locator(".gp-who:visible")).to_have_text(f"{name} {role}")


def test_login__wrong_then_right_then_out(chromium: Browser, served: Served) -> None:
    with visit(chromium, served) as page:
        expect(page).to_have_title("Sign in · clouds · goldpan")
        sign_in(page, "ann", "not the password")
        expect(page.get_by_role("alert")).to_have_text("That name and password do not belong together.")
        expect(page.get_by_label("Password")).to_be_focused()
        sign_in(page, "ann")
        expect_dashboard(page, "ann", "annotator")
        wait_for_item(page)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("status")).to_have_text("You are signed out.")
        page.goto(served.server.url)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_login__is_accessible(chromium: Browser, served: Served, scheme: Literal["light", "dark"]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 400, "height": 800})
    page = context.new_page()
    # The page lets no script of others in; the checker is one.
    page.route("**/login*", lambda route: _without_policy(route))
    try:
        page.goto(served.server.url)
        assert axe.Axe().run(page).response["violations"] == []
        sign_in(page, "ann", "not the password")
        expect(page.get_by_role("alert")).to_be_visible()
        assert axe.Axe().run(page).response["violations"] == []
        for width_px in (360, 900):
            page.set_viewport_size({"width": width_px, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    finally:
        context.close()


def _without_policy(route: object) -> None:
    answer = route.fetch()  # type: ignore[attr-defined]
    headers = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
    route.fulfill(response=answer, headers=headers)  # type: ignore[attr-defined]


@pytest.mark.slow
def test_viewer__sees_and_cannot_label(chromium: Browser, served: Served) -> None:
    with visit(chromium, served, width_px=400) as page:
        sign_in(page, "vi")
        expect_dashboard(page, "vi", "viewer")
        expect(page.get_by_text("Labelling needs the role annotator")).to_be_visible()
        expect(page.locator(CARD)).to_have_count(0)
        page.goto(f"{served.server.url}?page=Export")
        expect(page.get_by_text("Exporting needs the role reviewer")).to_be_visible()
        expect(page.get_by_text("Download all as ZIP")).to_be_disabled()
        page.goto(f"{served.server.url}?page=Balance")
        expect(page.get_by_label("Name of common")).to_be_disabled()
        expect(page.get_by_role("button", name="Add class")).to_have_count(0)


@pytest.mark.slow
def test_deactivated__label_waits_and_the_page_is_emptied(chromium: Browser, served: Served) -> None:
    path = served.server.config_path
    with visit(chromium, served) as page:
        sign_in(page, "rex")
        expect_dashboard(page, "rex", "reviewer")
        key = wait_for_item(page)
        change(path, deactivate, name="rex", now=moment())
        page.keyboard.press("1")
        wait_for(lambda: len(outbox(page)) == 1, what="the label waiting in the browser")
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        expect(page.locator(CARD)).to_have_count(0)
        assert key not in labels_by_key(served.server)
        # Somebody else at the same browser does not send what rex left waiting; rex, let in again, does.
        page.goto(served.server.url)
        sign_in(page, "ann")
        expect_dashboard(page, "ann", "annotator")
        wait_for_item(page)
        page.wait_for_timeout(1_500)
        assert len(outbox(page)) == 1 and key not in labels_by_key(served.server)
        page.get_by_role("button", name="Sign out").click()
        change(path, activate, name="rex")
        sign_in(page, "rex")
        expect_dashboard(page, "rex", "reviewer")
        wait_for(lambda: key in labels_by_key(served.server), what="rex's label")
        wait_for(lambda: outbox(page) == [], what="nothing left to send")


@pytest.mark.slow
def test_cookie__of_another_server_s_secret_is_refused(chromium: Browser, served: Served) -> None:
    from tornado.web import create_signed_value

    with visit(chromium, served) as page:
        sign_in(page, "ann")
        expect_dashboard(page, "ann", "annotator")
        [cookie] = page.context.cookies()
        name = cookie.get("name", "")
        forged = create_signed_value("another server's secret, as long as ours", name, "goldpan_x").decode()
        page.context.add_cookies([{**cookie, "value": forged}])  # type: ignore[typeddict-item]
        page.goto(served.server.url)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
