"""Files of earlier layouts → the current layout, step by step.

Version 0 was an early draft with a flat head:

```yaml
name: stars            # now project.name
seed: 3                # now project.seed
data: sdss.csv         # now pool.path
id: objid              # now pool.key
labels: [star, galaxy] # now classes, one mapping each
batch_size: 10         # now rounds.batch
```

A step moves values and remembers from where, so that a message about a moved value names its place in the
file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from config.checks import Path
from config.errors import ConfigTooNewError
from config.schema import VERSION

Moves: TypeAlias = dict[Path, Path]
"""Path in the newer layout → path in the older one."""

Step: TypeAlias = Callable[[dict[str, Any]], tuple[dict[str, Any], Moves]]

_MOVED_FROM_0: tuple[tuple[str, str, str], ...] = (
    ("name", "project", "name"),
    ("seed", "project", "seed"),
    ("data", "pool", "path"),
    ("id", "pool", "key"),
    ("batch_size", "rounds", "batch"),
)


def migrate(data: dict[str, Any]) -> tuple[dict[str, Any], Moves]:
    """Bring a plain tree to the current layout.

    Args:
        data: the tree as read; not changed. Without `version` it counts as current, unless it has the flat
            head of version 0 (`name` or `data` at the top and no `project`).

    Returns:
        The tree in the current layout and where its moved values come from. A `version` that is no known
        number is left for the schema to refuse.

    Raises:
        ConfigTooNewError: the version is newer than this goldpan's.
    """
    version = version_of(data)
    if isinstance(version, int) and version > VERSION:
        raise ConfigTooNewError(
            f"version: given {version}; this goldpan reads versions up to {VERSION}; install a newer goldpan"
        )
    moved: Moves = {}
    while isinstance(version, int) and version in STEPS:
        data, step_moves = STEPS[version](data)
        moved = {new: _follow(old, moved) for new, old in step_moves.items()}
        version += 1
    return data, moved


def version_of(data: dict[str, Any]) -> object:
    """Return the version a plain tree is in: as given, or by its layout when it gives none."""
    if "version" in data:
        version = data["version"]
        return None if isinstance(version, bool) else version
    return 0 if "project" not in data and ("name" in data or "data" in data) else VERSION


def _follow(path: Path, moved: Moves) -> Path:
    for length in range(len(path), 0, -1):
        if path[:length] in moved:
            return moved[path[:length]] + path[length:]
    return path


def _from_0(old: dict[str, Any]) -> tuple[dict[str, Any], Moves]:
    new: dict[str, Any] = {"version": 1}
    moves: Moves = {}
    for old_key, section, key in _MOVED_FROM_0:
        if old_key in old:
            new.setdefault(section, {})[key] = old[old_key]
            moves[(section, key)] = (old_key,)
    names = old.get("labels")
    if isinstance(names, list):
        new["classes"] = [{"name": name} for name in names]
        moves |= {("classes", index, "name"): ("labels", index) for index in range(len(names))}
    elif "labels" in old:
        new["classes"] = names
        moves[("classes",)] = ("labels",)
    if isinstance(new.get("rounds"), dict):
        batch = new["rounds"]["batch"]
        if isinstance(batch, int) and not isinstance(batch, bool):
            new["rounds"]["queue"] = max(60, batch)
            moves[("rounds", "queue")] = ("batch_size",)
    known = {old_key for old_key, _, _ in _MOVED_FROM_0} | {"labels", "version"}
    new |= {key: value for key, value in old.items() if key not in known and key not in new}
    return new, moves


STEPS: dict[int, Step] = {0: _from_0}
"""Version → the step that leads from it to the next."""
