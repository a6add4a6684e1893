from __future__ import annotations

import numpy as np

from strategies.registry import strategies
from tests.strategies.pools import answered_state


def test_least_confidence__a_low_maximum_beats_a_close_pair() -> None:
    shares = [[0.50, 0.49, 0.01], [0.40, 0.32, 0.28], [0.90, 0.05, 0.05]]
    state = answered_state(np.eye(3, dtype=np.float32), shares)
    generator = np.random.default_rng(0)
    assert strategies.get("least_confidence")(state, 3, generator).indices.tolist() == [1, 0, 2]
    assert strategies.get("margin")(state, 3, generator).indices.tolist() == [0, 1, 2]
