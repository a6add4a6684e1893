"""What the API does with what is sought, each in one transaction; runs in the server's threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.access import require
from app.context import ServerContext
from app.errors import RequestError
from app.items import Json
from app.round_files import RoundMeaning, read_meaning
from app.sought import check_seek, seek_abilities
from labeling.classes import list_classes
from labeling.clock import database_now
from labeling.people import Role
from labeling.pools.criteria import matching_rows, parse_criteria
from labeling.round_log import latest_round
from labeling.seeks import NewSeek, Seek, SeekKind, add_seek, list_seeks, withdraw_seek


def seeks(context: ServerContext) -> Json:
    """Return what is sought, what came of it in the last round, and what one can seek by."""
    with context.project.database.reading() as session:
        entries = list_seeks(session)
        names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
        latest = latest_round(session)
    meaning = None if latest is None else read_meaning(context.project.paths.rounds, latest.number)
    abilities = seek_abilities(context.project)
    return {
        "seeks": [seek_json(entry, names, reports_of(meaning)) for entry in entries],
        "words": abilities.words,
        "words_obstacle": abilities.words_obstacle,
        "columns": list(abilities.columns),
    }


def add(context: ServerContext, values: Mapping[str, Any]) -> Json:
    """Store what is sought.

    Raises:
        RequestError: a value is missing, of the wrong type, or cannot be used in this pool.
        CriteriaError: criteria that cannot be read.
        SeekError: it cannot be stored.
        AccessError: the person may not seek.
    """
    new = parse_seek(values)
    check_seek(context.project, new)
    require(context, Role.ANNOTATOR)
    with context.project.database.transaction() as session:
        stored = add_seek(session, new=new, annotator_id=context.annotator_id, now=database_now(session))
        names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
    return {"seek": seek_json(stored, names, {})}


def withdraw(context: ServerContext, seek_id: int) -> Json:
    """Take back what was sought.

    Raises:
        SeekError: there is no such seek.
        AccessError: the person may not seek.
    """
    require(context, Role.ANNOTATOR)
    with context.project.database.transaction() as session:
        stored = withdraw_seek(
            session, seek_id=seek_id, annotator_id=context.annotator_id, now=database_now(session)
        )
        names = {entry.id: entry.name for entry in list_classes(session, archived=True)}
    return {"seek": seek_json(stored, names, {})}


def count_matches(context: ServerContext, text: str) -> Json:
    """Return how many items match criteria, reading the whole pool.

    Raises:
        CriteriaError: they cannot be read.
    """
    pool = context.project.pool
    criteria = parse_criteria(text, pool.columns)
    return {"matches": int(matching_rows(pool, criteria).sum()), "items": pool.n}


def parse_seek(values: Mapping[str, Any]) -> NewSeek:
    """Return the seek that a request describes.

    Raises:
        RequestError: a value is missing or of the wrong type.
    """
    kind, text, keys = values.get("kind"), values.get("text", ""), values.get("item_keys", [])
    class_id = values.get("class_id")
    if kind not in list(SeekKind):
        raise RequestError(f"kind is {str(kind)[:40]!r}; allowed are {', '.join(SeekKind)}")
    if not isinstance(text, str):
        raise RequestError(f"text must be a text, not {str(text)[:40]!r}")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise RequestError("item_keys must be a list of item keys, each a text")
    if class_id is not None and (isinstance(class_id, bool) or not isinstance(class_id, int)):
        raise RequestError(f"class_id must be a whole number or null, not {str(class_id)[:40]!r}")
    return NewSeek(kind=kind, class_id=class_id, text=text, item_keys=tuple(keys))


def reports_of(meaning: RoundMeaning | None) -> dict[int, Json]:
    """Return what came of each seek in a round, by its number."""
    return {} if meaning is None else {int(entry["id"]): entry for entry in meaning.seeks}


def seek_json(entry: Seek, names: Mapping[int, str], reports: Mapping[int, Json]) -> Json:
    """Return a seek with what came of it; `report` is null until a round has used it."""
    found = reports.get(entry.id)
    return {
        "id": entry.id,
        "kind": str(entry.kind),
        "class_id": entry.class_id,
        "class_name": None if entry.class_id is None else names.get(entry.class_id),
        "text": entry.text,
        "item_keys": list(entry.item_keys),
        "annotator": entry.annotator,
        "created_at": entry.created_at.isoformat(),
        "withdrawn_at": None if entry.withdrawn_at is None else entry.withdrawn_at.isoformat(),
        "report": None if found is None else {name: value for name, value in found.items() if name != "id"},
    }
