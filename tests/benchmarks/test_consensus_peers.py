"""cleanlab's consensus beside goldpan's, where it is installed."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.consensus_peers import cleanlab_consensus

SAID = np.array([[0, 0, 1], [1, 1, 1], [2, 0, 2], [0, 0, 0], [1, 1, 0], [2, 2, 2]])
OPINION = np.eye(3)[[0, 1, 2, 0, 1, 2]] * 0.7 + 0.1


@pytest.mark.skipif(find_spec("cleanlab") is not None, reason="cleanlab is installed")
def test_cleanlab_consensus__is_left_out_where_it_is_not_installed() -> None:
    assert cleanlab_consensus(SAID, OPINION) == {}


@pytest.mark.skipif(find_spec("cleanlab") is None, reason="cleanlab is among the peers: make peers")
def test_cleanlab_consensus__has_classes_and_how_sure_they_are() -> None:
    found = cleanlab_consensus(SAID, OPINION)
    assert set(found) == {"cleanlab_crowdlab", "cleanlab_crowdlab_calibrated"}
    for each in found.values():
        assert each.classes.tolist() == [0, 1, 2, 0, 1, 2]
        assert ((each.confidence > 0) & (each.confidence <= 1)).all()
