"""The tree as JSON Schema, for editors that check and complete, and words for what a value may be."""

from __future__ import annotations

from functools import cache
from typing import Any

from config.checks import Path
from config.schema import ProjectConfig


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a configuration file.

    Checks across values, such as two classes of the same name, are not part of it.
    """
    schema = ProjectConfig.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "goldpan project"}


def subschema(path: Path) -> dict[str, Any] | None:
    """Return the part of the schema that a path leads to, references resolved; None when it leads nowhere.

    Args:
        path: ("rounds", "batch") or ("classes", 0, "name").
    """
    node = _resolved(_schema())
    for step in path:
        below = node.get("items") if isinstance(step, int) else node.get("properties", {}).get(step)
        if below is None:
            return None
        node = _resolved(below)
    return node


def known_keys(path: Path) -> tuple[str, ...]:
    """Return the keys that the mapping at a path may have, in the order of the schema."""
    return tuple((subschema(path) or {}).get("properties", {}))


def allowed_values(path: Path) -> str:
    """Return in words what the value at a path may be: "a whole number from 1 to 10000"; "" when unknown."""
    node = subschema(path)
    if node is None:
        return ""
    words = _words(node)
    return f"{words} or null" if words and node.get("nullable") else words


@cache
def _schema() -> dict[str, Any]:
    return json_schema()


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        return {**_resolved(choices[0]), "nullable": len(node["anyOf"]) > 1}
    if "$ref" in node:
        target: dict[str, Any] = _schema()["$defs"][node["$ref"].rsplit("/", 1)[-1]]
        return target
    return node


def _words(node: dict[str, Any]) -> str:
    if "enum" in node:
        return "one of " + ", ".join(str(value) for value in node["enum"])
    kind = node.get("type", "")
    if kind in ("integer", "number"):
        return ("a whole number" if kind == "integer" else "a number") + _range(node)
    if kind == "string":
        return _text(node)
    return {"boolean": "true or false", "array": "a list", "object": "a mapping"}.get(kind, "")


def _range(node: dict[str, Any]) -> str:
    above, low, high = node.get("exclusiveMinimum"), node.get("minimum"), node.get("maximum")
    start = f"above {above}" if above is not None else f"from {low}" if low is not None else ""
    end = f"{'up to' if above is not None else 'to'} {high}" if high is not None else "up" if start else ""
    return "".join(f" {part}" for part in (start, end) if part)


def _text(node: dict[str, Any]) -> str:
    if node.get("format") == "date-time":
        return "a time with a zone in quotes, such as '2026-11-21T09:30:00Z'"
    if "const" in node:
        return f"'{node['const']}'"
    low, high = node.get("minLength", 0), node.get("maxLength")
    if high is None:
        return "text" if not low else "text, not empty"
    return f"text of {low} to {high} characters" if low else f"text of at most {high} characters"
