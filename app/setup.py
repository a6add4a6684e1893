"""From what a person says on the command line to a configuration."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import ProjectError
from config.errors import ConfigInvalidError
from config.fetching import is_address
from config.files import parse_config
from config.pool_parts import CombineSection, JoinSection
from config.presets import load_preset, merged
from config.schema import VERSION, ProjectConfig

_PLACE = "goldpan init"


@dataclass(frozen=True)
class ProjectWishes:
    """What `goldpan init` was asked for; the names are those of the configuration."""

    name: str
    pool: str
    reader: str = "auto"
    key: str | None = None
    text: str | None = None
    image: str | None = None
    image_path: str | None = None
    vectors: str | None = None
    series: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None
    extra: tuple[str, ...] = ()
    group: str | None = None
    truth: str | None = None
    labels_from_folders: bool = False
    hdu: str | None = None
    joins: tuple[JoinSection, ...] = ()
    combined: tuple[CombineSection, ...] = ()
    classes: tuple[str, ...] = ()
    encoder: str = "auto"
    preset: str | None = None
    seed: int = 0


def make_config(wishes: ProjectWishes, config_path: Path) -> ProjectConfig:
    """Return the configuration of a new project.

    Args:
        wishes: what was asked for; it goes over the preset.
        config_path: where the file will be; a pool below its folder is named relative to it.

    Raises:
        ConfigInvalidError: one or more values are wrong, all reported.
        UnknownNameError: the preset is unknown.
    """
    wanted: dict[str, Any] = {
        "version": VERSION,
        "project": {"name": wishes.name, "seed": wishes.seed},
        "pool": _pool_values(wishes, config_path),
    }
    if wishes.classes:
        wanted["classes"] = [{"name": name} for name in wishes.classes]
    if wishes.encoder != "auto":
        wanted["encoder"] = {"name": wishes.encoder}
    values = merged(load_preset(wishes.preset), wanted) if wishes.preset is not None else wanted
    # JSON is YAML: the same reader reports every wrong value in the same words as for a file.
    try:
        return parse_config(as_yaml(values), place=_PLACE)
    except ConfigInvalidError as problem:
        # There is no file yet: a line and a column would lead nowhere.
        raise ConfigInvalidError(
            re.sub(rf"^{_PLACE}:\d+:\d+: ", "", str(problem), flags=re.MULTILINE)
        ) from problem


def joins_of(paths: Sequence[str], keys: Sequence[str]) -> tuple[JoinSection, ...]:
    """Return what `--join` and `--on` ask for.

    Args:
        paths: tables or folders.
        keys: for each, or one for all: a column of both, or OURS=THEIRS.

    Raises:
        ProjectError: there are keys without paths, or not one for each.
    """
    if paths and len(keys) == 1:
        keys = [*keys] * len(paths)
    if len(keys) != len(paths):
        raise ProjectError(
            f"--join is given {len(paths)} times and --on {len(keys)} times; say for each --join by which column it "
            "fits with --on KEY, or --on OURS=THEIRS where the names differ"
        )
    found = []
    for path, key in zip(paths, keys, strict=True):
        ours, _, theirs = (part.strip() for part in key.partition("="))
        if not path.strip() or not ours:
            raise ProjectError(f"--join {path!r} --on {key!r}: both a path and a column are needed")
        found.append(JoinSection(path=path, key=ours, their_key=theirs or None))
    return tuple(found)


def combined_of(formulas: Sequence[str]) -> tuple[CombineSection, ...]:
    """Return what `--combine` asks for: the formula is the name where none is given.

    Raises:
        ProjectError: a formula is empty.
    """
    found = []
    for given in formulas:
        named = re.fullmatch(r"\s*([^=<>!`]+?)\s*=(?!=)\s*(.+)", given, flags=re.DOTALL)
        name, formula = (named[1], named[2].strip()) if named else (" ".join(given.split()), given.strip())
        if not formula:
            raise ProjectError("--combine is empty; write for example --combine 'u - g'")
        found.append(CombineSection(name=name, formula=formula))
    return tuple(found)


def as_yaml(values: dict[str, Any]) -> str:
    """Return the values as YAML in one line; JSON's own two escapes for an emoji would be two broken characters."""
    text = json.dumps(values, ensure_ascii=False)
    return "".join(sign if " " <= sign <= "~" else f"\\U{ord(sign):08x}" for sign in text)


def _pool_values(wishes: ProjectWishes, config_path: Path) -> dict[str, Any]:
    given = {
        "path": _portable(wishes.pool, config_path),
        "reader": None if wishes.reader == "auto" else wishes.reader,
        "key": wishes.key,
        "text": wishes.text,
        "image": wishes.image,
        "image_path": wishes.image_path,
        "vectors": wishes.vectors,
        "series": list(wishes.series) or None,
        "columns": None if wishes.columns is None else list(wishes.columns),
        "extra": list(wishes.extra) or None,
        "group": wishes.group,
        "truth": wishes.truth,
        "labels_from_folders": wishes.labels_from_folders or None,
        "hdu": wishes.hdu,
        "join": [
            each.model_dump(exclude_none=True) | {"path": _portable(each.path, config_path)}
            for each in wishes.joins
        ]
        or None,
        "combine": [each.model_dump() for each in wishes.combined] or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _portable(pool: str, config_path: Path) -> str:
    """Return the pool's path as the file should have it: relative where the pool lies below the file's folder."""
    if not pool.strip() or is_address(pool):
        return pool  # no path at all is not this folder, nor is an address; who reads it says so
    absolute = Path(os.path.abspath(os.path.expanduser(pool)))
    base = config_path.resolve().parent
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else str(absolute)
