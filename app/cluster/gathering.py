"""Waiting for the parts of a round on a cluster, whatever happens to its workers meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from app.cluster.connection import Connection, refuse_import
from app.errors import ClusterLostError, PartUnseenError

GRACE_S = 15.0
"""So long a cluster may be without a worker, or its scheduler silent, before it counts as gone: workers that died are
started again by their nannies."""

LOOK_S = 0.5
"""How often the workers are counted while a round waits for them."""

POLL_S = 0.005
SLOW_POLL_S = 0.05

FETCH_S = 60.0
"""A result that does not arrive in so long is asked for again."""

LOST_S = 5.0
"""A result that is lost for so long is not being made again by the cluster itself."""

MOST_TRIES = 5
"""A part that could not be made so often ends the round."""


class Failed(Enum):
    """Why a part has to be asked for again."""

    NOT = 0
    LOST = 1
    UNSEEN = 2


Ask = Callable[[int], Any]
"""Given the place of a part, returns the future of what is wanted of it."""


class Watch:
    """Counts the workers now and then.

    Attributes:
        gone: workers that were there and are not any more, since they were last asked for.
    """

    def __init__(self, connection: Connection) -> None:
        """Start counting.

        Args:
            connection: to the cluster.
        """
        self._connection = connection
        self._known: set[str] = connection.sent_workers()
        self._fine_s = self._looked_s = time.monotonic()
        self.gone: set[str] = set()

    def look(self) -> None:
        """Count the workers, if it is time to.

        Raises:
            ClusterLostError: there have been none for too long, or the scheduler was silent for too long.
        """
        moment = time.monotonic()
        if moment - self._looked_s < LOOK_S:
            return
        address, problem = (
            self._connection.address,
            f"all workers of the cluster at {{}} are gone, for {GRACE_S:g} s",
        )
        try:
            there = set(self._connection.workers())
        except ClusterLostError:
            there, problem = set(), "the Dask scheduler at {} does not answer any more"
        else:
            self.gone |= self._known - there
            self._known |= there
        self._looked_s = time.monotonic()
        if there:
            self._fine_s = self._looked_s
        elif self._looked_s - self._fine_s > GRACE_S:
            raise ClusterLostError(problem.format(address))


def gather(
    connection: Connection,
    places: Iterable[int],
    *,
    ask: Ask,
    again: Callable[[int, bool], None],
    take: Callable[[int, Any], None],
    lost_with: Callable[[list[str]], list[int]] = lambda gone: [],
) -> None:
    """Wait for what is wanted of some parts; what a lost worker had is made again by others.

    Args:
        connection: to the cluster.
        places: of the parts.
        ask: asks for it.
        again: called before a part is asked for again that the cluster cannot make by itself: forgets what was asked
            for it, and sends its vectors if it is told to.
        take: called with each result, in the order in which they come.
        lost_with: given workers that are gone, returns the parts whose vectors were sent to them.

    Raises:
        ClusterLostError: all workers or the scheduler are gone, or a part was lost too often.
        ClusterMismatchError: a worker lacks what goldpan needs, or sees another file at the same path.
    """
    waiting = {place: ask(place) for place in places}
    tries = dict.fromkeys(waiting, 0)
    lost: dict[int, float] = {}
    watch = Watch(connection)
    began_s = time.monotonic()
    while waiting:
        came = False
        for place, future in list(waiting.items()):
            failed = Failed.LOST if _too_long_lost(future, lost, place) else Failed.NOT
            if failed is Failed.NOT and future.done():
                failed, result = _result(connection, future)
                if result is not None:
                    del waiting[place]
                    take(place, result[0])
                    came = True
            if failed is not Failed.NOT and connection.client.status == "running":
                tries[place] += 1
                if tries[place] > MOST_TRIES:
                    raise ClusterLostError(
                        f"part {place} of the pool was lost {tries[place]} times on the cluster at "
                        f"{connection.address}; its workers may lack memory: look at their logs"
                    )
                again(place, failed is Failed.UNSEEN)
                waiting[place] = ask(place)
        for place in lost_with(sorted(watch.gone)):
            again(place, True)
            if place in waiting:
                waiting[place] = ask(place)
        watch.gone.clear()
        watch.look()
        if waiting and not came:
            time.sleep(POLL_S if time.monotonic() - began_s < 1.0 else SLOW_POLL_S)


def _too_long_lost(future: Any, lost: dict[int, float], place: int) -> bool:  # noqa: ANN401
    """Return whether a result was lost and does not come back by itself."""
    if future.status != "lost":
        lost.pop(place, None)
        return False
    since = lost.setdefault(place, time.monotonic())
    if time.monotonic() - since < LOST_S:
        return False
    del lost[place]
    return True


def _result(connection: Connection, future: Any) -> tuple[Failed, tuple[Any] | None]:  # noqa: ANN401
    """Return whether a future failed for want of a worker, and its result, if it has one."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        return Failed.NOT, (future.result(timeout=FETCH_S),)
    except TimeoutError:
        return Failed.NOT, None
    except PartUnseenError:
        return Failed.UNSEEN, None
    except (CancelledError, KilledWorker):
        return Failed.LOST, None
    except ImportError as problem:
        refuse_import(problem, f"asked by {connection.address}")
    except OSError:
        if future.status == "error":
            raise
        # The connection to a worker broke while its result was fetched.
        return Failed.LOST, None
