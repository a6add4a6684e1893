"""A server that the person allows, quick to try again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labeling.fetching import fetcher
from tests.web_files import WebFiles, allow, web_files


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebFiles]:
    monkeypatch.setattr(fetcher, "PAUSES_S", (0.01, 0.01))
    with web_files() as running:
        allow(monkeypatch, tmp_path, running.origin)
        yield running
