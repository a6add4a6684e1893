"""What is decided about a round before it runs; free of torch, for the web server."""

from __future__ import annotations

import datetime as dt
import os
import socket
from typing import Any

import numpy as np

from app.easing import ASKED_ROUNDS, next_easing
from app.project import now as project_now
from config.schema import ProjectConfig
from labeling.round_log import abandon_stale, fail_round, latest_round, newest_rounds, start_round

HEARTBEAT_S = 5.0
"""How often whoever runs a round says that it is alive."""
STALE_S = 60.0
"""After this long without a word, a round counts as given up."""


def next_seed(session: Any, *, project_seed: int) -> int:  # noqa: ANN401 - a session of labeling.database
    """Return the seed of the round that `start_round` would begin in the same transaction."""
    newest = latest_round(session, state=None)
    return round_seed(project_seed, 1 if newest is None else newest.number + 1)


def begin_round(session: Any, *, config: ProjectConfig, revision: int) -> tuple[int, int] | None:  # noqa: ANN401
    """Begin a round of this process, eased as `app.easing` says after failures.

    Args:
        session: of a write transaction.
        config: the project's settings.
        revision: the label revision to start from.

    Returns:
        Its number and its seed; None while another one runs.
    """
    seed = next_seed(session, project_seed=config.project.seed)
    easing = next_easing(newest_rounds(session, limit=ASKED_ROUNDS))
    number = start_round(
        session,
        revision=revision,
        seed=seed,
        owner=owner_name(),
        now=project_now(),
        metrics={"easing": easing.to_dict(config.head)} if easing else None,
    )
    return None if number is None else (number, seed)


def round_seed(project_seed: int, number: int) -> int:
    """Return the seed of a round: the same for the same project seed and number, on any machine."""
    return int(np.random.SeedSequence([project_seed, number]).generate_state(1)[0])


def owner_name() -> str:
    """Return what this process calls itself in the log of rounds."""
    return f"{socket.gethostname()}:{os.getpid()}"


def give_up_orphans(session: Any, *, now: dt.datetime, own: bool) -> None:  # noqa: ANN401 - a database session
    """Mark a round as failed whose process is gone or has been silent too long, so that the next can start.

    Args:
        session: of a write transaction.
        now: the moment, in UTC.
        own: whether a round under this process's own number is a leftover of an earlier process, too.
    """
    abandon_stale(session, older_than_s=STALE_S, now=now)
    newest = latest_round(session, state="running")
    if newest is not None and _owner_is_gone(newest.owner, own=own):
        fail_round(session, number=newest.number, error="the server stopped during this round", now=now)


def _owner_is_gone(owner: str, *, own: bool) -> bool:
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return own
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
