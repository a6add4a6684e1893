"""What the API does with the database, each in one transaction; runs in the server's threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.context import ServerContext
from app.errors import RequestError
from app.gold import with_gold
from app.items import Json, class_list, history_group, history_item, picked_item, queue_item
from app.lookups import lookup_links
from app.project import now
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotations import history as past
from labeling.classes import LabelClass, list_classes
from labeling.gold import GOLD, is_gold
from labeling.groups import LastGroup, recent_steps
from labeling.people import Role
from labeling.queue import lease_next, release
from labeling.round_log import latest_round


def next_items(context: ServerContext, *, count: int, keep: Sequence[str], tab: str = "") -> Json:
    """Lease the next items to the annotator.

    Args:
        context: the running server.
        count: how many items at most.
        keep: item keys to have first: the one on the screen, or one picked on the map.
        tab: the tab of the annotator's browser that asks.

    Returns:
        `instance`, `round`, `revision`, `items`, and `classes`.
    """
    project = context.project
    with project.database.transaction() as session:
        # What was leased before a new round came goes back first, so that others may get it.
        release(session, annotator_id=context.annotator_id, tab=tab)
        proposals = lease_next(
            session,
            annotator_id=context.annotator_id,
            count=count,
            lease_s=project.config.rounds.lease_s,
            keep=keep,
            tab=tab,
            overlap=context.overlap.wanted,
            begun=context.overlap.read(session),
        )
        proposals = with_gold(context, session, proposals, kept=keep, count=count)
        classes = list_classes(session, archived=True)
        counts = context.counts.read(session)
        latest = latest_round(session)
    by_id = {entry.id: entry for entry in classes}
    items_now = [queue_item(project.pool, proposal, by_id) for proposal in proposals]
    # What left the pool with `goldpan refresh` cannot be labelled any more.
    found = {item["key"]: item for item in items_now if item["row"] is not None}
    kept = [found.pop(key, None) or _picked(context, key, by_id) for key in keep]
    items = [item for item in kept if item is not None] + list(found.values())
    return {
        "instance": context.instance,
        "round": latest.number if latest else 0,
        "revision": counts.revision,
        "items": [
            {**item, "links": lookup_links(project.pool, item["row"], project.config.views)}
            for item in items[: max(count, len(keep))]
        ],
        "left": max(context.readable - sum(counts.acts.values()), 0),
        "classes": class_list([entry for entry in classes if not entry.archived], counts.classes),
    }


def release_tab(context: ServerContext, values: Mapping[str, Any]) -> Json:
    """Give back what a tab holds: it is being closed, and others may get it.

    Raises:
        RequestError: no tab is named.
    """
    tab = _text(values, "tab")
    with context.project.database.transaction() as session:
        return {"released": release(session, annotator_id=context.annotator_id, tab=tab)}


def history(context: ServerContext, *, limit: int) -> Json:
    """Return what the annotator did last, newest first: a group as one step, undo acts folded into `undone`."""
    with context.project.database.reading() as session:
        steps = recent_steps(session, annotator_id=context.annotator_id, limit=limit)
        by_id = {entry.id: entry for entry in list_classes(session, archived=True)}
    told = [
        history_group(step, classes=by_id)
        if isinstance(step, LastGroup)
        else history_item(step, classes=by_id)
        for step in steps
    ]
    return {"instance": context.instance, "items": told}


def store_annotation(context: ServerContext, values: Mapping[str, Any]) -> Json:
    """Store one annotation and commit.

    Raises:
        RequestError: a value is missing, of the wrong type, or names an item that is not in the pool.
    """
    new = parse_annotation(values)
    if new.act == Act.ADJUDICATE and not context.person.role.may(Role.REVIEWER):
        raise RequestError("adjudicate needs the role reviewer; label the item instead")
    if new.act != Act.UNDO:
        check_keys(context, [new.item_key])
    asks_gold = context.project.config.team.gold_share > 0
    with context.project.database.transaction() as session:
        # What the queue showed has a kind; a gold item has that of a proposal, so that nobody tells it by that.
        if asks_gold and new.kind and new.act != Act.UNDO and is_gold(session, item_key=new.item_key):
            new = replace(new, kind=GOLD)
        stored = record(session, new=new, annotator_id=context.annotator_id, now=now())
        counts = context.counts.preview(session)
    context.counts.remember(counts)
    return {
        "uid": stored.uid,
        "id": stored.id,
        "revision": counts.revision,
        "duplicate": stored.duplicate,
        "instance": context.instance,
        "counts": {str(key): value for key, value in counts.classes.items()},
    }


def check_keys(context: ServerContext, keys: Iterable[str]) -> None:
    """Refuse keys of items that the pool has not.

    Raises:
        RequestError: one of them is unknown.
    """
    unknown = next((key for key in keys if context.project.pool.row(key) is None), None)
    if unknown is not None:
        raise RequestError(f"the pool has no item {unknown[:80]!r}; it may have changed, reload the page")


def parse_annotation(values: Mapping[str, Any]) -> NewAnnotation:
    """Return the annotation that a request describes.

    Raises:
        RequestError: a value is missing or of the wrong type.
    """
    act = _text(values, "act")
    if act not in {entry.value for entry in Act}:
        raise RequestError(f"act is {act[:40]!r}; allowed are {', '.join(entry.value for entry in Act)}")
    return NewAnnotation(
        uid=_text(values, "uid"),
        item_key=_text(values, "item_key"),
        act=Act(act),
        class_id=_number(values, "class_id"),
        undoes_uid=_optional_text(values, "undoes_uid"),
        comment=_optional_text(values, "comment") or "",
        round_number=_number(values, "round"),
        strategy=_optional_text(values, "strategy") or "",
        kind=_optional_text(values, "kind") or "",
        suggested_class_id=_number(values, "suggested_class_id"),
        shown_ms=_number(values, "shown_ms"),
    )


def _picked(context: ServerContext, key: str, by_id: Mapping[int, LabelClass]) -> Json | None:
    row = context.project.pool.row(key)
    if row is None:
        return None
    with context.project.database.reading() as session:
        told = [entry for entry in past(session, item_key=key) if entry.act == Act.LABEL and not entry.undone]
    label = by_id.get(told[-1].class_id) if told and told[-1].class_id is not None else None
    return picked_item(context.project.pool, row, label=label)


def _text(values: Mapping[str, Any], name: str) -> str:
    """Return a text that must be there."""
    value = _optional_text(values, name)
    if not value:
        raise RequestError(f"{name} must be a text that is not empty, not {str(values.get(name))[:40]!r}")
    return value


def _optional_text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise RequestError(f"{name} must be a text, not {str(value)[:40]!r}")
    return value


def _number(values: Mapping[str, Any], name: str) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
        raise RequestError(f"{name} must be a whole number, not {str(value)[:40]!r}")
    return int(value)
