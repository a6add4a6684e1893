"""The cache keeps to its bound, drops what was used longest ago, and never shows half a file."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from labeling.fetching.cache import LEFT_S, PART, DiskCache
from labeling.fetching.errors import FetchError
from tests.app.test_import_whole import disk_full_at


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def put(cache: DiskCache, key: str, size: int, *, age_s: float = 0.0) -> Path:
    path = cache.put(key, f"{key}.bin", [bytes(size)])
    used = time.time() - age_s
    os.utime(path, (used, used))
    return path


def test_cache__gives_back_what_was_put(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "c", 1_000)
    path = cache.put("k", "../a b.png", [b"one", b"two"])
    assert (
        path.read_bytes() == b"onetwo" and path.name.endswith(".png") and path.is_relative_to(tmp_path / "c")
    )
    assert cache.get("k", "../a b.png") == path
    assert cache.read("k", "../a b.png") == b"onetwo"
    assert cache.get("other", "../a b.png") is None and cache.read("other", "a") is None


def test_cache__drops_what_was_used_longest_ago(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 1_000)
    for number in range(9):
        put(cache, str(number), 100, age_s=100 - number)
    assert cache.read("0", "0.bin") is not None  # used just now
    put(cache, "new", 300)
    assert cache.sweep() <= 1_000
    assert cache.read("0", "0.bin") is not None and cache.read("new", "new.bin") is not None
    assert cache.read("1", "1.bin") is None and cache.read("2", "2.bin") is None


def test_cache__what_is_held_stays(tmp_path: Path) -> None:
    cache, other = DiskCache(tmp_path, 1_000), DiskCache(tmp_path, 1_000)
    put(cache, "held", 600, age_s=1_000)
    assert cache.get("held", "held.bin", hold=True) is not None
    os.utime(cache.get("held", "held.bin") or "", (0, 0))
    put(other, "more", 600)
    other.sweep()
    assert other.get("held", "held.bin") is not None
    os.utime(cache.get("held", "held.bin") or "", (0, 0))
    cache.release()
    put(other, "again", 600)
    other.sweep()
    assert other.get("held", "held.bin") is None


def test_cache__an_error_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise FetchError("cut short")

    cache = DiskCache(tmp_path, 1_000)
    with pytest.raises(FetchError, match="cut short"):
        cache.put("k", "a.bin", broken())
    assert files(tmp_path) == []


def test_cache__a_file_larger_than_the_bound(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"set cache_gb in fetch\.yaml to more"):
        DiskCache(tmp_path, 1_000).put("k", "a.bin", [bytes(600), bytes(600)])
    assert files(tmp_path) == []


def test_cache__a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("a file")
    with pytest.raises(FetchError, match=r"cannot be kept in .*make room there"):
        DiskCache(tmp_path / "c", 1_000).put("k", "a.bin", [b"x"])


def test_cache__a_disk_that_fills_leaves_nothing(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 1_000_000)
    with disk_full_at(80_000), pytest.raises(FetchError, match=r"File too large\); make room there"):
        cache.put("k", "a.bin", [bytes(10_000)] * 10)
    assert files(tmp_path) == []
    assert cache.put("k", "a.bin", [bytes(10_000)] * 10).stat().st_size == 100_000


def test_cache__a_part_that_a_dead_process_left_goes(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, 1_000)
    old, new = tmp_path / f"old{PART}", tmp_path / f"new{PART}"
    for path in (old, new):
        path.write_bytes(bytes(800))
    os.utime(old, (0, time.time() - LEFT_S - 1))
    cache.sweep()
    assert not old.exists() and new.exists()


def test_cache__two_processes_put_the_same_file(tmp_path: Path) -> None:
    """Each writes under a name of its own: whoever looks finds nothing or all of it."""
    code = (
        "import sys; from pathlib import Path; from labeling.fetching.cache import DiskCache\n"
        "cache = DiskCache(Path(sys.argv[1]), 10_000_000)\n"
        "for number in range(60):\n"
        "    cache.put('k', 'a.bin', (bytes([number]) * 1000 for _ in range(50)))\n"
        "    data = cache.read('k', 'a.bin')\n"
        "    assert data is not None and len(data) == 50_000 and len(set(data)) == 1, len(data)\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    assert [each.wait(60) for each in running] == [0, 0]
    assert len(files(tmp_path)) == 1
