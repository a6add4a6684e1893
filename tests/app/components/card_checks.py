"""What the tests of the label card ask of the page and of the store behind it."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.app.components.card_server import STORE


def wait_for(condition: Callable[[], bool], *, what: str, limit_s: float = 6.0) -> None:
    """Wait until a condition of the server holds."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.02)


def acts() -> list[tuple[str, str]]:
    """Return what the server stored: (act, item key), oldest first."""
    return [(entry["act"], entry["item_key"]) for entry in STORE.history]


def shows(page: Page, key: str) -> None:
    """Check which item is on screen."""
    expect(page.locator(".small")).to_contain_text(f"Item {key} ")


def says(page: Page, text: str, *, within_ms: float = 6000) -> None:
    """Check what the card says about saving."""
    expect(page.locator(".status")).to_have_text(text, timeout=within_ms)


def stored_locally(page: Page, *, project: str = "") -> int:
    """Return how many annotations wait in the browser's storage."""
    prefix = f"goldpan:outbox:{project or STORE.project}:"
    return int(
        page.evaluate(
            "(prefix) => Object.keys(localStorage).filter((key) => key.startsWith(prefix)).length", prefix
        )
    )
