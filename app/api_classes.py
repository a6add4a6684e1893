"""The REST API of the classes, beside `app.api`.

| method and path | what |
|---|---|
| GET, POST /api/classes | list the classes, add one |
| PATCH /api/classes/ID | rename it, set key, colour, description, parent, target or place |
| POST /api/classes/ID/archive | take it out of use; its labels stay |
| POST /api/classes/ID/restore | take it into use again |
| POST /api/classes/ID/merge | give its items another class and archive it; `/api/groups/undo` takes it back |

Every answer holds all classes as they are then. A change is stored before it is answered, and the project's file says
the new names by then (`app.class_file`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tornado.web import RequestHandler

from app.api import ApiHandler
from app.class_file import write_classes
from app.class_keys import next_key
from app.components.colours import farthest_colour
from app.context import ServerContext
from app.errors import RequestError
from app.items import Json, class_list
from app.recording import note_change, note_class, note_merge
from config.checks import fold
from labeling.annotations import Counts
from labeling.classes import (
    UNCHANGED,
    LabelClass,
    add_class,
    archive_class,
    lift_children,
    list_classes,
    move_class,
    rename_class,
    restore_class,
    update_class,
)
from labeling.clock import database_now
from labeling.events import EventKind
from labeling.merging import merge_class
from labeling.people import Role

CLASS_LIMIT = 1000
RESERVED_KEYS = "suf?/"
"""What the label card does with a key whatever the classes are: skip, unsure, flag, its help, find a class."""

CHANGEABLE = ("name", "known_name", "key", "colour", "description", "parent_id", "target", "place")
"""What a PATCH may hold; `known_name` is the name that the person saw, `place` counts among its kind."""


@dataclass(frozen=True)
class Changed:
    """A change that is stored.

    Attributes:
        answer: what the browser is told.
        former: names that classes had before it.
    """

    answer: Json
    former: tuple[str, ...] = ()


class ClassHandler(ApiHandler):
    """What the handlers of classes share: a change, the file brought up to date, the answer."""

    async def change(self, step: Callable[[ServerContext, Mapping[str, Any]], Changed]) -> None:
        """Store a change, write the project's file, and answer with all classes.

        Args:
            step: what to store; gets the server and the request's body.
        """
        await self.send(self._changed(step))
        self.context.supervisor.wake()

    async def _changed(self, step: Callable[[ServerContext, Mapping[str, Any]], Changed]) -> Json:
        context, loop = self.context, asyncio.get_running_loop()
        changed = await loop.run_in_executor(context.writer, lambda: step(context, self.body()))
        # In another thread than the one that stores: a long file must not keep labels waiting.
        problem = await loop.run_in_executor(context.reader, lambda: keep_file(context, changed.former))
        return {**changed.answer, "file_problem": problem}


class ClassesHandler(ClassHandler):
    """Lists classes and adds them."""

    needs = MappingProxyType({"GET": Role.VIEWER, "POST": Role.REVIEWER})

    async def get(self) -> None:
        """Answer with the open classes, and apart from them the archived ones."""
        await self.answer(self.context.reader, lambda: classes(self.context))

    async def post(self) -> None:
        """Add a class; the project's file keeps those it names, so it is not written for this."""
        await self.answer(self.context.writer, lambda: add(self.context, self.body()))
        self.context.supervisor.wake()


class OneClassHandler(ClassHandler):
    """One class."""

    needs = MappingProxyType({"PATCH": Role.ADMIN})

    async def patch(self, number: str) -> None:
        """Change what the body holds."""
        await self.change(lambda context, values: change(context, int(number), values))


class ClassActHandler(ClassHandler):
    """What is done with one class."""

    needs = MappingProxyType({"POST": Role.ADMIN})

    async def post(self, number: str, act: str) -> None:
        """Archive it, restore it, or merge it into another."""
        step = {"archive": archive, "restore": restore, "merge": merge}[act]
        await self.change(lambda context, values: step(context, int(number), values))


