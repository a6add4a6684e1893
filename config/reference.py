"""The tables of docs/configuration.md, drawn from the schema: `python -m config.reference` prints them."""

from __future__ import annotations

import json
from typing import Any, get_args

from pydantic import BaseModel

from config.json_schema import allowed_values
from config.schema import ProjectConfig


def reference() -> str:
    """Return a heading and a table in Markdown for each section, in the order of the schema."""
    parts = [_table("Top level", ProjectConfig, ())]
    for name, info in ProjectConfig.model_fields.items():
        for model, path in _models(name, info.annotation, (name,)):
            steps = "".join("[]" if isinstance(step, int) else f".{step}" for step in path)
            parts.append(_table(f"`{steps.removeprefix('.')}`", model, path))
    return "\n".join(parts)


def _models(name: str, annotation: Any, path: tuple[str | int, ...]) -> list[Any]:  # noqa: ANN401 -- a type
    found: list[Any] = []
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found.append((annotation, path))
        for inner, info in annotation.model_fields.items():
            found += _models(inner, info.annotation, (*path, inner))
        return found
    for part in get_args(annotation):
        is_list = getattr(annotation, "__origin__", None) is tuple
        found += _models(name, part, (*path, 0) if is_list else path)
    return found


def _table(title: str, model: type[BaseModel], path: tuple[str | int, ...]) -> str:
    rows = [f"### {title}\n", "| key | default | allowed | meaning |", "|---|---|---|---|"]
    for name, info in model.model_fields.items():
        default = "required" if info.is_required() else _default(info.default)
        rows.append(f"| `{name}` | {default} | {allowed_values((*path, name))} | {info.description} |")
    return "\n".join(rows) + "\n"


def _default(value: object) -> str:
    if isinstance(value, BaseModel):
        return "see below"
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    print(reference())
