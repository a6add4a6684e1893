"""`goldpan log`: who did what when, on the screen or as a file."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from app.project import open_store, project_paths
from app.terminal import out
from config.files import load_config
from labeling.errors import TrailError
from labeling.trail import TrailEntry, read_trail

SHOWN = 40
"""Acts on the screen, where no file is asked for."""

COLUMNS = ("at", "person", "act", "subject", "class", "comment", "source", "number", "details")
"""What each act has in a file; `details` is one JSON object."""


def log_command(
    config_path: Annotated[
        Path, typer.Argument(metavar="PROJECT.YAML", help="The project's configuration file.")
    ],
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write all of it as CSV into a new file.")
    ] = None,
    jsonl_file: Annotated[
        Path | None, typer.Option("--jsonl", metavar="FILE", help="The same as one JSON object a line.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only from this moment on: 2026-03-01 or 2026-03-01T12:00:00+02:00.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="Only what the person of this name did.")] = None,
) -> None:
    """Say who did what when: annotations, undos, seeks, changed classes, exports, sign-ins."""
    begin = None if since is None else parse_moment(since)
    wanted = [(csv_file, write_csv), (jsonl_file, write_jsonl)]
    database = open_store(load_config(config_path), project_paths(config_path))
    try:
        with database.reading() as session:
            for path, write in wanted:
                if path is not None:
                    count = write(read_trail(session, since=begin, person=person), path)
                    words = f"{count:,} acts are written to {path}"
                    out.print(words, highlight=False, markup=False, soft_wrap=True)
            if csv_file is None and jsonl_file is None:
                _show(read_trail(session, since=begin, person=person))
    finally:
        database.dispose()


def parse_moment(text: str) -> dt.datetime:
    """Return a moment as a person writes it; without a time zone it is this machine's.

    Raises:
        TrailError: it is none.
    """
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise TrailError(
            f"{text[:80]!r} is no moment; write 2026-03-01, or 2026-03-01T12:00:00+02:00 with a time zone"
        ) from error


def write_csv(entries: Iterable[TrailEntry], path: Path) -> int:
    """Write acts as CSV with a header into a new file; return how many.

    Raises:
        OSError: the file exists or cannot be written.
    """
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        count = 0
        for entry in entries:
            values = as_values(entry)
            writer.writerow([*list(values.values())[:-1], json.dumps(values["details"], ensure_ascii=False)])
            count += 1
    return count


def write_jsonl(entries: Iterable[TrailEntry], path: Path) -> int:
    """Write acts as one JSON object a line into a new file; return how many.

    Raises:
        OSError: the file exists or cannot be written.
    """
    with path.open("x", encoding="utf-8") as file:
        count = 0
        for entry in entries:
            file.write(json.dumps(as_values(entry), ensure_ascii=False) + "\n")
            count += 1
    return count


def as_values(entry: TrailEntry) -> dict[str, Any]:
    """Return an act as the files have it, by COLUMNS."""
    values = (
        entry.at.isoformat(), entry.person, entry.act, entry.subject, entry.class_name, entry.comment,
        entry.source, entry.number, entry.details,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _show(entries: Iterable[TrailEntry]) -> None:
    """Print the last acts, one a line."""
    last: deque[TrailEntry] = deque(maxlen=SHOWN)
    count = 0
    for entry in entries:
        last.append(entry)
        count += 1
    if count > len(last):
        out.print(f"… {count - len(last):,} before; --csv or --jsonl writes all of them", highlight=False)
    for entry in last:
        what = " ".join(_one_line(part) for part in (entry.subject, _given(entry), entry.comment) if part)
        moment = entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        line = f"{moment}  {_one_line(entry.person) or '-'}  {entry.act}  {what}"
        out.print(line, highlight=False, markup=False, soft_wrap=True)


def _given(entry: TrailEntry) -> str:
    return f"→ {entry.class_name}" if entry.class_name else ""


def _one_line(text: str) -> str:
    """Return a text as it can be printed: a comment must not move the terminal's cursor."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
