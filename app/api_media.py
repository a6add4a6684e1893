"""The REST API of what is shown of an item, beside `app.api`.

| method and path | what |
|---|---|
| GET /api/views | how items of this project are shown; asked for once by a card |
| GET /api/columns?v=HASH | how each column is spread; cached by the browser while the pool stays as it is |
| GET /api/series/ROW?v=HASH | the numbers of a time series |
| GET /api/text/ROW | the whole text of an item |
| GET /api/item-views/NAME/ROW?dark=1&v=HASH | a picture of an item that a plug-in draws |
| GET /media/ROW?stretch=asinh&low=0.5&high=99.5 | the image of an item; how its numbers become greys may be said |
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import numpy as np
from tornado.web import HTTPError, RequestHandler

from app.api import ApiHandler
from app.components.series_picture import thinned
from app.context import ServerContext
from app.errors import RequestError
from app.item_views import draw_view
from app.items import Json, pool_version
from config.errors import GoldpanError
from labeling.people import Role
from labeling.pools.pool import Pool
from labeling.pools.stretch import CURVES, Stretch

FOREVER = "private, max-age=31536000, immutable"
"""What the browser may do with an answer whose address carries the pool's hash."""
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Of pictures: should a browser take one for a page, nothing in it runs."""
view_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="goldpan-item-views")
"""Threads of their own: a slow plug-in must hold up no other request."""
SERIES_POINTS = 100_000
"""Points of a series that are sent to a browser."""
TEXT_MOST = 2_000_000
"""Characters of a text that are sent to a browser."""


class ViewsHandler(ApiHandler):
    """Tells how items are shown."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self) -> None:
        """Answer with what is the same for all items."""
        await self.answer(self.context.reader, lambda: views(self.context))


class PoolHandler(ApiHandler):
    """What answers with something large that never changes while the pool stays as it is."""

    async def send_content(self, make: Callable[[], bytes]) -> None:
        """Answer with JSON that is made whole in a thread, for the browser to keep where the address has the hash."""
        loop = asyncio.get_running_loop()
        try:
            content = await loop.run_in_executor(self.context.reader, make)
        except GoldpanError as problem:
            self.set_status(400)
            self.finish({"error": str(problem)})
            return
        self.set_header("Content-Type", "application/json; charset=utf-8")
        if self.get_query_argument("v", "") == pool_version(self.context.project.pool):
            self.set_header("Cache-Control", FOREVER)
        self.finish(content)


class ColumnsHandler(PoolHandler):
    """Tells how each column of the pool is spread."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self) -> None:
        """Answer with the summaries, computed the first time."""
        await self.send_content(self.context.summaries.read)


class SeriesHandler(PoolHandler):
    """Sends the numbers of a time series."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self, row: str) -> None:
        """Answer with the series."""
        await self.send_content(lambda: series_json(self.context.project.pool, int(row)))


class TextHandler(ApiHandler):
    """Sends the text of an item in full."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self, row: str) -> None:
        """Answer with the text."""
        await self.answer(self.context.reader, lambda: whole_text(self.context.project.pool, int(row)))


class MediaHandler(ApiHandler):
    """Sends the image of an item; only row numbers reach the pool, so no path can be asked for."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self, row: str) -> None:
        """Answer with the image's bytes.

        Raises:
            HTTPError: 404 where the row has no image, 400 where it cannot be stretched as asked.
        """
        loop = asyncio.get_running_loop()
        number = int(row)
        pool = self.context.project.pool
        if number >= pool.n:
            raise HTTPError(404, reason=f"The pool has {pool.n} items")
        try:
            stretch = self._stretch()
        except RequestError as problem:
            self.set_status(400)
            self.finish({"error": str(problem)})
            return
        try:
            found = await loop.run_in_executor(
                self.context.reader, lambda: pool.image(number, stretch=stretch)
            )
        except GoldpanError as problem:  # a shard that is gone, an address that does not answer
            self.set_status(502)
            self.finish({"error": str(problem)})
            return
        if found is None:
            raise HTTPError(404, reason="This item has no image that can be shown")
        content, media_type = found
        self.set_header("Content-Type", media_type)
        # The address carries the pool's hash, so the picture behind it never changes.
        self.set_header("Cache-Control", FOREVER)
        self.set_header("Content-Security-Policy", PICTURE_POLICY)
        self.finish(content)

    def _stretch(self) -> Stretch | None:
        """Return how the address wants numbers to become greys, None where it says nothing.

        Raises:
            RequestError: it names an unknown curve, or percentiles that are none.
        """
        if not {"stretch", "low", "high"} & set(self.request.query_arguments):
            return None
        return parse_stretch(
            *(self.get_query_argument(name, default) for name, default in _STRETCH_DEFAULTS.items())
        )


