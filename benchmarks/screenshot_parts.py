"""What the scripts that draw docs/images share: widths, waiting, a picture in few colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from app.project import Project
from tests.servers import wait_for

WIDTHS_PX = (1440, 900)
HEIGHT_PX = 900
SETTLE_MS = 2500


def wait_for_map(project: Project) -> None:
    """Wait until the map is arranged, so that it looks the same in every picture."""
    arranged = project.paths.vectors / "arranged.json"
    wait_for(arranged.is_file, seconds=300, what="the arranged map")


def picture(page: Page, path: Path) -> None:
    """Take the picture of what the window shows once it has settled, the pointer out of the way."""
    page.wait_for_timeout(SETTLE_MS)
    page.mouse.move(5, HEIGHT_PX - 5)
    page.wait_for_timeout(300)
    page.screenshot(path=path, full_page=False)
    shrink(path)


def shrink(path: Path) -> None:
    """Keep a picture in 256 colours, each the commonest of those it stands for: plain areas stay as they are."""
    with Image.open(path) as shown:
        full = shown.convert("RGB")
    small = full.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    places = np.asarray(small).ravel()
    colours = np.asarray(full).reshape(-1, 3)
    palette = np.zeros((256, 3), np.uint8)
    for place in np.unique(places):
        found, counts = np.unique(colours[places == place], axis=0, return_counts=True)
        palette[place] = found[counts.argmax()]
    small.putpalette(palette.ravel().tolist())
    small.save(path, optimize=True)
