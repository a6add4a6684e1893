"""The card in a notebook: shown in a frame by who knows the secret alone, and gone with the kernel."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, expect

from app.errors import ServerError
from app.notebook import LabelCard, NotebookProject, open_notebook
from app.notebook_server import server_of
from tests.browser.pages import CARD, FIRST_ROUND_S
from tests.projects import make_clouds, truth_of
from tests.servers import ROOT, wait_for

KERNEL = """
import sys, time
sys.path.insert(0, sys.argv[2])
import goldpan
project = goldpan.open_project(sys.argv[1])
card = project.label()
assert project.label().url == card.url
print(card.url, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookProject]:
    """A project whose card is shown."""
    made = make_clouds(tmp_path_factory.mktemp("notebook"))
    made.close()
    opened = open_notebook(made.paths.config)
    yield opened
    opened.close()


def serve_notebook(html: str) -> http.server.ThreadingHTTPServer:
    """Serve what a notebook shows, at another port of this machine as Jupyter does."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = f"<!doctype html><title>notebook</title><body>{html}</body>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *values: object) -> None:
            del format, values

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.browser
def test_label__three_items_by_keys_in_the_cell(chromium: Browser, project: NotebookProject) -> None:
    card = project.label()
    notebook = serve_notebook(card._repr_html_())
    truth = truth_of(project)
    context = chromium.new_context(viewport={"width": 1200, "height": 950})
    try:
        page = context.new_page()
        page.goto(f"http://localhost:{notebook.server_port}/")
        cell = page.frame_locator("iframe")
        line = cell.locator(f"{CARD} p.small").filter(has_text="Item ")
        expect(line).to_be_visible(timeout=FIRST_ROUND_S * 1000)
        cell.locator(CARD).click(position={"x": 3, "y": 3})
        for _ in range(3):
            before = line.inner_text()
            key = before.removeprefix("Item ").split(" ")[0]
            page.keyboard.press({"common": "1", "other": "2", "rare": "3"}[truth[key]])
            expect(line).not_to_have_text(before)
        wait_for(lambda: len(project.labels) == 3, what="three labels in the notebook")
    finally:
        context.close()
        notebook.shutdown()
    assert project.labels["class_name"].to_dict() == {key: truth[key] for key in project.labels.index}
    # While the card's server runs, a round can be had from the notebook as well.
    assert len(project.round()) > 0


def test_label__one_server_however_often_it_is_called(project: NotebookProject) -> None:
    assert project.label() == project.label(height_px=900)
    assert open_notebook(project.paths.config).label().url == project.label().url


def ask(url: str, **headers: str) -> tuple[int, dict[str, str]]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=given), timeout=20) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as problem:
        return problem.code, dict(problem.headers)


FRAMED = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"}


def test_frame__only_who_knows_the_secret(project: NotebookProject) -> None:
    url = project.label().url
    status, headers = ask(url, **FRAMED)
    assert status == 200
    assert "frame-ancestors http://127.0.0.1:*" in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers
    for other in (url.replace("frame=", "frame=x"), url.split("&")[0], url.split("?")[0]):
        assert ask(other, **FRAMED)[0] == 403
        status, headers = ask(other)
        assert status == 200 and headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_frame__the_secret_opens_the_page_alone(project: NotebookProject) -> None:
    parts = urlsplit(project.label().url)
    for path in ("/api/queue", "/api/history", "/static/js/bokeh.min.js"):
        url = f"{parts.scheme}://{parts.netloc}{path}?{parts.query}"
        assert ask(url, **FRAMED)[0] == 403
    assert ask(parts.geturl(), **FRAMED | {"Sec_Fetch_Dest": "image", "Sec_Fetch_Mode": "no-cors"})[0] == 403
    assert ask(parts.geturl(), Host="evil.example", **FRAMED)[0] == 403


def test_card__shows_its_address_as_text() -> None:
    html = LabelCard('http://127.0.0.1:1/?a="><script>', 500)._repr_html_()
    assert "<script>" not in html and "height: 500px" in html


def test_label__server_that_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="no such file"):
        server_of(tmp_path / "nothing.yaml")


@pytest.mark.slow
def test_label__ends_with_the_kernel(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    project.close()
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL, str(project.paths.config), str(ROOT)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        assert kernel.stdout is not None
        url = kernel.stdout.readline().strip()
        assert ask(url)[0] == 200
        children = psutil.Process(kernel.pid).children(recursive=True)
        assert len(children) >= 1
    finally:
        kernel.kill()
        kernel.wait()
    deadline = time.monotonic() + 20
    while any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children):
        assert time.monotonic() < deadline, children
        time.sleep(0.1)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=5)
