"""What the API does with the database, each in one transaction; runs in the server's threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from app.context import ServerContext
from app.cutouts import elsewhere
from app.errors import RequestError
from app.gold import with_gold
from app.items import Json, audit_item, class_list, history_group, history_item, picked_item, queue_item
from app.write_batch import Committed
from config.errors import GoldpanError
from labeling.annotations import Act, NewAnnotation, Recorded, record
from labeling.annotations import history as past
from labeling.audit_set import audit_keys_among, count_open_audit
from labeling.bulk import record_each
from labeling.classes import LabelClass, list_classes
from labeling.errors import LabelingError
from labeling.gold import GOLD, is_gold
from labeling.groups import LastGroup, recent_steps
from labeling.people import Role
from labeling.queue import AUDIT_TAB, lease_next, release, renew_audit
from labeling.round_log import latest_round

TOGETHER_MAX = 50
"""Annotations that one request may hold."""


@dataclass(frozen=True)
class Checked:
    """One of several annotations of a request.

    Attributes:
        uid: as it was sent, "" where it is none.
        new: the annotation; None where something is wrong.
        problem: what is wrong; None where nothing is.
    """

    uid: str
    new: NewAnnotation | None = None
    problem: RequestError | None = None


def next_items(context: ServerContext, *, count: int, keep: Sequence[str], tab: str = "") -> Json:
    """Lease the next items to the annotator.

    Args:
        context: the running server.
        count: how many items at most.
        keep: item keys to have first: the one on the screen, or one picked on the map.
        tab: the tab of the annotator's browser that asks.

    Returns:
        `instance`, `round`, `revision`, `items`, `classes`, and `left`: how many items nobody has annotated; where no
        item comes, without those of the audit set.
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
        if audit_keys_among(session, keep):
            renew_audit(session, annotator_id=context.annotator_id, lease_s=project.config.rounds.lease_s)
        proposals = with_gold(context, session, proposals, kept=keep, count=count)
        classes = list_classes(session, archived=True)
        counts = context.counts.read(session)
        latest = latest_round(session)
        # The audit set waits for whoever asks for it: it is counted only where nothing else comes.
        held = 0 if proposals else count_open_audit(session)
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
            {**item, **elsewhere(project.pool, row, project.config.views)}
            for item in items[: max(count, len(keep))]
            if (row := project.pool.row(item["key"])) is not None
        ],
        "left": max(context.readable - sum(counts.acts.values()) - held, 0),
        "classes": class_list([entry for entry in classes if not entry.archived], counts.classes),
    }


def release_tab(context: ServerContext, values: Mapping[str, Any]) -> Json:
    """Give back what a tab holds: it is being closed, and others may get it.

    Raises:
        RequestError: no tab is named.
    """
    tab = _text(values, "tab")
    with context.project.database.transaction() as session:
        own, audit = (
            release(session, annotator_id=context.annotator_id, tab=each) for each in (tab, AUDIT_TAB)
        )
        return {"released": own + audit}


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


def check_annotation(context: ServerContext, values: Mapping[str, Any]) -> NewAnnotation:
    """Return the annotation that a request describes, checked against the pool.

    Raises:
        RequestError: a value is missing, of the wrong type, or names an item that is not in the pool.
    """
    new = parse_annotation(values)
    if new.act == Act.ADJUDICATE and not context.person.role.may(Role.REVIEWER):
        raise RequestError("adjudicate needs the role reviewer; label the item instead")
    if new.act != Act.UNDO:
        check_keys(context, [new.item_key])
    return new


def store_annotation(context: ServerContext, new: NewAnnotation) -> Future[Committed[Recorded]]:
    """Have one annotation stored with the next commit, in its turn.

    Args:
        context: the running server.
        new: the annotation; see `check_annotation`.
    """
    return context.batch.submit(
        lambda session, now: record(
            session,
            new=_as_shown(context, session, new),
            annotator_id=context.annotator_id,
            now=now,
        )
    )


