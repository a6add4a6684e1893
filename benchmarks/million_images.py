"""A million images from their file to an export, with memory watched at every step.

`python -m benchmarks.million_images --data FOLDER [--quick] [--items 1e6] [--labels 60] [--keep PLACE] [--json FILE]`
writes the handwritten digits of MNIST again and again, each time shifted by another few pixels, as one Parquet file of
PNG images with keys of their own, thinned to a long tail. Then it does what a person would: `goldpan init`, `goldpan
serve`, labels in headless Chromium as the digits truly are while rounds run, looks at each page, and `goldpan export`.
FOLDER holds `mnist_train.parquet` and `mnist_test.parquet` (`id`, `image` as PNG, `label`).
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.memory_tree import TreeWatch
from benchmarks.report import benchmark_arguments, report
from benchmarks.scale import items_of
from tests.browser.pages import current_key, open_page, saved_uids, wait_for_item, wait_for_round
from tests.conftest import CHROMIUM_ARGUMENTS, chromium_path
from tests.servers import ROOT, RunningServer, wait_for

ITEMS, QUICK_ITEMS = 1_000_000, 20_000
LABELS = 60
SHIFTS = tuple((down, right) for down in range(-3, 4) for right in range(-3, 4))
SHARES = np.geomspace(1.0, 0.05, 10)
"""How many of each digit are kept, 0 to 9, against the most frequent one."""
CHUNK_ROWS = 10_000
PAGES = ("Explore", "Confirm", "Balance", "Model", "Export")
WAIT_S = 600.0
SCHEMA = pa.schema([("id", pa.string()), ("image", pa.binary()), ("label", pa.string())])


def main() -> None:
    """Measure and print."""
    parser = benchmark_arguments("million_images", "a million images from init to export, memory watched")
    parser.add_argument("--data", type=Path, required=True, help="folder of mnist_*.parquet")
    parser.add_argument("--items", type=items_of, help="images: 1e6 if not given")
    parser.add_argument("--labels", type=int, default=LABELS, help="keys pressed in the browser")
    parser.add_argument(
        "--keep", type=Path, help="a folder that keeps pool and project; a project that is there is taken up"
    )
    arguments = parser.parse_args()
    items = arguments.items or (QUICK_ITEMS if arguments.quick else ITEMS)
    with tempfile.TemporaryDirectory(prefix="goldpan-images-") as place:
        folder = arguments.keep or Path(place)
        figures = measure(arguments.data, folder, items=items, labels=arguments.labels)
    notes = [
        "_gb is the most memory of a process's own, mapped files left out: of the command or the server; _below of any "
        "one process it started (the worker); _together of all at once"
    ]
    report("million_images", figures, json_path=arguments.json, notes=notes)


def measure(data: Path, folder: Path, *, items: int, labels: int) -> dict[str, float]:
    """Take a pool of images through all of goldpan.

    Args:
        data: folder of the digits.
        folder: where pool, project and export go; a project that is there is taken up as it is.
        items: how many images.
        labels: how many are labelled in the browser.

    Returns:
        Seconds and gigabytes of each step, `items`, `pool_file_gb`, `labels_exported`.
    """
    pool, config = folder / "digits.parquet", folder / "digits.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    if not pool.exists():
        write_digits(data, pool, items=items)
    figures = {"items": float(items), "pool_file_gb": round(pool.stat().st_size / 1e9, 3)}
    asked = [
        "--pool",
        str(pool),
        "--key",
        "id",
        "--image",
        "image",
        "--truth",
        "label",
        "--classes",
        "0,1,2,3,4,5,6,7,8,9",
    ]
    if not config.exists():
        figures |= command("init", config, *asked)
    figures |= label_in_browser(config, labels=labels)
    out = folder / f"out-{time.time_ns()}"
    figures |= command("export", config, "--to", str(out))
    exported = pq.read_table(out / "labels.parquet")
    return figures | {"labels_exported": float(exported.num_rows)}


def write_digits(data: Path, path: Path, *, items: int) -> None:
    """Write shifted digits, a long tail of them, in an order that is drawn.

    Args:
        data: folder of `mnist_train.parquet` and `mnist_test.parquet`.
        path: the new file.
        items: how many; at most the digits that are kept times SHIFTS.

    Raises:
        ValueError: so many cannot be made.
    """
    pixels, digits = _read(data)
    generator = np.random.default_rng(7)
    kept = np.flatnonzero(generator.random(len(digits)) < SHARES[digits])
    if items > len(kept) * len(SHIFTS):
        raise ValueError(
            f"{items:,} images cannot be made of {len(kept):,}; {len(kept) * len(SHIFTS):,} at most"
        )
    drawn = generator.permutation(len(kept) * len(SHIFTS))[:items]
    with pq.ParquetWriter(path, SCHEMA) as writer:
        for low in range(0, items, CHUNK_ROWS):
            part = drawn[low : low + CHUNK_ROWS]
            rows, shifts = kept[part // len(SHIFTS)], part % len(SHIFTS)
            images = [_png(pixels[row], SHIFTS[shift]) for row, shift in zip(rows, shifts, strict=True)]
            keys = [f"digit-{row:05d}-{shift:02d}" for row, shift in zip(rows, shifts, strict=True)]
            writer.write_table(pa.table([keys, images, digits[rows].astype(str).tolist()], schema=SCHEMA))


def command(name: str, config: Path, *arguments: str) -> dict[str, float]:
    """Run one of goldpan's commands; return its seconds and gigabytes.

    Args:
        name: of the command.
        config: the project's file.
        arguments: what else it gets.

    Raises:
        CalledProcessError: it failed.
    """
    began = time.perf_counter()
    full = [sys.executable, "-m", "app", name, str(config), *arguments]
    with subprocess.Popen(
        full, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        with TreeWatch(process.pid) as watch:
            said, _ = process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, full, said)
    return {f"{name}_s": round(time.perf_counter() - began, 2)} | watch.figures(name)


def label_in_browser(config: Path, *, labels: int) -> dict[str, float]:
    """Serve the project, label by keys as the digits truly are, look at every page.

    Args:
        config: the project's file.
        labels: how many.

    Returns:
        Seconds until the first item, of all labels, of the round after them and of each page, and gigabytes.
    """
    truth = _truth(config)
    server = RunningServer(config)
    try:
        with TreeWatch(server.process.pid) as watch, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS)
            )
            began = time.perf_counter()
            with open_page(browser, server.url) as page:
                wait_for_item(page)
                figures = {"first_item_s": time.perf_counter() - began}
                figures |= _label(page, truth, labels)
            for name in PAGES:
                began = time.perf_counter()
                with open_page(browser, server.url, page=name) as page:
                    _settle(page)
                    figures[f"page_{name.lower()}_s"] = time.perf_counter() - began
            browser.close()
    finally:
        server.stop()
    return {name: round(value, 3) for name, value in figures.items()} | watch.figures("server")


def _label(page: Page, truth: dict[str, str], labels: int) -> dict[str, float]:
    """Press keys, wait until all is saved, then for the end of a round that knows of labels."""
    began, longest = time.perf_counter(), 0.0
    for _ in range(labels):
        pressed = time.perf_counter()
        shown = page.evaluate("() => window.painted.length")
        page.keyboard.press(truth[current_key(page)])
        wait_for(
            lambda before=shown: page.evaluate("() => window.painted.length") > before,  # type: ignore[misc]
            seconds=WAIT_S,
            what="the next item",
        )
        longest = max(longest, time.perf_counter() - pressed)
    wait_for(lambda: len(saved_uids(page)) >= labels, seconds=WAIT_S, what="all labels are saved")
    saved = time.perf_counter()
    wait_for_round(page, 2, WAIT_S)
    after = time.perf_counter() - saved
    return {"labelling_s": saved - began, "longest_wait_s": longest, "round_after_labels_s": after}


def _settle(page: Page) -> None:
    """Wait until a page shows what it has: nothing of it says that it is being made."""
    expect(page.locator(".main-content")).to_be_visible(timeout=WAIT_S * 1000)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text(re.compile("Loading|is being (counted|made|computed)"))).to_have_count(
        0, timeout=WAIT_S * 1000
    )


def _truth(config: Path) -> dict[str, str]:
    """Return the digit of each key: part of the key is the row it was made of."""
    table = pq.read_table(config.parent / "digits.parquet", columns=["id", "label"])
    return dict(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True))


def _read(data: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    tables = [
        pq.read_table(data / f"mnist_{part}.parquet", columns=["image", "label"])
        for part in ("train", "test")
    ]
    table = pa.concat_tables(tables)
    pixels = np.stack(
        [np.asarray(Image.open(io.BytesIO(_bytes(value)))) for value in table["image"].to_pylist()]
    )
    return pixels, np.asarray(table["label"].to_pylist(), int)


def _bytes(value: object) -> bytes:
    """Return an image's bytes, alone or with a path beside them as Hugging Face keeps them."""
    found = value["bytes"] if isinstance(value, dict) else value
    assert isinstance(found, bytes)
    return found


def _png(pixels: npt.NDArray[np.uint8], shift: tuple[int, int]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.roll(pixels, shift, axis=(0, 1))).save(content, "PNG", compress_level=1)
    return content.getvalue()


if __name__ == "__main__":
    main()
