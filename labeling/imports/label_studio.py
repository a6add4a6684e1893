"""Labels out of a JSON export of Label Studio.

Of each task the newest annotation counts that is not cancelled; its one choice is the class. Both forms are read: the
full one ("JSON": tasks with `annotations`) and the small one ("JSON-MIN": the fields of a task and its answers beside
each other).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labeling.checks import is_storable
from labeling.imports.errors import ImportFileError

TOLD = 5
"""Problems that an error names; the others are counted."""


@dataclass(frozen=True)
class ImportedLabel:
    """A label of the file.

    Attributes:
        item_key: of which item.
        class_name: its class.
        source: what tells this annotation from any other of the file, for a uid.
        place: where it is in the file, for messages: "task 3".
    """

    item_key: str
    class_name: str
    source: str
    place: str


def read_label_studio(
    path: Path, *, key_field: str = "item_key", choice: str = "label"
) -> list[ImportedLabel]:
    """Read the labels of a JSON export.

    Args:
        path: the file.
        key_field: field of a task's data that holds the item's key.
        choice: name of the choices in the labelling interface.

    Returns:
        The labels in the order of the tasks; a task without an annotation, or with a cancelled one alone, gives none.

    Raises:
        ImportFileError: it cannot be read, is no such export, a task has no key, has several choices, or comes twice
            with different classes; all of these are told, the first of them named.
    """
    problems: list[str] = []
    labels: dict[str, ImportedLabel] = {}
    for number, task in enumerate(_tasks(path), start=1):
        try:
            found = _label(task, place=f"task {number}", key_field=key_field, choice=choice)
        except ImportFileError as problem:
            problems.append(str(problem))
            continue
        if found is None:
            continue
        first = labels.setdefault(found.item_key, found)
        if first.class_name != found.class_name:
            problems.append(
                f"{found.place}: item {found.item_key[:80]!r} is {found.class_name[:80]!r} here and "
                f"{first.class_name[:80]!r} in {first.place}"
            )
    if problems:
        raise ImportFileError(f"{path}: {listed(problems)}")
    return list(labels.values())


def listed(problems: Sequence[str]) -> str:
    """Return the first few problems, and how many more there are."""
    more = f"; and {len(problems) - TOLD} more" if len(problems) > TOLD else ""
    return "; ".join(problems[:TOLD]) + more


def _tasks(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as problem:
        raise ImportFileError(
            f"{path} cannot be read as JSON in UTF-8 ({problem}); export JSON or JSON-MIN from Label Studio"
        ) from problem
    if not isinstance(content, list) or not all(isinstance(task, dict) for task in content):
        raise ImportFileError(f"{path} is not a list of tasks; export JSON or JSON-MIN from Label Studio")
    yield from content


def _label(task: Mapping[str, Any], *, place: str, key_field: str, choice: str) -> ImportedLabel | None:
    data = task.get("data", task)
    key = data.get(key_field) if isinstance(data, dict) else None
    if not isinstance(key, str) or not key or not is_storable(key):
        fields = ", ".join(sorted(data)[:10]) if isinstance(data, dict) else "nothing"
        raise ImportFileError(
            f"{place} has no text {key_field!r} that names the item; its data have {fields}: name the field with "
            "--key-field"
        )
    if "annotations" in task:
        newest = _newest(task["annotations"])
        choices = None if newest is None else _choices(newest, choice)
        mark = "" if newest is None else f"{newest.get('id')}:{newest.get('updated_at')}"
    else:
        choices, mark = _small(task.get(choice)), f"{task.get('annotation_id')}:{task.get('updated_at')}"
    if not choices:
        return None
    if len(choices) > 1:
        raise ImportFileError(
            f"{place} has {len(choices)} classes, {', '.join(map(repr, choices))[:160]}; an item has one"
        )
    return ImportedLabel(key, choices[0], source=f"{key}\n{choices[0]}\n{mark}", place=place)


def _newest(annotations: object) -> Mapping[str, Any] | None:
    given = annotations if isinstance(annotations, list) else []
    kept = [each for each in given if isinstance(each, dict) and not each.get("was_cancelled")]
    return max(
        kept, key=lambda each: str(each.get("updated_at") or each.get("created_at") or ""), default=None
    )


def _choices(annotation: Mapping[str, Any], name: str) -> list[str]:
    results = annotation.get("result")
    found: list[str] = []
    for each in results if isinstance(results, list) else []:
        if isinstance(each, dict) and each.get("type") == "choices" and each.get("from_name") == name:
            value = each.get("value")
            found += _small(value.get("choices") if isinstance(value, dict) else None)
    return found


def _small(value: object) -> list[str]:
    """Return the choices of JSON-MIN: one text, or an object or a list with several."""
    if isinstance(value, dict):
        value = value.get("choices")
    given = value if isinstance(value, list) else [value]
    return [each for each in given if isinstance(each, str) and each]
