from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from benchmarks.memory_tree import TreeWatch, process_tree
from benchmarks.million_images import SHIFTS, write_digits
from tests.servers import wait_for


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twenty digits of one bright pixel each, so that a shift can be read back."""
    for part, low in (("train", 0), ("test", 10)):
        images = []
        for place in range(low, low + 10):
            pixels = np.zeros((28, 28), np.uint8)
            pixels[14, place] = 255
            content = io.BytesIO()
            Image.fromarray(pixels).save(content, "PNG")
            images.append(content.getvalue())
        pq.write_table(
            pa.table({"image": images, "label": [str(place % 10) for place in range(10)]}),
            tmp_path / f"mnist_{part}.parquet",
        )
    return tmp_path


def test_write_digits__keys_are_distinct_and_tell_image_and_label(data: Path, tmp_path: Path) -> None:
    write_digits(data, tmp_path / "digits.parquet", items=60)
    rows = pq.read_table(tmp_path / "digits.parquet").to_pylist()
    assert len({row["id"] for row in rows}) == 60
    for row in rows:
        _, digit, shift = row["id"].split("-")
        down, right = SHIFTS[int(shift)]
        pixels = np.asarray(Image.open(io.BytesIO(row["image"])))
        assert np.argwhere(pixels).tolist() == [[14 + down, (int(digit) + right) % 28]]
        assert row["label"] == str(int(digit) % 10)


def test_write_digits__more_than_can_be_made(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most"):
        write_digits(data, tmp_path / "digits.parquet", items=20 * len(SHIFTS) + 1)
    assert not (tmp_path / "digits.parquet").exists()


def test_tree_watch__sees_what_a_process_below_takes() -> None:
    # The one below takes 200 MB and waits; the one above only waits for it.
    below = "import time; kept = bytearray(b'x') * 200_000_000; time.sleep(60)"
    above = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {below!r}])"
    with subprocess.Popen([sys.executable, "-c", above], start_new_session=True) as process:
        with TreeWatch(process.pid, every_s=0.05) as watch:
            wait_for(lambda: watch.below_gb > 0.2, what="the memory of the process below")
        tree = process_tree(process.pid)
        for pid in tree[::-1]:
            subprocess.run(["kill", str(pid)], check=False)
    assert len(tree) == 2
    assert watch.root_gb < 0.1 < watch.together_gb