def class_routes(context: ServerContext) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the routes for the server's `extra_patterns`."""
    shared = {"context": context}
    return [
        (r"/api/classes", ClassesHandler, shared),
        (r"/api/classes/([0-9]{1,9})", OneClassHandler, shared),
        (r"/api/classes/([0-9]{1,9})/(archive|restore|merge)", ClassActHandler, shared),
    ]


def classes(context: ServerContext) -> Json:
    """Return the open classes with their running counts, each followed by those under it, and the archived ones."""
    with context.project.database.reading() as session:
        return _told(context, list_classes(session, archived=True), context.counts.read(session))


def add(context: ServerContext, values: Mapping[str, Any]) -> Json:
    """Add a class, with a colour unlike the others' and the next free key.

    Args:
        context: the running server.
        values: `name`, and if wanted `key`, `colour`, `description`, `parent_id`, `target`.

    Raises:
        RequestError: the name is missing, or there are too many classes.
        LabelClassError: a value is taken or cannot be used.
    """
    name = values.get("name")
    if not isinstance(name, str) or not name.strip():
        raise RequestError(f"name must be a text that is not empty, not {str(name)[:40]!r}")
    with context.project.database.transaction() as session:
        known = list_classes(session, archived=True)
        _refuse_same(known, name)
        if len(known) >= CLASS_LIMIT:
            raise RequestError(
                f"the project has {len(known)} classes; more than {CLASS_LIMIT} are not supported"
            )
        _check_parent(known, values.get("parent_id"))
        used = [entry.colour for entry in known if entry.colour and not entry.archived]
        added = add_class(
            session,
            name=name,
            key=_key(known, values.get("key")) or next_key({entry.key for entry in known}),
            colour=values.get("colour") or farthest_colour(used),
            parent_id=values.get("parent_id"),
            description=values.get("description", ""),
            target=values.get("target"),
        )
        note_class(context, session, EventKind.CLASS_ADDED, added)
        return _told(context, list_classes(session, archived=True), context.counts.read(session))


def change(context: ServerContext, class_id: int, values: Mapping[str, Any]) -> Changed:
    """Change a class.

    Args:
        context: the running server.
        class_id: the class.
        values: some of CHANGEABLE.

    Raises:
        RequestError: a value that is not known, or contradicts other classes.
        LabelClassError: a value is taken or cannot be used, or somebody renamed the class meanwhile.
    """
    unknown = sorted(set(values) - set(CHANGEABLE))
    if unknown or not values:
        raise RequestError(
            f"cannot change {', '.join(unknown)[:80] or 'nothing'}; allowed: {', '.join(CHANGEABLE)}"
        )
    given = {
        name: values[name] for name in ("colour", "description", "parent_id", "target") if name in values
    }
    with context.project.database.transaction() as session:
        known = list_classes(session, archived=True)
        before = _find(known, class_id)
        if "name" in values:
            _refuse_same(known, values["name"], but=class_id)
            rename_class(session, class_id=class_id, name=values["name"], known_name=values.get("known_name"))
        if "parent_id" in values:
            _check_parent(known, values["parent_id"])
        key = _key(known, values["key"], but=class_id) if "key" in values else UNCHANGED
        update_class(session, class_id=class_id, key=key, **given)
        if "place" in values:
            move_class(session, class_id=class_id, place=values["place"])
        after = list_classes(session, archived=True)
        if after and all(entry.target == 0 for entry in after if not entry.archived):
            raise RequestError("every class would have the target 0; give one of them a target above 0 first")
        note_change(context, session, before, _find(after, class_id))
        answer = _told(context, after, context.counts.read(session))
    return Changed(answer, former=(before.name,) if "name" in values else ())


def archive(context: ServerContext, class_id: int, _: Mapping[str, Any]) -> Changed:
    """Take a class out of use; its labels stay, and the classes under it come under the one above.

    Raises:
        LabelClassError: there is no such class.
    """
    with context.project.database.transaction() as session:
        lift_children(session, class_id=class_id)
        note_class(context, session, EventKind.CLASS_ARCHIVED, archive_class(session, class_id=class_id))
        found = list_classes(session, archived=True)
        return Changed(_told(context, found, context.counts.read(session)))


