"""The REST API of the Confirm page, beside `app.api`.

| method and path | what |
|---|---|
| POST /api/confirm/page | the next page to confirm, for a class or for the one that lacks most; stores nothing |
| POST /api/confirm | store a confirmed page as one act; answered only once it is on disk |
| POST /api/groups/undo | take a confirmed page, a selection's labels, or a merge of classes back as one act |
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from tornado.web import RequestHandler

from app.access import require
from app.api import ApiHandler
from app.api_classes import keep_file
from app.api_store import check_keys
from app.confirming import PageWish, confirm_page
from app.context import ServerContext
from app.errors import RequestError
from app.items import Json
from app.recording import note_restored
from labeling.classes import list_classes
from labeling.clock import database_now
from labeling.groups import GROUP_MAX, MERGE_PREFIX, NewGroup, record_group, undo_group
from labeling.merging import undo_merge
from labeling.people import Role

SIZE, SIZE_MOST = 24, 60
REFUSED_MOST = 2_000
"""Refused items that one request may name: what fits into its body."""


class ConfirmPageHandler(ApiHandler):
    """Makes the next page."""

    needs = MappingProxyType({"POST": Role.ANNOTATOR})

    async def post(self) -> None:
        """Answer with the page; a POST, since what was refused is too long for an address."""
        await self.answer(self.context.reader, lambda: confirm_page(self.context, parse_wish(self.body())))


class ConfirmHandler(ApiHandler):
    """Stores a confirmed page."""

    needs = MappingProxyType({"POST": Role.ANNOTATOR})

    async def post(self) -> None:
        """Store it whole; the answer is sent after the commit reached the disk."""
        if meant_for_us(self):
            await self.answer(self.context.writer, lambda: store_page(self.context, self.body()))


class GroupUndoHandler(ApiHandler):
    """Takes a confirmed page, the labels of a selection, or a merge of classes back."""

    needs = MappingProxyType({"POST": Role.ANNOTATOR})

    async def post(self) -> None:
        """Take it back whole."""
        if meant_for_us(self):
            await self.answer(self.context.writer, lambda: undo_labels(self.context, self.body()))
            # A merge taken back brings a class back.
            self.context.supervisor.wake()


def confirm_routes(context: ServerContext) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the routes for the server's `extra_patterns`."""
    shared = {"context": context}
    return [
        (r"/api/confirm/page", ConfirmPageHandler, shared),
        (r"/api/confirm", ConfirmHandler, shared),
        (r"/api/groups/undo", GroupUndoHandler, shared),
    ]


def meant_for_us(handler: ApiHandler) -> bool:
    """Answer 409 to a page that was confirmed in another project, served at this address before."""
    ours = handler.context.project.config.project.name
    meant = handler.request.headers.get("X-Goldpan-Project")
    if meant is None or unquote(meant) == ours:
        return True
    handler.set_status(409)
    handler.finish({"error": f"this server serves {ours!r} now; the page waits for its own project"})
    return False


def store_page(context: ServerContext, values: Mapping[str, Any]) -> Json:
    """Store a confirmed page in one transaction.

    Args:
        context: the running server.
        values: `group`, `class_id`, `labels` as [item key, class id] pairs, `round`, `shown_ms`.

    Raises:
        RequestError: a value is missing or of the wrong type, or an item is not in the pool.
    """
    group = parse_group(values)
    check_keys(context, (key for key, _ in group.labels))
    with context.project.database.transaction() as session:
        found = record_group(
            session, group=group, annotator_id=context.annotator_id, now=database_now(session)
        )
        counts = context.counts.preview(session)
    context.counts.remember(counts)
    return {
        "group": group.uid,
        "stored": found.stored,
        "duplicate": found.duplicate,
        "taken": list(found.taken),
        "revision": counts.revision,
        "instance": context.instance,
        "counts": {str(key): value for key, value in counts.classes.items()},
    }


