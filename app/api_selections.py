"""The keys of a named selection as a file, beside `app.api`.

| method and path | what |
|---|---|
| GET /api/selections/ID.csv | the keys of its items as CSV, one a line under the heading `key` |
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any

from tornado.web import HTTPError, RequestHandler

from app.api import ApiHandler
from app.context import ServerContext
from app.saved import keys_of
from labeling.errors import LabelingError
from labeling.people import Role


class SelectionFileHandler(ApiHandler):
    """Sends the keys of a selection, part by part: a million of them are never in memory at once."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self, selection_id: str) -> None:
        """Answer with the file.

        Raises:
            HTTPError: 404 where there is no such selection.
        """
        loop, reader = asyncio.get_running_loop(), self.context.reader
        try:
            parts = await loop.run_in_executor(reader, keys_of, self.context, int(selection_id))
        except LabelingError as problem:
            raise HTTPError(404, reason="There is no such selection") from problem
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="selection-{int(selection_id)}.csv"')
        self.write("key\r\n")
        while (text := await loop.run_in_executor(reader, _next_lines, parts)) is not None:
            self.write(text)
            await self.flush()


def selection_routes(context: ServerContext) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the routes for the server's `extra_patterns`."""
    return [(r"/api/selections/([0-9]{1,9})\.csv", SelectionFileHandler, {"context": context})]


def csv_lines(keys: Sequence[str]) -> str:
    """Return keys as lines of a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows([key] for key in keys)
    return text.getvalue()


def _next_lines(parts: Iterator[list[str]]) -> str | None:
    keys = next(parts, None)
    return None if keys is None else csv_lines(keys)