def restore(context: ServerContext, class_id: int, _: Mapping[str, Any]) -> Changed:
    """Take an archived class into use again.

    Raises:
        LabelClassError: there is no such class.
    """
    with context.project.database.transaction() as session:
        note_class(context, session, EventKind.CLASS_RESTORED, restore_class(session, class_id=class_id))
        found = list_classes(session, archived=True)
        return Changed(_told(context, found, context.counts.read(session)))


def merge(context: ServerContext, class_id: int, values: Mapping[str, Any]) -> Changed:
    """Give the items of a class another one.

    Args:
        context: the running server.
        class_id: the class that is merged.
        values: `into`, the other's id, and `uid`, made where the merge was asked for.

    Returns:
        `merged`, the number of items, beside the classes.

    Raises:
        LabelClassError: one of the classes cannot be used.
        AnnotationInvalidError: the uid is none.
    """
    with context.project.database.transaction() as session:
        into = values.get("into")
        if isinstance(into, bool) or not isinstance(into, int):
            raise RequestError(f"into must be the id of a class, not {str(into)[:40]!r}")
        done = merge_class(
            session,
            class_id=class_id,
            into_id=into,
            uid=values.get("uid", ""),
            annotator_id=context.annotator_id,
            now=database_now(session),
        )
        found = list_classes(session, archived=True)
        if not done.duplicate:
            note_merge(context, session, _find(found, class_id), _find(found, into), items=done.items)
        counts = context.counts.preview(session)
    context.counts.remember(counts)
    return Changed({**_told(context, found, counts), "merged": done.items, "group": values["uid"]})


def keep_file(context: ServerContext, former: Collection[str] = ()) -> str:
    """Write the classes into the project's file; return what went wrong in words, "" where nothing did.

    Args:
        context: the running server.
        former: names that classes had before.
    """
    with context.writing_file:
        return write_classes(context.project.database, context.project.paths.config, former=former)


def _told(context: ServerContext, found: Sequence[LabelClass], counts: Counts) -> Json:
    archived = [
        {"id": entry.id, "name": entry.name, "colour": entry.colour, "count": counts.classes.get(entry.id, 0)}
        for entry in found
        if entry.archived
    ]
    return {
        "instance": context.instance,
        "revision": counts.revision,
        "classes": class_list([entry for entry in found if not entry.archived], counts.classes),
        "archived": archived,
    }


def _find(known: Sequence[LabelClass], class_id: object) -> LabelClass:
    found = next((entry for entry in known if entry.id == class_id), None)
    if found is None:
        raise RequestError(f"there is no class with id {str(class_id)[:40]}; load the classes again")
    return found


def _refuse_same(known: Sequence[LabelClass], name: object, *, but: int | None = None) -> None:
    """Refuse a name that differs from another class's in case alone; a file could not hold both."""
    if not isinstance(name, str):
        return
    for entry in known:
        if entry.id == but or fold(entry.name) != fold(name[:2_000].strip()):
            continue
        if entry.archived:
            raise RequestError(f"there is a class {entry.name!r} already; it is archived: restore it instead")
        raise RequestError(f"there is a class {entry.name!r} already; choose another name")


def _check_parent(known: Sequence[LabelClass], parent_id: object) -> None:
    if parent_id is not None:
        parent = _find(known, parent_id)
        if parent.archived:
            raise RequestError(
                f"the class {parent.name!r} is archived; restore it before you put others under it"
            )


def _key(known: Sequence[LabelClass], key: object, *, but: int | None = None) -> str | None:
    """Return a key as it is stored; "" and None take it away. Whether it is one sign, the store looks at."""
    if key is None or key == "":
        return None
    if not isinstance(key, str):
        raise RequestError(f"key must be a text of one sign or null, not {str(key)[:40]!r}")
    text = key.lower()
    if text in RESERVED_KEYS:
        raise RequestError(f"the key {text!r} has a use of its own on the Label page; choose another one")
    for entry in known:
        if entry.id != but and not entry.archived and entry.key and entry.key.lower() == text:
            raise RequestError(
                f"the key {text!r} belongs to the class {entry.name!r} already; choose another one"
            )
    return text
