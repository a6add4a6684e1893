"""How soon the first item is on the screen where the pool has a million items."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import Browser

from app.prepare import create_project
from app.run_now import run_first
from app.setup import ProjectWishes, make_config
from tests.browser.pages import open_page, wait_for_item
from tests.servers import serving

COLUMNS = 8
CLASSES = ("common", "other", "rare")
CHUNK_ROWS = 100_000


def make_big_project(folder: Path, *, items: int, seed: int = 0) -> Path:
    """Make a project over a table of normal numbers, run its first round, and return its file.

    Args:
        folder: an existing folder.
        items: rows of the table.
        seed: of the numbers.
    """
    write_table(folder / "big.parquet", items=items, seed=seed)
    path = folder / "big.yaml"
    wishes = ProjectWishes(name="big", pool=str(folder / "big.parquet"), key="id", classes=CLASSES, seed=seed)
    project = create_project(make_config(wishes, path), path)
    run_first(project, lambda share, what: None)
    project.close()
    return path


def write_table(path: Path, *, items: int, seed: int) -> None:
    """Write `id` and COLUMNS columns of numbers around three centres, one of them rare."""
    generator = np.random.default_rng(seed)
    names = [f"c{number}" for number in range(COLUMNS)]
    schema = pa.schema([("id", pa.string()), *((name, pa.float32()) for name in names)])
    with pq.ParquetWriter(path, schema) as writer:
        for low in range(0, items, CHUNK_ROWS):
            count = min(CHUNK_ROWS, items - low)
            kinds = generator.choice(3, count, p=(0.79, 0.2, 0.01))
            values = generator.normal(size=(count, COLUMNS)) + 5.0 * kinds[:, None]
            keys = [f"row-{number:08d}" for number in range(low, low + count)]
            columns = [pa.array(keys), *(pa.array(column) for column in values.astype(np.float32).T)]
            writer.write_table(pa.table(columns, schema=schema))


def page_ready_s(browser: Browser, config_path: Path, *, times: int = 5) -> list[float]:
    """Return how long after each of some openings the first item is on the screen; the first finds the server cold."""
    found = []
    with serving(config_path) as server:
        for _ in range(times):
            began = time.perf_counter()
            with open_page(browser, server.url) as page:
                wait_for_item(page)
                found.append(time.perf_counter() - began)
    return found
