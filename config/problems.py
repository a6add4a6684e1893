"""What pydantic and the reader found wrong → one line for each, with its place and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from config.checks import Path, Problem, class_problems, queue_problems
from config.documents import Document, Place
from config.json_schema import allowed_values, known_keys
from config.names import closest

MAX_SHOWN = 50
"""Problems spelt out in one message; the rest is counted."""

_SHOW_CHARACTERS = 80


def describe(
    error: ValidationError, data: object, document: Document, moved: Mapping[Path, Path]
) -> list[str]:
    """Return one line "LINE:COLUMN: path: what is wrong" for each problem, in the order of the file.

    Args:
        error: what pydantic found.
        data: the plain tree that was checked; checks across values that pydantic had no chance to make,
            because a single value was wrong, are made on it here.
        document: where each value stood in the text.
        moved: path in the tree → path in the text, for values that a migration has moved.
    """
    found: dict[tuple[Path, str], Place] = {}
    for item in error.errors(include_url=False):
        path: Path = item["loc"]
        is_key = item["type"] == "extra_forbidden"
        place = document.place(_origin(path, moved), of_key=is_key)
        found[(path, _message(item, path))] = place
    for path, message in _across(data):
        found.setdefault((path, message), document.place(_origin(path, moved)))
    for wrong in document.wrong:
        found[(wrong.path, wrong.message)] = wrong.place
    return lines(found)


def lines(found: Mapping[tuple[Path, str], Place]) -> list[str]:
    """Return the problems as lines in the order of their places; beyond `MAX_SHOWN` they are counted."""
    ordered = sorted(found.items(), key=lambda pair: pair[1])
    shown = [
        f"{line}:{column}: {dotted(path)}: {message}" if path else f"{line}:{column}: {message}"
        for (path, message), (line, column) in ordered[:MAX_SHOWN]
    ]
    if len(ordered) > MAX_SHOWN:
        shown.append(f" … and {len(ordered) - MAX_SHOWN:,} more problems")
    return shown


def dotted(path: Sequence[str | int]) -> str:
    """Return a path as a person reads it: ("classes", 0, "name") → "classes[0].name"."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(parts).removeprefix(".")


def _origin(path: Path, moved: Mapping[Path, Path]) -> Path:
    for length in range(len(path), 0, -1):
        if path[:length] in moved:
            return moved[path[:length]] + path[length:]
    return path


def _message(item: Mapping[str, Any], path: Path) -> str:
    kind = item["type"]
    if kind == "goldpan":
        return str(item["msg"])
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing":
        return f"missing; give {allowed_values(path) or 'a value'}"
    allowed = allowed_values(path) or str(item["msg"])
    return f"given {_show(item['input'])}; allowed: {allowed}"


def _unknown_key(path: Path) -> str:
    given, known = str(path[-1]), known_keys(path[:-1])
    hint = closest(given, known)
    elsewhere = [] if hint else [section for section in known_keys(()) if given in known_keys((section,))]
    if elsewhere:
        hint = f"; did you mean {dotted((elsewhere[0], given))!r}?"
    return f"unknown key{hint} (known: {', '.join(known)})"


def _show(value: object) -> str:
    kinds = {dict: "a mapping", list: "a list", type(None): "nothing (null)"}
    if type(value) in kinds:
        return kinds[type(value)]
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOW_CHARACTERS else f"{text[:_SHOW_CHARACTERS]}…"


def _across(data: object) -> list[Problem]:
    if not isinstance(data, dict):
        return []
    problems: list[Problem] = []
    if isinstance(data.get("classes"), list):
        problems += [(("classes", *path), message) for path, message in class_problems(data["classes"])]
    rounds = data.get("rounds")
    if isinstance(rounds, dict) and {"batch", "queue"} <= rounds.keys():
        found = queue_problems(rounds["batch"], rounds["queue"])
        problems += [(("rounds", *path), message) for path, message in found]
    return problems
