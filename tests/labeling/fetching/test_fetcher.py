"""Fetching what is allowed: whole files and parts, tried again where that helps, kept on disk."""

from __future__ import annotations

import time
from pathlib import Path

import fsspec
import pytest

from config import fetching
from labeling.fetching import stores
from labeling.fetching.errors import FetchError, FetchStalledError
from labeling.fetching.fetcher import Fetcher
from tests.web_files import WebFiles, allow

DATA = bytes(range(256)) * 100


def test_fetch__is_asked_for_once_while_it_stays_the_same(server: WebFiles) -> None:
    server.files["/a.bin"] = DATA
    for _ in range(2):
        path = Fetcher().fetch(f"{server.origin}/a.bin")
        assert path.read_bytes() == DATA and path.name.endswith("a.bin")
    assert server.gets("/a.bin") == 1
    server.files["/a.bin"] = DATA[::-1]
    assert Fetcher().fetch(f"{server.origin}/a.bin").read_bytes() == DATA[::-1]


def test_read__a_part(server: WebFiles) -> None:
    server.files["/a.bin"] = DATA
    for _ in range(2):
        assert Fetcher().read(f"{server.origin}/a.bin", start=1_000, length=50) == DATA[1_000:1_050]
    assert server.asked == [("GET", "/a.bin", "bytes=1000-1049")]


def test_read__a_part_from_a_server_that_gives_whole_files_alone(server: WebFiles) -> None:
    server.files["/a.bin"], server.ranges = DATA, False
    for start in (1_000, 2_000):
        assert Fetcher().read(f"{server.origin}/a.bin", start=start, length=50) == DATA[start : start + 50]
    assert server.gets("/a.bin") == 3  # each part is tried; the whole file came once


def test_read__another_file_than_expected(server: WebFiles) -> None:
    server.files["/a.bin"] = DATA
    with pytest.raises(FetchError, match=r"has 25,600 bytes and had 25,601 when the pool was imported"):
        Fetcher().read(f"{server.origin}/a.bin", start=0, length=5, expected=len(DATA) + 1)


def test_fetch__a_busy_server_is_asked_again(server: WebFiles) -> None:
    server.files["/a.bin"], server.busy["/a.bin"] = DATA, 2
    assert Fetcher().fetch(f"{server.origin}/a.bin").read_bytes() == DATA
    server.files["/b.bin"], server.busy["/b.bin"] = DATA, 3
    with pytest.raises(FetchStalledError, match=r"answers 503 .*try again later"):
        Fetcher().fetch(f"{server.origin}/b.bin")


def test_fetch__cut_short_leaves_nothing_behind(server: WebFiles, tmp_path: Path) -> None:
    server.files["/a.bin"], server.cut["/a.bin"] = DATA, 10_000
    with pytest.raises(FetchStalledError, match=r"a\.bin is cut short: 10,000 of 25,600 bytes came"):
        Fetcher().fetch(f"{server.origin}/a.bin")
    assert server.gets("/a.bin") == 3
    assert [path for path in (tmp_path / "fetched").rglob("*") if path.is_file()] == []
    del server.cut["/a.bin"]
    assert Fetcher().fetch(f"{server.origin}/a.bin").read_bytes() == DATA


def test_fetch__a_server_that_stalls(server: WebFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeling.fetching.fetcher.HURRIED_S", 0.1)
    server.stalled.add("/a.bin")
    began = time.monotonic()
    with pytest.raises(FetchStalledError, match=r"a\.bin does not answer \(it says nothing\)"):
        Fetcher().read(f"{server.origin}/a.bin", hurry=True)
    assert time.monotonic() - began < 5
    asked = len(server.asked)
    # A page with many pictures does not wait for each of them; who does not hurry asks again.
    patient = Fetcher()
    for _ in range(3):
        with pytest.raises(FetchStalledError):
            patient.read(f"{server.origin}/a.bin", hurry=True)
    assert len(server.asked) == asked + 1
    server.stalled.clear()
    server.files["/a.bin"] = DATA
    assert patient.read(f"{server.origin}/a.bin") == DATA


def test_fetch__what_is_not_there(server: WebFiles) -> None:
    with pytest.raises(FetchError, match=r"answers 404 .*mend the address"):
        Fetcher().fetch(f"{server.origin}/a.bin")
    assert server.gets("/a.bin") == 1  # another try would not help


def test_fetch__larger_than_what_is_kept(
    server: WebFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(monkeypatch, tmp_path, server.origin, cache_gb=1e-5)
    server.files["/a.bin"] = DATA
    with pytest.raises(FetchError, match=r"has 25,600 bytes; of fetched files 10,000 are kept"):
        Fetcher().fetch(f"{server.origin}/a.bin")


def test_fetch__redirect_within_what_is_allowed(server: WebFiles) -> None:
    server.files["/b.bin"], server.moved["/a.bin"] = DATA, "/b.bin"
    assert Fetcher().fetch(f"{server.origin}/a.bin").read_bytes() == DATA
    server.moved["/c.bin"] = "/c.bin"
    with pytest.raises(FetchError, match="leads on more than 5 times"):
        Fetcher().fetch(f"{server.origin}/c.bin")


def test_fetch__from_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "STORES", fetching.STORES | {"memory"})
    allow(monkeypatch, tmp_path, "memory://bucket")
    files = fsspec.filesystem("memory")
    files.pipe("/bucket/a.bin", DATA)
    assert Fetcher().fetch("memory://bucket/a.bin").read_bytes() == DATA
    assert Fetcher().read("memory://bucket/a.bin", start=300, length=20) == DATA[300:320]
    with pytest.raises(FetchError, match=r"memory://bucket/b\.bin is not there"):
        Fetcher().fetch("memory://bucket/b.bin")
    assert stores.describe("memory://bucket/a.bin")[0] == len(DATA)


def test_fetch__a_store_whose_library_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, tmp_path, "s3://bucket")

    def missing(address: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(FetchError, match=r"install goldpan\[remote\].*s3fs"):
        Fetcher().fetch("s3://bucket/a.bin")
