"""Puts changes of classes and settings on record (`labeling.events`); of classes in the transaction of the change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from app.context import ServerContext
from labeling.classes import LabelClass, list_classes
from labeling.clock import database_now
from labeling.events import EventKind, record_event


def note_class(
    context: ServerContext,
    session: Any,  # noqa: ANN401 - a session of labeling.database
    kind: EventKind,
    label_class: LabelClass,
    **details: Any,  # noqa: ANN401 - plain values
) -> None:
    """Put on record that the person did something to a class.

    Args:
        context: the running server, as the person sees it.
        session: of the transaction of the change.
        kind: what was done.
        label_class: the class after it.
        **details: what else is to be known; plain values.
    """
    record_event(
        session,
        kind=kind,
        annotator_id=context.annotator_id,
        now=database_now(session),
        subject=label_class.name,
        details={"class_id": label_class.id, **details},
    )


def note_change(
    context: ServerContext,
    session: Any,  # noqa: ANN401 - a session of labeling.database
    before: LabelClass,
    after: LabelClass,
) -> None:
    """Put on record what is different of a class: its new name, and apart from it whatever else."""
    if before.name != after.name:
        names = {"from": before.name, "to": after.name}
        note_class(context, session, EventKind.CLASS_RENAMED, after, **names)
    changed = {
        entry.name: {"from": getattr(before, entry.name), "to": getattr(after, entry.name)}
        for entry in fields(LabelClass)
        if entry.name != "name" and getattr(before, entry.name) != getattr(after, entry.name)
    }
    if changed:
        note_class(context, session, EventKind.CLASS_CHANGED, after, changed=changed)


def note_merge(
    context: ServerContext,
    session: Any,  # noqa: ANN401 - a session of labeling.database
    merged: LabelClass,
    into: LabelClass,
    *,
    items: int,
) -> None:
    """Put on record that a class was merged into another one."""
    note_class(context, session, EventKind.CLASS_MERGED, merged, into_id=into.id, into=into.name, items=items)


def note_setting(context: ServerContext, name: str) -> None:
    """Put on record that the person changed a setting of the project's file."""
    with context.project.database.transaction() as session:
        record_event(
            session,
            kind=EventKind.SETTINGS_CHANGED,
            annotator_id=context.annotator_id,
            now=database_now(session),
            subject=name,
        )


def note_person(
    session: Any,  # noqa: ANN401 - a session of labeling.database
    kind: EventKind,
    name: str,
    *,
    annotator_id: int | None = None,
    **details: Any,  # noqa: ANN401 - plain values
) -> None:
    """Put on record what concerns who may come in.

    Args:
        session: of the transaction of the act.
        kind: what was done.
        name: the person whom it concerns.
        annotator_id: who did it; None for whoever used the command line of the server's machine.
        **details: what else is to be known; plain values, never a secret.
    """
    record_event(
        session,
        kind=kind,
        annotator_id=annotator_id,
        now=database_now(session),
        subject=name,
        details=details,
    )


def note_restored(
    context: ServerContext,
    session: Any,  # noqa: ANN401 - a session of labeling.database
    before: Iterable[LabelClass],
) -> None:
    """Put on record which classes are in use again since `before`: an undone merge restores one."""
    archived = {entry.id for entry in before if entry.archived}
    for entry in list_classes(session):
        if entry.id in archived:
            note_class(context, session, EventKind.CLASS_RESTORED, entry, by="undone merge")
