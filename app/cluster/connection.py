"""The connection to a Dask cluster, kept from round to round, with the vectors that were sent to its workers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from app.cluster.plan import Part, cut_pool, describe_parts, digest_of, installed_versions
from app.cluster.there import keep_part, mismatch_words, versions_there
from app.errors import ClusterAbsentError, ClusterError, ClusterLostError, ClusterMismatchError

log = logging.getLogger("goldpan.cluster")

CONNECT_S = 10
"""Seconds to wait for a scheduler, and for its first worker."""

ASK_S = 5
"""Seconds that a scheduler may take for a word about its workers."""

_kept: dict[str, Connection] = {}
"""The one connection of this process by its address; a worker process of goldpan runs one round after the other."""


@dataclass(frozen=True)
class Cut:
    """A pool as it was cut for a cluster.

    Attributes:
        key: what it depends on: hash of the vectors, rows of a chunk, bytes of a row.
        vectors: (n, d) of the pool, on this machine.
        parts: its parts, in order.
        homes: the worker that each part had first.
    """

    key: tuple[str, int, int]
    vectors: npt.NDArray[np.floating]
    parts: tuple[Part, ...]
    homes: tuple[str, ...]


class Connection:
    """A client of a Dask cluster, and what of the pool its workers hold.

    Attributes:
        address: of the scheduler.
        client: `distributed.Client`.
        versions: of this machine, as the workers must have them.
    """

    def __init__(self, address: str) -> None:
        """Connect.

        Args:
            address: of the scheduler, such as `tcp://host:8786`.

        Raises:
            ClusterAbsentError: Dask is not installed here, or no scheduler answers.
        """
        self.address = address
        self.client = _open_client(address)
        self.versions = installed_versions()
        self._cut: Cut | None = None
        self._sent: dict[int, tuple[str, Any]] = {}

    def check(self) -> None:
        """Compare versions with every worker that is there now.

        Raises:
            ClusterAbsentError: there are no workers.
            ClusterMismatchError: a worker has other versions, or no goldpan.
        """
        self._wait_for_one(
            ClusterAbsentError,
            f"the Dask scheduler at {self.address} has no workers; start one with `dask worker {self.address}`",
        )
        answers = self.client.run(versions_there, self.versions, on_error="return")
        for worker, wrong in sorted(answers.items()):
            if isinstance(wrong, OSError):
                continue  # it went at this very moment
            if isinstance(wrong, ImportError):
                refuse_import(wrong, worker)
            if isinstance(wrong, BaseException):
                raise ClusterMismatchError(
                    f"the worker {worker} cannot say what it has: {type(wrong).__name__}: {wrong}"
                ) from wrong
            if wrong:
                raise ClusterMismatchError(f"the worker {worker} has {mismatch_words(wrong, self.versions)}")

    def workers(self) -> list[str]:
        """Return the addresses of the workers that are there.

        Raises:
            ClusterLostError: the scheduler does not say.
        """
        try:
            found = self.client.sync(self.client.scheduler.ncores, callback_timeout=ASK_S)
        except (OSError, RuntimeError, TimeoutError) as problem:
            raise ClusterLostError(
                f"the Dask scheduler at {self.address} does not answer any more"
            ) from problem
        return sorted(found)

    def cut(
        self,
        path: Path,
        vectors: npt.NDArray[np.floating],
        *,
        vectors_hash: str,
        chunk_rows: int,
        classes: int,
    ) -> Cut:
        """Cut a pool into parts; the same pool is cut as before, so that the workers keep what they have.

        Args:
            path: of `vectors.npy`.
            vectors: (n, d) its numbers.
            vectors_hash: their hash.
            chunk_rows: rows scored at once.
            classes: columns of the answers.
        """
        row_bytes = vectors.shape[1] * vectors.dtype.itemsize + 8 * classes
        key = (vectors_hash, chunk_rows, row_bytes)
        if self._cut is None or self._cut.key != key:
            workers = self.workers()
            cuts = cut_pool(len(vectors), workers=len(workers), chunk_rows=chunk_rows, row_bytes=row_bytes)
            homes = tuple(workers[place * len(workers) // len(cuts)] for place in range(len(cuts)))
            self._cut = Cut(key, vectors, describe_parts(path, vectors, cuts), homes)
            self._sent = {}
        return self._cut

    def forget_gone(self) -> None:
        """Forget what was sent to workers that are not there any more, before a round counts on it."""
        self.sent_to(sorted(self.sent_workers() - set(self.workers())))

    def sent(self, place: int) -> Any:  # noqa: ANN401 - a future of distributed
        """Return the future of a part's vectors that were sent; None where its workers see the file."""
        found = self._sent.get(place)
        return None if found is None else found[1]

    def send(self, place: int) -> None:
        """Send the vectors of a part to one of the workers, which keeps them.

        Args:
            place: of the part.

        Raises:
            ClusterLostError: there is no worker to send it to.
        """
        assert self._cut is not None
        self._wait_for_one(ClusterLostError, f"all workers of the cluster at {self.address} are gone")
        part, workers, home = self._cut.parts[place], self.workers(), self._cut.homes[place]
        if not workers:
            return
        worker = home if home in workers else workers[place % len(workers)]
        numbers = np.array(self._cut.vectors[part.low : part.high])
        try:
            came = self.client.scatter(numbers, workers=[worker], hash=False)
        except (OSError, TimeoutError, ValueError, KeyError) as problem:
            # It went at this very moment: the part is asked for again, and sent to another one.
            log.warning("rows %d to %d did not reach %s: %s", part.low, part.high - 1, worker, problem)
            return
        kept = self.client.submit(
            keep_part, part, came, digest_of(numbers), workers=[worker], pure=False, priority=10
        )
        self._sent[place] = (worker, kept)
        log.info("sent rows %d to %d to %s", part.low, part.high - 1, worker)

    def sent_to(self, gone: Sequence[str]) -> list[int]:
        """Return the parts that were sent to some workers, and forget that they were.

        Args:
            gone: workers that are not there any more.
        """
        places = [place for place, (worker, _) in self._sent.items() if worker in gone]
        for place in places:
            del self._sent[place]
        return places

    def sent_workers(self) -> set[str]:
        """Return the workers that parts were sent to."""
        return {worker for worker, _ in self._sent.values()}

    def close(self) -> None:
        """End the connection; what the workers kept for it is let go."""
        self._sent = {}
        self._cut = None
        self.client.close(timeout=1)

    def _wait_for_one(self, kind: type[ClusterError], otherwise: str) -> None:
        """Wait a while for a worker.

        Raises:
            ClusterError: of that kind, with those words: there is none.
        """
        if self.workers():
            return
        try:
            self.client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError as problem:
            raise kind(otherwise) from problem


