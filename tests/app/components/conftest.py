"""The page of the label card's tests: one server and one browser profile a module, a fresh store a test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.app.components import card_server
from tests.app.components.card_server import STORE, Opener, Store

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    port = card_server.free_port()
    server = card_server.serve(port)
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="module")
def profile(chromium: Browser) -> Iterator[BrowserContext]:
    """One context for all tests, for its cache; storage is kept apart by each test's own project name."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def open_card(profile: BrowserContext, address: str) -> Iterator[Opener]:
    """Open the card on a fresh store with these settings, and wait for its first item."""
    pages = []

    def open_it(*, wait: bool = True, **settings: Any) -> Page:
        vars(STORE).update(vars(Store(**{"project": f"project {next(NUMBERS)}", **settings})))
        page = profile.new_page()
        pages.append(page)
        page.goto(f"{address}/card")
        if wait:
            expect(page.locator(".small")).to_contain_text("Item item-0")
        return page

    yield open_it
    for page in pages:
        page.close()
