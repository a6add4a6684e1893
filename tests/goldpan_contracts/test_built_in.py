"""What comes with goldpan passes the checks that a plug-in's author is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.schema import HeadSection
from goldpan_contracts import (
    check_encoder,
    check_export,
    check_head,
    check_reader,
    check_strategy,
)
from labeling.exports.registry import exports
from labeling.pools.registry import locate, readers
from models.encoders.registry import encoders
from models.heads.registry import heads
from strategies.registry import strategies
from tests.labeling.pools.files import WRITERS

WITHOUT_WEIGHTS = ("given", "tabular", "text_tfidf", "series_stats")
"""Encoders that are quick and need nothing downloaded; tests/models/encoders tries all."""


@pytest.mark.parametrize("name", strategies.names())
def test_check_strategy(name: str) -> None:
    check_strategy(strategies.get(name), name=name)


@pytest.mark.parametrize("name", sorted(set(heads.names()) - {"sklearn"}))
def test_check_head(name: str) -> None:
    check_head(heads.get(name), section=HeadSection(name=name, members=3, epochs=60))


@pytest.mark.parametrize("name", WITHOUT_WEIGHTS)
def test_check_encoder(name: str) -> None:
    check_encoder(encoders.get(name))


@pytest.mark.parametrize("name", readers.names())
def test_check_reader(name: str, tmp_path: Path) -> None:
    section = WRITERS[name](tmp_path)
    path = locate(section, tmp_path)
    check_reader(readers.get(name), path, section=section.model_copy(update={"path": str(path)}))


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_check_export(name: str) -> None:
    check_export(exports.get(name))