def stored_answer(context: ServerContext, done: Committed[Recorded]) -> Json:
    """Return what is answered for an annotation that is on the disk.

    Args:
        context: the running server.
        done: what became of it; the counts and the revision may hold others of the same commit.
    """
    return {
        "uid": done.stored.uid,
        "id": done.stored.id,
        "revision": done.counts.revision,
        "duplicate": done.stored.duplicate,
        "instance": context.instance,
        "counts": {str(key): value for key, value in done.counts.classes.items()},
    }


def check_annotations(context: ServerContext, values: Mapping[str, Any]) -> list[Checked]:
    """Return the annotations that a request holds as `annotations`, or what is wrong with each.

    Raises:
        RequestError: there are none, or more than TOGETHER_MAX.
    """
    entries = values["annotations"]
    if not isinstance(entries, list) or not 0 < len(entries) <= TOGETHER_MAX:
        size = len(entries) if isinstance(entries, list) else type(entries).__name__
        raise RequestError(f"annotations must be a list of 1 to {TOGETHER_MAX}, not {size}")
    return [_checked(context, entry) for entry in entries]


def store_annotations(
    context: ServerContext, checked: Sequence[Checked]
) -> Future[Committed[list[Recorded | LabelingError]]]:
    """Have several annotations stored with the next commit, in their order; one that is refused holds up no other.

    Args:
        context: the running server.
        checked: what `check_annotations` returned; what was wrong there is left out.
    """
    sound = [entry.new for entry in checked if entry.new is not None]
    return context.batch.submit(
        lambda session, now: record_each(
            session,
            news=[_as_shown(context, session, new) for new in sound],
            annotator_id=context.annotator_id,
            now=now,
        )
    )


def stored_answers(
    context: ServerContext, checked: Sequence[Checked], done: Committed[list[Recorded | LabelingError]]
) -> Json:
    """Return what is answered for several annotations that are on the disk.

    Args:
        context: the running server.
        checked: what `check_annotations` returned.
        done: what became of those that were sound.

    Returns:
        `stored`, for each of them in order: `uid`, `id` and `duplicate`, or `uid` and `error`; and beside it, as
        they are after the last: `revision`, `counts` and `instance`.
    """
    found = iter(done.stored)
    told = [_told(entry.uid, next(found) if entry.problem is None else entry.problem) for entry in checked]
    return {
        "stored": told,
        "revision": done.counts.revision,
        "instance": context.instance,
        "counts": {str(key): value for key, value in done.counts.classes.items()},
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


def _as_shown(context: ServerContext, session: Any, new: NewAnnotation) -> NewAnnotation:  # noqa: ANN401
    """Return an annotation with the kind `gold` where the queue showed a gold item.

    What the queue showed has a kind; a gold item has that of a proposal, so that nobody tells it by that.
    """
    asks_gold = context.project.config.team.gold_share > 0
    if asks_gold and new.kind and new.act != Act.UNDO and is_gold(session, item_key=new.item_key):
        return replace(new, kind=GOLD)
    return new


def _checked(context: ServerContext, values: object) -> Checked:
    uid = values.get("uid") if isinstance(values, dict) else None
    uid = uid[:64] if isinstance(uid, str) else ""
    if not isinstance(values, dict):
        return Checked(
            uid, problem=RequestError(f"an annotation must be a JSON object, not {str(values)[:40]!r}")
        )
    try:
        return Checked(uid, check_annotation(context, values))
    except RequestError as problem:
        return Checked(uid, problem=problem)


def _told(uid: str, found: Recorded | GoldpanError) -> Json:
    """Say what became of one of several annotations."""
    if isinstance(found, Recorded):
        return {"uid": found.uid, "id": found.id, "duplicate": found.duplicate}
    return {"uid": uid, "error": str(found)}


def _picked(context: ServerContext, key: str, by_id: Mapping[int, LabelClass]) -> Json | None:
    row = context.project.pool.row(key)
    if row is None:
        return None
    with context.project.database.reading() as session:
        if audit_keys_among(session, [key]):
            return audit_item(context.project.pool, row)
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
