"""Configuration files: read safely, checked at once, written atomically.

`load_config` reports every problem of a file in one error, a line for each:

```
digits.yaml:12:3: rounds.batchh: unknown key; did you mean 'batch'? (known: batch, queue, …)
digits.yaml:15:11: head.members: given 0; allowed: a whole number from 1 to 64
```

`config.documents` says how YAML is read, and why the annotations of a shared config are JSON lines;
`config.writing` how it is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config import problems
from config.documents import Document, DocumentError, read_document
from config.errors import ConfigError, ConfigInvalidError, ConfigTooNewError
from config.migrate import migrate, version_of
from config.schema import VERSION, ProjectConfig
from config.writing import updated_text, written_text

MAX_BYTES = 512 * 1024 * 1024
"""Largest file that is read; 10⁶ annotations need about half of it."""

NO_INFLUENCE: dict[str, frozenset[str]] = {
    "project": frozenset({"name", "title", "database", "annotator"}),
    "pool": frozenset({"path", "image_path", "hash", "url", "extra", "group", "truth"}),
    "encoder": frozenset({"device", "batch_size"}),
    "head": frozenset({"device"}),
    "rounds": frozenset({"retrain_after", "timeout_s", "lease_s", "scheduler"}),
    "classes": frozenset({"key", "colour", "description"}),
}
"""Section → keys that `config_hash` leaves out, beside the whole of `team`, `views` and `shared`."""


def load_config(path: Path | str) -> ProjectConfig:
    """Read a configuration file, of this version or an older one.

    Raises:
        ConfigError: the file is missing, a folder, too large, not UTF-8, or cannot be read.
        ConfigInvalidError: its content is wrong; the message has a line for each problem.
        ConfigTooNewError: a newer goldpan wrote it.
    """
    return parse_config(read_text(Path(path)), place=str(path))


def parse_config(text: str, *, place: str = "<text>") -> ProjectConfig:
    """Read a configuration from text.

    Args:
        text: YAML.
        place: what messages call the text, such as the name of its file.

    Raises:
        ConfigInvalidError: the text is empty, not YAML, or holds wrong keys or values; a line for each
            problem.
        ConfigTooNewError: a newer goldpan wrote it.
    """
    document = _read(text, place)
    try:
        data, moved = migrate(document.data)
    except ConfigTooNewError as error:
        line, column = document.place(("version",))
        raise ConfigTooNewError(f"{place}:{line}:{column}: {error}") from error
    try:
        config = ProjectConfig.model_validate(data)
    except ValidationError as error:
        raise _invalid(problems.describe(error, data, document, moved), place) from error
    if document.wrong:
        found = {(wrong.path, wrong.message): wrong.place for wrong in document.wrong}
        raise _invalid(problems.lines(found), place)
    return config


def dump_config(config: ProjectConfig) -> str:
    """Return the configuration as commented YAML that `parse_config` reads back to an equal configuration."""
    return written_text(config)


def save_config(config: ProjectConfig, path: Path | str) -> None:
    """Write a configuration; the file holds the whole old or the whole new content at any moment.

    A new file gets a comment for every section and key. In a file that exists, comments, order and every
    value that has not changed are kept; comments inside `shared`, which goldpan writes, are not. A file in
    an older layout is first copied to `NAME.v0` (its version), then written anew.

    Raises:
        ConfigError: the folder or file cannot be written, or the file that exists is not a readable YAML
            mapping.
    """
    target = Path(os.path.realpath(path))
    text = dump_config(config)
    if target.exists():
        old = read_text(target)
        document = _read(old, str(path))
        version = version_of(document.data)
        if version == VERSION:
            text = updated_text(old, document.data, config)
        else:
            _keep_copy(target, version)
    if parse_config(text, place=str(path)) != config:
        raise ConfigError(
            f"{path}: cannot be updated without changing its meaning; save to another name instead"
        )
    _write_atomically(target, text)


def config_hash(config: ProjectConfig) -> str:
    """Return a sha256, in hexadecimal, of the settings that influence which items are proposed.

    Names, places, looks, deadlines and devices are left out (`NO_INFLUENCE`), so that a project moved to
    another machine keeps its hash. The pool's and the vectors' content have hashes of their own.
    """
    tree = config.model_dump(mode="json", exclude={"team", "views", "shared"})
    for section, keys in NO_INFLUENCE.items():
        for part in tree[section] if isinstance(tree[section], list) else [tree[section]]:
            for key in keys:
                del part[key]
    canonical = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def data_folder(config_path: Path | str) -> Path:
    """Return the folder that holds a project's data, beside its file: `x.yaml` → `x.goldpan`."""
    return Path(config_path).with_suffix(".goldpan")


def read_text(path: Path) -> str:
    """Return the content of a text file.

    Raises:
        ConfigError: it is missing, a folder, larger than `MAX_BYTES`, not UTF-8, or cannot be read.
    """
    try:
        if path.is_dir():
            raise ConfigError(f"{path}: is a folder; give a configuration file, such as project.yaml")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ConfigError(f"{path}: has {size:,} bytes; allowed: {MAX_BYTES:,}")
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; make one with 'goldpan init'") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read(text: str, place: str) -> Document:
    try:
        document = read_document(text)
    except DocumentError as error:
        line, column = error.place
        raise ConfigInvalidError(f"{place}:{line}:{column}: {error.message}") from error
    if document.data is None:
        raise ConfigInvalidError(
            f"{place}:1:1: empty; a configuration needs at least project.name and pool.path"
        )
    if not isinstance(document.data, dict):
        line, column = document.place(())
        raise ConfigInvalidError(
            f"{place}:{line}:{column}: not a mapping; a configuration has 'key: value' lines"
        )
    return document


def _invalid(found: list[str], place: str) -> ConfigInvalidError:
    return ConfigInvalidError(
        "\n".join(line if line.startswith(" ") else f"{place}:{line}" for line in found)
    )


def _keep_copy(target: Path, version: Any) -> None:  # noqa: ANN401 -- what the file gives as its version
    copy = target.with_name(f"{target.name}.v{version}")
    try:
        if not copy.exists():
            shutil.copy2(target, copy)
    except OSError as error:
        raise ConfigError(f"{copy}: cannot be written: {error.strerror or error}") from error


def _write_atomically(target: Path, text: str) -> None:
    part = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        try:
            with part.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                shutil.copymode(target, part)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as error:
        raise ConfigError(
            f"{target}: cannot be written: {error.strerror or error}; nothing was changed"
        ) from error


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open a folder; its rename is journalled
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
