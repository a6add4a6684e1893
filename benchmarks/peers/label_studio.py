"""The same images and keys in Label Studio, from an environment of its own (`make peers-ui`), on the same machine.

Its server runs on SQLite in a temporary folder. A person there presses the key of a choice, which selects it, and then
Ctrl-Enter, which submits; the time runs from the second key to the frame that shows the next task's image.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from playwright.sync_api import Browser, Page

from benchmarks.report import percentiles
from tests.servers import wait_for

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-label-studio"
EMAIL, PASSWORD = "person@example.org", "a-long-password-1"
START_S = 240.0
SLOW_MS = 60_000
WARM_UP, SPARE = 5, 5
LOOK_MS, CHOOSE_MS = 300, 100
"""How long a person looks at a task, and how long from choosing to submitting."""

_CHOICES = "".join(f'<Choice value="{digit}" hotkey="{digit}"/>' for digit in range(10))
_VIEW = (
    '<View><Image name="image" value="$image"/><Choices name="digit" toName="image" choice="single">'
    f"{_CHOICES}</Choices></View>"
)
_QUIET = {"LATEST_VERSION_CHECK": "0", "COLLECT_ANALYTICS": "0"}
"""So that it asks no other host for news."""

_ASK_JS = """async ([address, body]) => {
  const token = document.cookie.match(/csrftoken=([^;]+)/)?.[1] ?? ''
  const headers = {'Content-Type': 'application/json', 'X-CSRFToken': token}
  const answer = await fetch(address, {method: 'POST', body: JSON.stringify(body), headers})
  return [answer.status, await answer.text()]
}"""

_WAIT_FOR_NEXT_JS = """() => {
  const shown = () => document.querySelector('img[alt=image]')
  const before = shown()?.src
  let began = null
  const note = (event) => { if (event.key === 'Enter') began ??= event.timeStamp }
  document.addEventListener('keydown', note, {capture: true})
  window.next_shown = new Promise((resolve) => {
    const look = () => {
      const node = shown()
      if (began === null || !node || node.src === before || !node.complete || !node.naturalWidth) {
        requestAnimationFrame(look)
        return
      }
      document.removeEventListener('keydown', note, {capture: true})
      const channel = new MessageChannel()
      channel.port1.onmessage = () => resolve(performance.now() - began)
      channel.port2.postMessage(null)
    }
    look()
  })
}"""


def label_studio_figures(
    browser: Browser, pool: Path, folder: Path, *, keys: int
) -> tuple[dict[str, float], list[str]]:
    """Measure Label Studio on a pool of small images.

    Args:
        browser: the browser.
        pool: a Parquet file with a column `image` of PNG bytes.
        folder: where Label Studio may keep its data; made here.
        keys: how many tasks are submitted and counted.

    Returns:
        The figures, and plain sentences on what was left out.
    """
    program = ENVIRONMENT / "bin" / "label-studio"
    if not program.is_file():
        return {}, ["Label Studio is not installed (make peers-ui): left out"]
    images = pq.read_table(pool, columns=["image"])["image"].slice(0, keys + WARM_UP + SPARE).to_pylist()
    with served(program, folder) as url:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.set_default_timeout(SLOW_MS)
        _log_in(page, url)
        _open_tasks(page, url, images)
        times_ms = [_submit_ms(page, number) for number in range(keys + WARM_UP)][WARM_UP:]
        context.close()
    return percentiles(times_ms, name="label_studio_key_to_next"), []


@contextmanager
def served(program: Path, folder: Path) -> Iterator[str]:
    """Run Label Studio on a free port for the length of a block and give its address."""
    folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["--username", EMAIL, "--password", PASSWORD]
    command = [str(program), "start", "--no-browser", "--port", str(port), "--data-dir", str(folder), *user]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **_QUIET, "HOME": str(folder)}, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(lambda: _answers(port), seconds=START_S, what="Label Studio's server")
            time.sleep(2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/user/login/", wait_until="domcontentloaded")
    page.fill("input[name=email]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(re.compile(r"^(?!.*login)"), wait_until="domcontentloaded")


def _open_tasks(page: Page, url: str, images: Sequence[bytes]) -> None:
    """Make a project of the images and open its stream of tasks."""
    made = _ask(page, f"{url}/api/projects/", {"title": "digits", "label_config": _VIEW})
    number = re.search(r'"id":(\d+)', made)
    if number is None:
        raise RuntimeError(f"Label Studio made no project: {made[:300]}")
    tasks = [
        {"data": {"image": "data:image/png;base64," + base64.b64encode(image).decode()}} for image in images
    ]
    _ask(page, f"{url}/api/projects/{number.group(1)}/import", tasks)
    page.goto(f"{url}/projects/{number.group(1)}/data?labeling=1", wait_until="domcontentloaded")
    page.locator("img[alt=image]").first.wait_for()
    page.wait_for_timeout(3_000)


def _ask(page: Page, address: str, body: Any) -> str:  # noqa: ANN401 - JSON
    status, text = page.evaluate(_ASK_JS, [address, body])
    if status not in (200, 201):
        raise RuntimeError(f"Label Studio answered {status} at {address}: {text[:300]}")
    return str(text)


def _submit_ms(page: Page, number: int) -> float:
    """Choose, submit, and return how long the next task's image took."""
    page.keyboard.press(str(number % 10))
    page.wait_for_timeout(CHOOSE_MS)
    page.evaluate(_WAIT_FOR_NEXT_JS)
    page.keyboard.press("Control+Enter")
    taken_ms = float(page.evaluate("window.next_shown"))
    page.wait_for_timeout(LOOK_MS)
    return taken_ms
