"""The templates of docs/plugins.md as files."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs" / "plugins.md"


def blocks() -> dict[str, str]:
    """Return the text of each template by the name of its file."""
    found = re.findall(r"```python\n# file: (\S+)\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    return dict(found)


def write_blocks(folder: Path) -> list[Path]:
    """Write the templates into a folder, those of the tests too; return the tests."""
    for name, text in blocks().items():
        (folder / name).write_text(text, "utf-8")
    return sorted(folder.glob("test_*.py"))
