"""The names a configuration may choose from: built in, and those of plug-ins.

A configuration never names an import path. Plug-ins announce themselves as entry points of an installed
package; here only their names are read, nothing of theirs is imported. What a file brings that the person named
on the command line is told here by whoever loaded it.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import EntryPoints, entry_points

BUILT_IN: dict[str, tuple[str, ...]] = {
    "reader": (
        "auto",
        "table",
        "image_table",
        "image_folder",
        "image_paths",
        "image_shards",
        "text",
        "series",
        "vectors",
        "fits",
    ),
    "encoder": (
        "auto",
        "tabular",
        "image_ssl",
        "image_conv",
        "image_timm",
        "image_clip",
        "text_transformer",
        "text_tfidf",
        "series_stats",
        "given",
    ),
    "head": ("auto", "logistic", "mlp", "evidential", "sade", "ordinal", "sklearn"),
    "strategy": (
        "prospect",
        "density",
        "random",
        "margin",
        "entropy",
        "disagreement",
        "k_center",
        "least_confidence",
        "badge",
        "typiclust",
        "cluster_margin",
        "galaxy",
        "balanced_entropy",
        "epig",
        "seek",
    ),
    "consensus": ("model_assisted", "dawid_skene", "majority"),
}
"""Kind (singular) → names that goldpan itself registers."""

MAP_COLOURS = ("label", "prediction", "uncertainty", "round", "label_round", "annotator")
"""What can colour the map of any pool."""

_announced: dict[str, set[str]] = {}
"""What files of plug-ins brought in this process, by kind."""

COLUMN_PREFIX = "column:"
"""Begins the name of a colouring by a stored column; the column's name follows."""

CLASS_PREFIX = "class:"
"""Begins the name of a colouring of one class against the rest; the class's name follows."""


def known_names(kind: str) -> tuple[str, ...]:
    """Return the names of a kind that a configuration may use.

    Args:
        kind: "reader", "encoder", "head", "strategy" or "consensus"; plug-ins announce themselves in the entry-point
            group `goldpan.<kind>s` ("goldpan.strategies" for strategies).

    Returns:
        The built-in names in their own order, then those of installed plug-ins in alphabetical order.
    """
    installed = {point.name for point in _entry_points(group_of(kind), _places())}
    plugged = (installed | _announced.get(kind, set())) - set(BUILT_IN[kind])
    return BUILT_IN[kind] + tuple(sorted(plugged))


def group_of(kind: str) -> str:
    """Return the entry-point group in which packages announce a kind: "strategy" → "goldpan.strategies"."""
    return "goldpan.strategies" if kind == "strategy" else f"goldpan.{kind}s"


def announce(kind: str, names: Iterable[str]) -> None:
    """Make names known that a plug-in's file brought in this process.

    Args:
        kind: as in `known_names`.
        names: what it registered.
    """
    _announced.setdefault(kind, set()).update(names)


def retract() -> None:
    """Forget what was announced."""
    _announced.clear()


def closest(given: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the known name most like the given one, "" where none is near."""
    close = difflib.get_close_matches(given, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def _places() -> tuple[tuple[str, int], ...]:
    """Return where packages are looked for, and when something was installed or removed there last."""
    found = []
    for place in sys.path:
        try:
            found.append((place, os.stat(place or ".").st_mtime_ns))
        except OSError:
            continue
    return tuple(found)


@lru_cache(maxsize=2 * len(BUILT_IN))
def _entry_points(group: str, places: tuple[tuple[str, int], ...]) -> EntryPoints:
    """Return a group's entry points; read again only once the places have changed: it opens a file for each package."""
    del places
    return entry_points(group=group)
