"""The names that a configuration may choose from are those that are registered."""

from __future__ import annotations

import pytest

from config.names import BUILT_IN
from config.registry import Registry
from labeling.consensus.registry import methods
from labeling.pools.registry import readers
from models.encoders.registry import encoders
from models.heads.registry import heads
from strategies.registry import strategies


@pytest.mark.parametrize(
    ("kind", "registry"),
    [
        ("reader", readers),
        ("encoder", encoders),
        ("head", heads),
        ("strategy", strategies),
        ("consensus", methods),
    ],
)
def test_built_in__equals_registry(kind: str, registry: Registry[object]) -> None:
    assert sorted(set(BUILT_IN[kind]) - {"auto"}) == registry.names()
