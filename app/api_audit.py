"""The REST API of the check of labels, beside `app.api_confirm`; a page is taken back by `/api/groups/undo` there.

| method and path | what |
|---|---|
| POST /api/audit/page | the next page of labels to check, the one most likely wrong first; stores nothing |
| POST /api/audit | store the decisions of a page as one act; answered only once it is on disk |
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tornado.web import RequestHandler

from app.api import ApiHandler
from app.api_confirm import SIZE, SIZE_MOST, meant_for_us, text_of, whole_of
from app.api_store import check_keys
from app.auditing import AuditWish, audit_page
from app.context import ServerContext
from app.errors import RequestError
from app.items import Json
from labeling.audits import AuditDecision, NewAudit, record_audit
from labeling.clock import database_now
from labeling.groups import GROUP_MAX
from labeling.people import Role

KEYS_MOST = 2_000
"""Items that one request may name: what fits into its body."""


class AuditPageHandler(ApiHandler):
    """Makes the next page of labels to check."""

    needs = MappingProxyType({"POST": Role.REVIEWER})

    async def post(self) -> None:
        """Answer with the page; a POST, since the items asked for are too many for an address."""
        await self.answer(self.context.reader, lambda: audit_page(self.context, parse_wish(self.body())))


class AuditHandler(ApiHandler):
    """Stores the decisions of a page."""

    needs = MappingProxyType({"POST": Role.REVIEWER})

    async def post(self) -> None:
        """Store them whole; the answer is sent after the commit reached the disk."""
        if meant_for_us(self):
            await self.answer(self.context.writer, lambda: store_audit(self.context, self.body()))


def audit_routes(context: ServerContext) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the routes for the server's `extra_patterns`."""
    shared = {"context": context}
    return [(r"/api/audit/page", AuditPageHandler, shared), (r"/api/audit", AuditHandler, shared)]


def store_audit(context: ServerContext, values: Mapping[str, Any]) -> Json:
    """Store the decisions of a page in one transaction.

    Args:
        context: the running server.
        values: `group`, `decisions` as [item key, class id seen, class id decided, class id suggested or null],
            `round`, `shown_ms`.

    Raises:
        RequestError: a value is missing or of the wrong type, or an item is not in the pool.
    """
    audit = parse_audit(values)
    check_keys(context, (entry.item_key for entry in audit.decisions))
    with context.project.database.transaction() as session:
        found = record_audit(
            session,
            audit=audit,
            annotator_id=context.annotator_id,
            now=database_now(session),
            adjudicates=context.person.role.may(Role.REVIEWER),
        )
        counts = context.counts.preview(session)
    context.counts.remember(counts)
    left = set(found.taken)
    changed = [entry for entry in audit.decisions if entry.class_id != entry.seen_class_id]
    return {
        "group": audit.uid,
        "stored": found.stored,
        "changed": sum(entry.item_key not in left for entry in changed),
        "duplicate": found.duplicate,
        "taken": list(found.taken),
        "revision": counts.revision,
        "instance": context.instance,
        "counts": {str(key): value for key, value in counts.classes.items()},
    }


def parse_audit(values: Mapping[str, Any]) -> NewAudit:
    """Return the decisions that a request describes.

    Raises:
        RequestError: a value is missing or of the wrong type.
    """
    given = values.get("decisions")
    if not isinstance(given, list) or not given or len(given) > GROUP_MAX:
        raise RequestError(f"decisions must be a list of 1 to {GROUP_MAX} entries")
    shown, number = values.get("shown_ms"), values.get("round")
    return NewAudit(
        uid=text_of(values, "group"),
        decisions=tuple(_decision(entry) for entry in given),
        round_number=None if number is None else whole_of(number, "round"),
        shown_ms=None if shown is None else whole_of(shown, "shown_ms"),
    )


def parse_wish(values: Mapping[str, Any]) -> AuditWish:
    """Return what a request for a page asks for.

    Raises:
        RequestError: a value is of the wrong type or out of range.
    """
    size = whole_of(values.get("size", SIZE), "size")
    if not 1 <= size <= SIZE_MOST:
        raise RequestError(f"size is {size}; a page holds 1 to {SIZE_MOST} items")
    keys = values.get("keys")
    return AuditWish(
        size=size,
        keys=None if keys is None else _keys(keys, "keys"),
        left=_keys(values.get("left", []), "left"),
    )


def _decision(entry: object) -> AuditDecision:
    if not isinstance(entry, list) or len(entry) != 4 or not isinstance(entry[0], str):
        raise RequestError(
            "each decision must be an item's key with three class ids: seen, decided, suggested or null"
        )
    key, seen, decided, suggested = entry
    return AuditDecision(
        item_key=key,
        seen_class_id=whole_of(seen, "the class id seen"),
        class_id=whole_of(decided, "the class id decided"),
        suggested_class_id=None if suggested is None else whole_of(suggested, "the class id suggested"),
    )


def _keys(given: object, name: str) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
        raise RequestError(f"{name} must be a list of item keys")
    if len(given) > KEYS_MOST:
        raise RequestError(f"{name} holds {len(given)} items; at most {KEYS_MOST} are allowed")
    return tuple(given)
