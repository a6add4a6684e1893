"""What is decided about a round before it runs; free of torch, for the web server."""

from __future__ import annotations

from typing import Any

import numpy as np

from labeling.round_log import latest_round


def next_seed(session: Any, *, project_seed: int) -> int:  # noqa: ANN401 - a session of labeling.database
    """Return the seed of the round that `start_round` would begin in the same transaction."""
    newest = latest_round(session, state=None)
    return round_seed(project_seed, 1 if newest is None else newest.number + 1)


def round_seed(project_seed: int, number: int) -> int:
    """Return the seed of a round: the same for the same project seed and number, on any machine."""
    return int(np.random.SeedSequence([project_seed, number]).generate_state(1)[0])
