"""Item views: pictures of an item that plug-ins draw, shown on the label card beside what goldpan shows itself.

A plug-in is an installed package that announces its views in the entry-point group `goldpan.item_views`, or a Python
file that the local user names on the command line. A view gives the bytes of a picture; the browser shows them as a
picture and nothing else, so that what it draws from a file of someone else runs nowhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.errors import RequestError
from app.items import Json, pool_version
from app.plugins import ensure_loaded
from config.registry import Registry
from labeling.pools.pool import Pool

log = logging.getLogger("goldpan.plugins")

PICTURE_BYTES_MAX = 16 << 20
"""Bytes of a picture that a view may give."""

_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)
_SVG_STARTS = (b"<svg", b"<?xml")


@dataclass(frozen=True)
class ItemScene:
    """What a view is given of an item. Everything is read-only.

    Attributes:
        key: the item's key.
        row: its row in the pool.
        values: stored column → value, those that are only shown included; None where missing. Never the hidden truth.
        text: the text of a text item, else None.
        image: the bytes of its image as they came, None where it has none.
        series: (t, c) float32, its time series; None where it has none.
        channels: names of the series' channels.
        dark: whether the dark theme is on.
    """

    key: str
    row: int
    values: Mapping[str, float | str | None]
    text: str | None = None
    image: bytes | None = None
    series: npt.NDArray[np.float32] | None = None
    channels: tuple[str, ...] = ()
    dark: bool = False


ItemView = Callable[[ItemScene], bytes]
"""Draws an item and returns a picture: PNG, JPEG, GIF, WebP, or SVG text as UTF-8; called in a thread."""

item_views: Registry[ItemView] = Registry("item view")


def register_item_view(name: str) -> Callable[[ItemView], ItemView]:
    """Return a decorator that registers a view under a name.

    Args:
        name: lower case, words joined by underscores; the card shows it with spaces.

    Raises:
        DuplicateNameError: the name is taken.
    """
    return item_views.register(name)


def view_links(pool: Pool, row: int) -> list[Json]:
    """Return `name` and `url` of an item's pictures by plug-ins."""
    ensure_loaded("item_view")
    return [
        {"name": name.replace("_", " "), "url": f"/api/item-views/{name}/{row}?v={pool_version(pool)}"}
        for name in item_views.names()
    ]


def draw_view(pool: Pool, name: str, row: int, *, dark: bool) -> tuple[bytes, str]:
    """Return a picture of an item by a plug-in, and its media type.

    Args:
        pool: the pool.
        name: of the view.
        row: the item.
        dark: whether the dark theme is on.

    Raises:
        RequestError: there is no such view or item, it failed, or what it gave is no picture.
    """
    ensure_loaded("item_view")
    if name not in item_views.names() or row >= pool.n:
        raise RequestError(
            f"there is no item view {name[:60]!r} of row {row}; views: {', '.join(item_views.names())}"
        )
    try:
        made = item_views.get(name)(scene_of(pool, row, dark=dark))
    except Exception as problem:  # a plug-in's own code may raise whatever it likes
        log.warning("the item view %r failed", name, exc_info=True)
        raise RequestError(f"the item view {name} failed: {type(problem).__name__}: {problem}") from problem
    kind = media_type(made)
    if kind is None:
        raise RequestError(
            f"the item view {name} gave no picture; allowed: PNG, JPEG, GIF, WebP or SVG, up to 16 MB"
        )
    return made, kind


def scene_of(pool: Pool, row: int, *, dark: bool = False) -> ItemScene:
    """Return what a view is given of an item."""
    seen = pool.view(row)
    return ItemScene(
        key=seen.key,
        row=row,
        values=pool.values(row, [column.name for column in pool.columns]),
        text=seen.text,
        image=pool.raw_image(row) if seen.has_image else None,
        series=pool.series(row, row + 1)[0] if seen.has_series else None,
        channels=pool.snapshot.channels,
        dark=dark,
    )


def media_type(made: object) -> str | None:
    """Return the media type of a picture's bytes, None where they are none."""
    if not isinstance(made, bytes) or len(made) > PICTURE_BYTES_MAX:
        return None
    if made.lstrip()[:5].startswith(_SVG_STARTS):
        return "image/svg+xml"
    return next((kind for start, kind in _KINDS if made.startswith(start)), None)
