"""`goldpan cluster local`: a Dask cluster on this machine, to try rounds on one."""

from __future__ import annotations

import signal
import threading
from typing import Annotated, Any

import typer

from app.errors import ClusterAbsentError
from app.terminal import out

DEFAULT_PORT = 8786
"""Dask's own port of a scheduler."""

cluster_app = typer.Typer(no_args_is_help=True, help="Dask clusters on which rounds can run.")


@cluster_app.callback()
def cluster() -> None:
    """Dask clusters on which rounds can run."""


@cluster_app.command("local")
def local(
    workers: Annotated[int, typer.Option(help="Worker processes, each with one thread.", min=1, max=256)] = 2,
    port: Annotated[
        int, typer.Option(help="Port of the scheduler; 0 for any free one.", min=0, max=65535)
    ] = DEFAULT_PORT,
) -> None:
    """Start a Dask cluster on this machine, on loopback alone, and end it at Ctrl-C."""
    over = threading.Event()
    # The workers are in the same group and take over that it is ignored: they end when they are told to.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    started = _start(workers, port)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        out.print(
            f"A Dask cluster of {workers} worker{'' if workers == 1 else 's'} is at {started.scheduler_address} "
            "(Ctrl-C ends it). Rounds run on it with these lines in PROJECT.YAML:\n"
            f"rounds:\n  scheduler: {started.scheduler_address}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        over.wait()
    finally:
        started.close(timeout=10)
    out.print("The cluster has ended.", highlight=False, markup=False)


def _start(workers: int, port: int) -> Any:  # noqa: ANN401 - distributed has no types
    try:
        from distributed import LocalCluster
    except ImportError as problem:
        raise ClusterAbsentError("a Dask cluster needs distributed; install goldpan[dask]") from problem
    from app.cluster.connection import quieten

    quieten()
    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            scheduler_port=port,
            dashboard_address=None,
            # Its pages would be at Dask's own port, on which another cluster may have them.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            # A mapped file counts as memory there, and a worker that only reads would be ended for it.
            memory_limit=0,
        )
    except (OSError, RuntimeError) as problem:
        cause = problem.__cause__ or problem
        raise ClusterAbsentError(
            f"no cluster could be started at 127.0.0.1:{port} ({cause}); choose another port with --port"
        ) from problem
