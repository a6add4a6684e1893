"""The REST API of the Review page. Decisions are annotations of the act `adjudicate`, stored by `app.api`.

| method and path | what |
|---|---|
| POST /api/review/page | the items that wait for a decision, the most pressing first; stores nothing |
| POST /api/gold | make an adjudicated item a gold item, or let it be none |
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tornado.web import RequestHandler

from app.api import ApiHandler
from app.api_confirm import meant_for_us, text_of, whole_of
from app.api_store import check_keys
from app.context import ServerContext
from app.errors import RequestError
from app.items import Json
from app.reviewing import ReviewWish, review_page
from labeling.clock import database_now
from labeling.gold import mark_gold, unmark_gold
from labeling.people import Role

SIZE, SIZE_MOST, KEYS_MOST = 20, 200, 1_000


class ReviewPageHandler(ApiHandler):
    """Tells what waits for a decision."""

    needs = MappingProxyType({"POST": Role.REVIEWER})

    async def post(self) -> None:
        """Answer with the items; a POST, since the skipped ones are too many for an address."""
        await self.answer(self.context.reader, lambda: review_page(self.context, parse_wish(self.body())))


class GoldHandler(ApiHandler):
    """Marks gold items."""

    needs = MappingProxyType({"POST": Role.REVIEWER})

    async def post(self) -> None:
        """Mark one, or end that."""
        if meant_for_us(self):
            await self.answer(self.context.writer, lambda: store_gold(self.context, self.body()))


def review_routes(context: ServerContext) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the routes for the server's `extra_patterns`."""
    shared = {"context": context}
    return [(r"/api/review/page", ReviewPageHandler, shared), (r"/api/gold", GoldHandler, shared)]


def store_gold(context: ServerContext, values: Mapping[str, Any]) -> Json:
    """Mark an item as gold, or end that; the same again changes nothing.

    Args:
        context: the running server.
        values: `item_key`, and `gold`, true or false.

    Raises:
        RequestError: a value is missing or of the wrong type, or the item is not in the pool.
        GoldError: the item is not adjudicated.
    """
    key, gold = text_of(values, "item_key"), values.get("gold")
    if not isinstance(gold, bool):
        raise RequestError(f"gold must be true or false, not {str(gold)[:40]!r}")
    check_keys(context, [key])
    with context.project.database.transaction() as session:
        if gold:
            changed = mark_gold(
                session, item_keys=[key], annotator_id=context.annotator_id, now=database_now(session)
            )
        else:
            changed = unmark_gold(session, item_keys=[key])
    return {"item_key": key, "gold": gold, "changed": bool(changed), "instance": context.instance}


def parse_wish(values: Mapping[str, Any]) -> ReviewWish:
    """Return what a request asks for.

    Raises:
        RequestError: a value is of the wrong type or out of range.
    """
    size = whole_of(values.get("size", SIZE), "size")
    if not 1 <= size <= SIZE_MOST:
        raise RequestError(f"size is {size}; 1 to {SIZE_MOST} items are sent at once")
    return ReviewWish(size, _keys(values, "keys"), _keys(values, "without"))


def _keys(values: Mapping[str, Any], name: str) -> tuple[str, ...]:
    given = values.get(name, [])
    if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
        raise RequestError(f"{name} must be a list of item keys")
    if len(given) > KEYS_MOST:
        raise RequestError(f"{name} holds {len(given)} items; at most {KEYS_MOST} are allowed")
    return tuple(given)