class ItemViewHandler(ApiHandler):
    """Sends a picture of an item that a plug-in draws."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self, name: str, row: str) -> None:
        """Answer with the picture's bytes."""
        loop = asyncio.get_running_loop()
        pool, dark = self.context.project.pool, self.get_query_argument("dark", "") == "1"
        try:
            content, media_type = await loop.run_in_executor(
                view_threads, lambda: draw_view(pool, name, int(row), dark=dark)
            )
        except GoldpanError as problem:
            self.set_status(400)
            self.finish({"error": str(problem)})
            return
        self.set_header("Content-Type", media_type)
        # Not for ever: the plug-in may be another one tomorrow, on the same pool.
        self.set_header("Cache-Control", "private, max-age=60")
        self.set_header("Content-Security-Policy", PICTURE_POLICY)
        self.finish(content)


_STRETCH_DEFAULTS = {"stretch": "linear", "low": "0.5", "high": "99.5"}


def parse_stretch(curve: str, low: str, high: str) -> Stretch:
    """Return how numbers become greys.

    Args:
        curve: name of the curve.
        low: percentile that is black.
        high: percentile that is white.

    Raises:
        RequestError: there is no such curve, or the percentiles are not 0 <= low < high <= 100.
    """
    if curve not in CURVES:
        raise RequestError(f"stretch is {curve[:40]!r}; allowed are {', '.join(CURVES)}")
    try:
        edges = float(low), float(high)
    except ValueError:
        edges = math.nan, math.nan
    if not 0 <= edges[0] < edges[1] <= 100:
        raise RequestError(
            f"low and high are {low[:40]!r} and {high[:40]!r}; allowed are percentiles, 0 <= low < high <= 100"
        )
    return Stretch(curve, *edges)


def views(context: ServerContext) -> Json:
    """Return what a card needs to know of the project to show its items.

    Returns:
        `pool`, which pool it is, for addresses of what may be cached; `deep`, whether images have more than 8 bits, so
        that the server stretches them; `units`, column → unit.
    """
    pool, chosen = context.project.pool, context.project.config.views
    return {"pool": pool_version(pool), "deep": pool.deep_images, "units": dict(chosen.units)}


def whole_text(pool: Pool, row: int) -> Json:
    """Return an item's text as `text`, cut only where no browser would show it.

    Raises:
        RequestError: the pool has no such item, or the item has no text.
    """
    text = pool.view(row).text if row < pool.n else None
    if text is None:
        raise RequestError(
            f"item {row} has no text here; the pool has {pool.n} items of the kind {pool.kind}"
        )
    if len(text) <= TEXT_MOST:
        return {"text": text}
    return {"text": f"{text[:TEXT_MOST]}\n\n[cut here: {TEXT_MOST:,} of {len(text):,} characters]"}


def series_json(pool: Pool, row: int) -> bytes:
    """Return a time series as JSON: `channels`, their names; `points`; `step`, points for each value; `values`.

    The values are float32, little-endian, one channel after the other, as base64; NaN for gaps. Of a very long series
    the least and the greatest number of each stretch are sent, so that no peak is lost.

    Raises:
        RequestError: the pool has no such item, or the item has no series.
    """
    found = pool.series(row, row + 1) if pool.has_series and row < pool.n else [None]
    if found[0] is None:
        raise RequestError(
            f"item {row} has no series here; the pool has {pool.n} items of the kind {pool.kind}"
        )
    points, step = len(found[0]), 1
    values = found[0]
    if points > SERIES_POINTS:
        step = -(-points // (SERIES_POINTS // 2))
        values = thinned(values, step)
    packed = base64.b64encode(np.ascontiguousarray(values.T, "<f4").tobytes()).decode()
    told = {
        "channels": pool.snapshot.channels,
        "points": points,
        "step": step / 2 if step > 1 else 1,
        "values": packed,
    }
    return json.dumps(told).encode()


def media_routes(context: ServerContext) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the routes for the server's `extra_patterns`."""
    shared = {"context": context}
    return [
        (r"/api/views", ViewsHandler, shared),
        (r"/api/columns", ColumnsHandler, shared),
        (r"/api/series/([0-9]{1,12})", SeriesHandler, shared),
        (r"/api/text/([0-9]{1,12})", TextHandler, shared),
        (r"/api/item-views/([a-z0-9_]{1,100})/([0-9]{1,12})", ItemViewHandler, shared),
        (r"/media/([0-9]{1,12})", MediaHandler, shared),
    ]
