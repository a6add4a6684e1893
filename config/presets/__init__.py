"""Starting points: settings that suit a kind of pool, as partial trees; a person's own values go on top."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from config.documents import read_document
from config.errors import UnknownNameError
from config.names import closest


def list_presets() -> list[str]:
    """Return the names of all presets in alphabetical order."""
    entries = files(__name__).iterdir()
    return sorted(entry.name.removesuffix(".yaml") for entry in entries if entry.name.endswith(".yaml"))


def load_preset(name: str) -> dict[str, Any]:
    """Return a preset as a plain, partial tree: sections with the keys that it sets.

    Raises:
        UnknownNameError: there is none of that name; the message lists the known ones.
    """
    known = list_presets()
    if name not in known:
        raise UnknownNameError(f"unknown preset {name!r}{closest(name, known)} (known: {', '.join(known)})")
    text = files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    tree: dict[str, Any] = read_document(text).data
    return tree


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return two plain trees as one: mappings are joined key by key, anything else is taken from `over`.

    Args:
        under: such as a preset.
        over: a person's own values, which win.
    """
    tree = dict(under)
    for key, value in over.items():
        below = tree.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            tree[key] = merged(below, value)
        else:
            tree[key] = value
    return tree
