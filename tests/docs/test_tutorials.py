"""Each tutorial is walked through as it stands; GOLDPAN_WRITE_IMAGES=1 draws its pictures anew."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.docs.walk import IMAGES, TUTORIALS, Walk, check_picture, parts_of
from tests.servers import ROOT

DATA = Path(os.environ.get("GOLDPAN_DATA") or ROOT.parent / "shared" / "data")
STEPS = {
    "digits.md": "steps_digits",
    "sdss-quasars.md": "steps_sdss",
    "banking77.md": "steps_banking",
    "three-annotators.md": "steps_annotators",
}
NEEDS = {
    "sdss-quasars.md": "sdss.csv",
    "banking77.md": "banking77_train.csv",
    "three-annotators.md": "cifar10n_10k.parquet",
}


def walk_through(name: str, folder: Path, browser: Browser) -> None:
    images = IMAGES if os.environ.get("GOLDPAN_WRITE_IMAGES") else folder / "images"
    place = folder / "reader"
    place.mkdir()
    if name in NEEDS:
        shutil.copy(DATA / NEEDS[name], place)
    steps = importlib.import_module(f"tests.docs.{STEPS[name]}")
    walk = Walk(TUTORIALS / name, steps, place, browser, images)
    walk.go()
    assert walk.taken == [part.text for part in parts_of(TUTORIALS / name) if part.kind == "picture"]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_tutorial__digits(chromium: Browser, tmp_path: Path) -> None:
    walk_through("digits.md", tmp_path, chromium)


@pytest.mark.browser
@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", list(NEEDS))
def test_tutorial__of_real_data(chromium: Browser, tmp_path: Path, name: str) -> None:
    if not (DATA / NEEDS[name]).is_file():
        pytest.skip(f"{DATA / NEEDS[name]} is not here; set GOLDPAN_DATA to the folder of the real data sets")
    walk_through(name, tmp_path, chromium)


def test_tutorials__each_is_walked_through() -> None:
    assert {path.name for path in TUTORIALS.glob("*.md")} == set(STEPS)


@pytest.mark.parametrize("name", list(STEPS))
def test_tutorial__has_its_steps_and_pictures(name: str) -> None:
    """Also where the real data are not there to walk through it."""
    steps = importlib.import_module(f"tests.docs.{STEPS[name]}")
    parts = parts_of(TUTORIALS / name)
    assert [part.text for part in parts if part.kind == "step" and not hasattr(steps, part.text)] == []
    pictures = [part.text for part in parts if part.kind == "picture"]
    assert len(pictures) >= 3
    for picture in pictures:
        check_picture(IMAGES / picture)


def test_tutorials__leave_no_picture_behind() -> None:
    shown = {part.text for name in STEPS for part in parts_of(TUTORIALS / name) if part.kind == "picture"}
    assert {path.name for path in IMAGES.glob("*")} == shown
