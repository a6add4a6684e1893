"""What the tests of the exports share: pools of every kind, made once, and bundles over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from labeling.exports.contract import ExportBundle
from labeling.pools.pool import Pool
from tests.labeling.exports.bundles import make_pool, pool_bundle


@pytest.fixture(scope="session")
def pool_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pool]:
    """Return the pool of a kind."""
    return cache(lambda kind: make_pool(kind, tmp_path_factory.mktemp(kind)))


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the weights of the bundles' model are."""
    return tmp_path_factory.mktemp("model")


@pytest.fixture
def make(pool_of: Callable[[str], Pool], model_folder: Path) -> Callable[..., ExportBundle]:
    """Return what makes a bundle: `make("image", revision=18)`."""

    def made(kind: str, **changes: Any) -> ExportBundle:
        return pool_bundle(pool_of(kind), model_folder, changes)

    return made
