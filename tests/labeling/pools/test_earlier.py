"""An import that was stopped goes on where it was, and gives the snapshot that one run would have given."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config.schema import PoolSection
from labeling.pools import snapshot as importing
from labeling.pools.contract import Part
from labeling.pools.earlier import NOTES, can_go_on, import_folder, part_of
from labeling.pools.errors import PoolContentError
from labeling.pools.pool import Pool, open_pool
from labeling.pools.snapshot import make_snapshot
from labeling.pools.truth import read_truth
from labeling.pools.writer import SnapshotWriter
from tests.labeling.pools.files import ITEMS, WRITERS, image_bytes

PIECE = 8
"""Items that every reader is made to give together."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small parts, noted at once."""
    monkeypatch.setattr(importing, "NOTED_EVERY_S", 0.0)
    for place in (
        "rows.BATCH_ROWS", "image_table._BATCH_ROWS", "image_folder._BATCH_FILES", "image_paths._PART_ITEMS",
        "image_shards._BATCH_ITEMS", "vectors._BATCH_ROWS", "series._BATCH_ROWS",
    ):  # fmt: skip
        monkeypatch.setattr(f"labeling.pools.{place}", PIECE)
    real = SnapshotWriter.add
    stored.clear()

    def add(self: SnapshotWriter, part: Part) -> None:
        real(self, part)
        stored.append(len(part.keys))

    monkeypatch.setattr(SnapshotWriter, "add", add)


stored: list[int] = []
"""Sizes of the parts that were stored anew."""


def stop_after(items: int, problem: BaseException) -> Callable[[float, str], None]:
    def progress(share: float, words: str) -> None:
        if int(words.split()[0].replace(",", "")) >= items:
            raise problem

    return progress


def contents(pool: Pool) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in pool.folder.iterdir() if path.name != "snapshot.json"}


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_make_snapshot__goes_on_after_it_was_stopped(tmp_path: Path, name: str) -> None:
    section = WRITERS[name](tmp_path)
    whole = make_snapshot(section, folder=tmp_path / "w/pool", base=tmp_path)
    folder = tmp_path / "d/pool"
    for stop in (PIECE, 3 * PIECE):  # twice: what was taken up is taken up again
        with pytest.raises(KeyboardInterrupt):
            make_snapshot(
                section, folder=folder, base=tmp_path, progress=stop_after(stop, KeyboardInterrupt())
            )
        assert can_go_on(folder) and not folder.exists()
    noted = json.loads((part_of(folder) / NOTES).read_text())["items"]
    stored.clear()
    pool = make_snapshot(section, folder=folder, base=tmp_path)
    assert (pool.hash, pool.n, pool.notes) == (whole.hash, ITEMS, whole.notes)
    assert contents(pool) == contents(whole)
    assert read_truth(folder) == read_truth(whole.folder)
    assert pool.images(0, ITEMS) == whole.images(0, ITEMS) if pool.kind == "image" else True
    assert [path.name for path in folder.parent.iterdir()] == ["pool"]
    assert noted >= 3 * PIECE and sum(stored) == ITEMS - noted


