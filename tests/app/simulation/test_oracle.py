from __future__ import annotations

import numpy as np

from app.simulation.oracle import balanced_oracle
from app.simulation.run import RunPlan, simulate
from tests.app.simulation.pools import small_pool


def test_balanced_oracle__labels_every_class_alike() -> None:
    pool = small_pool()
    result = simulate(pool, RunPlan(budget=12, batch=6, queue=6), balanced_oracle(pool))
    assert np.bincount(pool.truth[list(result.rows)]).tolist() == [4, 4, 4]


def test_balanced_oracle__goes_on_where_a_class_has_no_item_left() -> None:
    pool = small_pool()
    result = simulate(pool, RunPlan(budget=20, batch=10, queue=10), balanced_oracle(pool))
    assert np.bincount(pool.truth[list(result.rows)]).tolist() == [8, 8, 4]