def connect(address: str) -> Connection:
    """Return the connection of this process to a cluster, made where there is none, its workers' versions compared.

    Args:
        address: of the scheduler.

    Raises:
        ClusterAbsentError: it does not answer, it has no workers, or Dask is not installed here.
        ClusterMismatchError: a worker has other versions, or no goldpan.
    """
    found = _kept.get(address)
    if found is None or found.client.status != "running":
        disconnect()
        found = _kept[address] = Connection(address)
    try:
        found.check()
    except BaseException:
        disconnect()
        raise
    return found


def disconnect() -> None:
    """End the connection of this process, where there is one."""
    for address in list(_kept):
        connection = _kept.pop(address)
        try:
            connection.close()
        except (OSError, RuntimeError, TimeoutError) as problem:
            log.info("the connection to %s did not end cleanly: %s", address, problem)


def refuse_import(problem: ImportError, worker: str) -> NoReturn:
    """Say that something of goldpan cannot be imported on a worker.

    Raises:
        ClusterMismatchError: always.
    """
    raise ClusterMismatchError(
        f"the worker {worker} lacks what goldpan needs ({problem}); install the same goldpan on all machines of the "
        "cluster, with the same plug-ins"
    ) from problem


def quieten() -> None:
    """Let Dask say no more than goldpan does: by itself it tells of each start."""
    logging.getLogger("distributed").setLevel(logging.getLogger().getEffectiveLevel())


def _open_client(address: str) -> Any:  # noqa: ANN401 - distributed has no types
    try:
        from distributed import Client
    except ImportError as problem:
        raise ClusterAbsentError("rounds.scheduler needs distributed; install goldpan[dask]") from problem
    quieten()
    try:
        return Client(address, timeout=CONNECT_S, set_as_default=False, name="goldpan-round")
    except (OSError, ValueError, TypeError, RuntimeError) as problem:
        raise ClusterAbsentError(
            f"no Dask scheduler answers at {address} within {CONNECT_S} s ({problem}); start one with "
            "`dask scheduler`, or leave rounds.scheduler out"
        ) from problem
