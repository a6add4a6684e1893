"""All peers by name, and which of them can run here.

To add a library: write its file with a tuple `PEERS`, then add one line to `FILES`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec

from benchmarks.peers.contract import Peer
from benchmarks.peers.errors import PeerAbsentError

FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    "skactiveml": (
        "benchmarks.peers.skactiveml_peers",
        ("skactiveml_margin", "skactiveml_badge", "skactiveml_coreset", "skactiveml_typiclust"),
    ),
    "small_text": ("benchmarks.peers.small_text_peers", ("small_text_margin", "small_text_coreset")),
    "modAL": ("benchmarks.peers.modal_peers", ("modal_margin",)),
}
"""The module a library is imported as: its adapter's file, and the peers in it."""

NAMES = tuple(name for _, names in FILES.values() for name in names)
"""All peers, whether they can run here or not."""


def available() -> tuple[str, ...]:
    """Return the names of the peers whose library is installed."""
    return tuple(name for module, (_, names) in FILES.items() if find_spec(module) for name in names)


def versions() -> dict[str, str]:
    """Return the version of each installed library, by the name it is installed under."""
    libraries = dict.fromkeys(get(name).library for name in available())
    return {library: version(library) for library in libraries}


@cache
def get(name: str) -> Peer:
    """Return a peer.

    Args:
        name: one of NAMES.

    Raises:
        KeyError: there is no such peer.
        PeerAbsentError: its library is not installed.
    """
    for module, (file, names) in FILES.items():
        if name not in names:
            continue
        if find_spec(module) is None:
            raise PeerAbsentError(
                f"peer {name!r} needs the package {module}; run `make peers` and use .venv-peers"
            )
        return next(peer for peer in import_module(file).PEERS if peer.name == name)
    raise KeyError(f"there is no peer {name!r}; there are {', '.join(NAMES)}")
