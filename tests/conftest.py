"""What many tests share: one headless Chromium and one PostgreSQL for the whole run, started when first asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect

from app.arranging import SETTLE_VARIABLE
from tests.databases import postgres_server

PATIENCE_MS = 40_000
"""How long a test waits for the page to show something: a busy machine may take ten times as long as a quiet one."""
CHROMIUM_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str | None:
    """Return the Chromium to drive: $GOLDPAN_CHROMIUM, else the system's; None where there is none."""
    named = os.environ.get("GOLDPAN_CHROMIUM")
    found = (
        named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )
    return found if found and Path(found).is_file() else None


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    """What a test expects of a page may come late; only what never comes is a failure."""
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session", autouse=True)
def calm_maps() -> Iterator[None]:
    """Servers of tests lay out no map, which takes each a process and seconds; tests of layouts ask for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SETTLE_VARIABLE, "86400")
        yield


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One headless Chromium; a test opens its own context in it, so that storage is fresh."""
    path = chromium_path()
    if path is None:
        if os.environ.get("GOLDPAN_NO_BROWSER"):
            pytest.skip("no Chromium here, and GOLDPAN_NO_BROWSER is set")
        pytest.fail(
            "the browser tests need Chromium: install it (Debian: apt-get install chromium), name it in "
            "GOLDPAN_CHROMIUM, or set GOLDPAN_NO_BROWSER=1 to leave these tests out"
        )
    browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """The address of a real PostgreSQL."""
    with postgres_server() as uri:
        yield uri
