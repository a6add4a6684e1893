from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from config.files import parse_config
from config.json_schema import json_schema
from config.reference import reference

DOC = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_reference__the_page_holds_the_tables_of_the_schema() -> None:
    assert reference() in DOC.read_text("utf-8"), (
        "run 'python -m config.reference' and paste it into the page"
    )


def test_reference__every_field_of_the_tree_is_on_the_page() -> None:
    text = DOC.read_text("utf-8")
    schema: dict[str, Any] = json_schema()
    names = {name for part in (schema, *schema["$defs"].values()) for name in part["properties"]}
    assert sorted(name for name in names if f"| `{name}` |" not in text) == []


def _examples() -> list[str]:
    blocks = DOC.read_text("utf-8").split("```yaml\n")[1:]
    return [block.split("```")[0] for block in blocks]


@pytest.mark.parametrize("example", _examples(), ids=lambda text: json.dumps(text[:20]))
def test_reference__every_example_of_the_page_is_a_valid_configuration(example: str) -> None:
    assert parse_config(example).project.name
