"""What is decided about a round before it runs; free of torch, for the web server."""

from __future__ import annotations

import datetime as dt
import os
import socket
from typing import Any

import numpy as np

from app.easing import ASKED_ROUNDS, next_easing
from config.schema import ProjectConfig
from labeling.clock import database_now
from labeling.round_log import abandon_stale, fail_round, latest_round, newest_rounds, start_round

HEARTBEAT_S = 5.0
"""How often whoever runs a round says that it is alive."""
STALE_S = 60.0
"""After this long without a word, a round counts as given up."""
GRACE_S = 2.5 * HEARTBEAT_S
"""So long a server listens for a sign of life itself, before it believes that a round is as old as it looks."""


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
        now=database_now(session),
        metrics={"easing": easing.to_dict(config.head)} if easing else None,
    )
    return None if number is None else (number, seed)


def round_seed(project_seed: int, number: int) -> int:
    """Return the seed of a round: the same for the same project seed and number, on any machine."""
    return int(np.random.SeedSequence([project_seed, number]).generate_state(1)[0])


def owner_name() -> str:
    """Return what this process calls itself in the log of rounds."""
    return f"{machine_name()}:{os.getpid()}"


def machine_name() -> str:
    """Return the name within which the numbers of processes are unique: a container's are not those of its machine."""
    try:
        space = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()}/{space}"


def give_up_orphans(session: Any, *, now: dt.datetime, own: bool) -> None:  # noqa: ANN401 - a database session
    """Mark a round as failed whose process is gone or has been silent too long, so that the next can start.

    Args:
        session: of a write transaction.
        now: the moment, in UTC.
        own: whether a round under this process's own number is a leftover of an earlier process, too.
    """
    abandon_stale(session, older_than_s=STALE_S, now=now)
    newest = latest_round(session, state="running")
    if newest is not None and owner_is_gone(newest.owner, own=own):
        fail_round(session, number=newest.number, error="the server stopped during this round", now=now)


def owner_is_gone(owner: str, *, own: bool) -> bool:
    """Return whether the process of that name ended on this machine; False where that cannot be seen from here.

    Args:
        owner: as of `owner_name`; earlier versions left the space of the numbers out.
        own: whether this process's own number counts as that of an earlier one.
    """
    machine, _, pid = owner.rpartition(":")
    if machine not in (machine_name(), socket.gethostname()) or not pid.isdigit():
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
