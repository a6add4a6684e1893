"""The last round's advice on stopping, for the pages; free of torch."""

from __future__ import annotations

import logging

from app.session import DashboardState
from models.errors import ModelError
from models.stopping import Stopping

log = logging.getLogger("goldpan.pages")


def latest_advice(state: DashboardState) -> Stopping | None:
    """Return what the last finished round says about stopping; None where it says nothing of this pool."""
    status = state.status
    if status is None or status.latest is None or state.meaning is None:
        return None
    found = status.latest.metrics.get("stopping")
    if not found:
        return None
    try:
        return Stopping.from_dict(found)
    except ModelError as problem:
        log.warning("round %d: %s", status.round_number, problem)
        return None