@pytest.mark.parametrize("name", ["image_folder", "image_paths", "image_shards"])
def test_make_snapshot__images_that_are_known_are_not_opened_again(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = WRITERS[name](tmp_path)
    with pytest.raises(KeyboardInterrupt):
        make_snapshot(
            section, folder=tmp_path / "d/pool", base=tmp_path, progress=stop_after(24, KeyboardInterrupt())
        )
    opened: list[bytes] = []
    before = sum(stored)

    def look(data: bytes) -> str | None:
        opened.append(data)
        return None

    monkeypatch.setattr(f"labeling.pools.{name}.inspect_image", look)
    make_snapshot(section, folder=tmp_path / "d/pool", base=tmp_path)
    assert 0 < len([data for data in opened if data]) == sum(stored) - before


@pytest.mark.parametrize("change", ["source", "settings", "damaged", "keys"])
def test_make_snapshot__begins_anew_where_something_is_another(
    tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = WRITERS["image_paths"](tmp_path)
    folder = tmp_path / "d/pool"
    with pytest.raises(KeyboardInterrupt):
        make_snapshot(section, folder=folder, base=tmp_path, progress=stop_after(24, KeyboardInterrupt()))
    table = tmp_path / "listed.csv"
    if change == "source":
        table.write_text(table.read_text().replace("im-0.png", "im-1.png"))
    elif change == "settings":
        section = section.model_copy(update={"extra": ("where",)})
    elif change == "damaged":
        [items] = part_of(folder).glob("*/items.arrow")
        raw = bytearray(items.read_bytes())
        raw[raw.index(b"row 3")] ^= 1
        items.write_bytes(raw)
    elif change == "keys":  # the stamp is the same, the file is not
        monkeypatch.setattr(importing, "source_stamp", lambda section, path, **rest: (None, 1, 1))
        shutil.rmtree(part_of(folder))
        with pytest.raises(KeyboardInterrupt):
            make_snapshot(section, folder=folder, base=tmp_path, progress=stop_after(24, KeyboardInterrupt()))
        table.write_text(table.read_text().replace("row 3,", "row 99,"))
    stored.clear()
    pool = make_snapshot(section, folder=folder, base=tmp_path)
    assert sum(stored) >= ITEMS
    (tmp_path / "w").mkdir()
    assert pool.hash == make_snapshot(section, folder=tmp_path / "w/pool", base=tmp_path).hash


def test_make_snapshot__what_is_wrong_by_itself_leaves_nothing(tmp_path: Path) -> None:
    section = WRITERS["image_paths"](tmp_path)
    for problem in (PoolContentError("broken"), OSError(28, "No space left on device")):
        with pytest.raises(Exception, match=r"broken|No space left"):
            make_snapshot(
                section, folder=tmp_path / "d/pool", base=tmp_path, progress=stop_after(24, problem)
            )
        assert list((tmp_path / "d").iterdir()) == []


def test_make_snapshot__a_stopped_refresh_keeps_the_old_snapshot(tmp_path: Path) -> None:
    section = WRITERS["image_paths"](tmp_path)
    before = make_snapshot(section, folder=tmp_path / "d/pool", base=tmp_path)
    with (tmp_path / "listed.csv").open("a") as file:
        file.write("row 999,pictures/im-1.png,kind 1\n")
    with pytest.raises(KeyboardInterrupt):
        make_snapshot(
            section, folder=tmp_path / "d/pool", base=tmp_path, progress=stop_after(24, KeyboardInterrupt())
        )
    assert open_pool(tmp_path / "d/pool").hash == before.hash
    assert make_snapshot(section, folder=tmp_path / "d/pool", base=tmp_path).n == ITEMS + 1


def test_import_folder__of_another_process_is_left_alone(tmp_path: Path) -> None:
    with import_folder(tmp_path / "pool") as first, import_folder(tmp_path / "pool") as second:
        assert first.build != second.build


def test_make_snapshot__a_kill_costs_what_was_not_noted(tmp_path: Path) -> None:
    for number in range(80):
        (tmp_path / "i").mkdir(exist_ok=True)
        (tmp_path / f"i/{number:03d}.png").write_bytes(image_bytes(number))
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from config.schema import PoolSection; from labeling.pools import snapshot\n"
        "from labeling.pools import image_folder\n"
        f"snapshot.NOTED_EVERY_S, image_folder._BATCH_FILES = 0.0, {PIECE}\n"
        "def progress(share, words):\n"
        "    if words.startswith('64'): os.kill(os.getpid(), signal.SIGKILL)\n"
        "base = Path(sys.argv[1])\n"
        "snapshot.make_snapshot(PoolSection(path='i'), folder=base / 'd/pool', base=base, progress=progress)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    assert not (tmp_path / "d/pool").exists() and can_go_on(tmp_path / "d/pool")
    pool = make_snapshot(PoolSection(path="i"), folder=tmp_path / "d/pool", base=tmp_path)
    assert pool.n == 80 and sum(stored) == 80 - 64
    assert pool.hash == make_snapshot(PoolSection(path="i"), folder=tmp_path / "w/pool", base=tmp_path).hash