def undo_labels(context: ServerContext, values: Mapping[str, Any]) -> Json:
    """Take labels that were given at once back in one transaction.

    Args:
        context: the running server.
        values: `group` and `undo`, the uids of the group and of this act.

    Raises:
        RequestError: a value is missing or of the wrong type.
        AccessError: it is a merge of classes, and the person is no admin.
    """
    group, undo = text_of(values, "group"), text_of(values, "undo")
    is_merge = group.startswith(MERGE_PREFIX)
    if is_merge:
        # Taking a merge back changes classes, as merging did.
        require(context, Role.ADMIN)
    take_back = undo_merge if is_merge else undo_group
    with context.project.database.transaction() as session:
        before = list_classes(session, archived=True) if is_merge else []
        keys = take_back(
            session,
            group_uid=group,
            undo_uid=undo,
            annotator_id=context.annotator_id,
            now=database_now(session),
        )
        note_restored(context, session, before)
        counts = context.counts.preview(session)
    context.counts.remember(counts)
    if is_merge:
        keep_file(context)
    return {
        "group": group,
        "keys": list(keys),
        "revision": counts.revision,
        "instance": context.instance,
        "counts": {str(key): value for key, value in counts.classes.items()},
    }


def parse_group(values: Mapping[str, Any]) -> NewGroup:
    """Return the page that a request describes.

    Raises:
        RequestError: a value is missing or of the wrong type.
    """
    labels = values.get("labels")
    if not isinstance(labels, list) or not labels or len(labels) > GROUP_MAX:
        raise RequestError(f"labels must be a list of 1 to {GROUP_MAX} pairs of an item's key and a class id")
    pairs = []
    for entry in labels:
        if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str):
            raise RequestError("each label must be a pair of an item's key and a class id")
        pairs.append((entry[0], whole_of(entry[1], "a class id")))
    shown, number = values.get("shown_ms"), values.get("round")
    return NewGroup(
        uid=text_of(values, "group"),
        labels=tuple(pairs),
        class_id=whole_of(values.get("class_id"), "class_id"),
        round_number=None if number is None else whole_of(number, "round"),
        shown_ms=None if shown is None else whole_of(shown, "shown_ms"),
    )


def parse_wish(values: Mapping[str, Any]) -> PageWish:
    """Return what a request for a page asks for.

    Raises:
        RequestError: a value is of the wrong type or out of range.
    """
    wanted, size = values.get("class_id"), whole_of(values.get("size", SIZE), "size")
    if not 1 <= size <= SIZE_MOST:
        raise RequestError(f"size is {size}; a page holds 1 to {SIZE_MOST} items")
    given = values.get("refused", {})
    if not isinstance(given, dict):
        raise RequestError("refused must be an object: class id to a list of item keys")
    refused: dict[int, list[str]] = {}
    for class_id, keys in given.items():
        if not class_id.isascii() or not class_id.isdigit() or not isinstance(keys, list):
            raise RequestError("refused must be an object: class id to a list of item keys")
        refused[int(class_id[:12])] = [key for key in keys if isinstance(key, str)]
    if sum(map(len, refused.values())) > REFUSED_MOST:
        raise RequestError(f"more than {REFUSED_MOST} items are refused; leave the oldest out")
    return PageWish(
        class_id=None if wanted is None else whole_of(wanted, "class_id"), size=size, refused=refused
    )


def text_of(values: Mapping[str, Any], name: str) -> str:
    """Return a text of a request.

    Args:
        values: the request.
        name: of the text.

    Raises:
        RequestError: it is missing, empty or no text.
    """
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise RequestError(f"{name} must be a text that is not empty, not {str(value)[:40]!r}")
    return value


def whole_of(value: object, name: str) -> int:
    """Return a whole number of a request; what follows the point is cut off.

    Args:
        value: as it came.
        name: what to call it in an error.

    Raises:
        RequestError: it is no number, or too large for a browser's.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
        raise RequestError(f"{name} must be a whole number, not {str(value)[:40]!r}")
    return int(value)
