"""Labels and classes as JSON lines: one object a line, UTF-8; missing values are null.

Where the items are texts, each line has the text too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from labeling.exports.contract import LABEL_COLUMNS, VOTE_COLUMNS, ExportBundle, Written, plain_labels
from labeling.exports.items import text_of

_BREAKS = {ord(each): f"\\u{ord(each):04x}" for each in "\x85\u2028\u2029"}
"""What some programs take for the end of a line, as JSON writes it otherwise."""


def write_jsonl(bundle: ExportBundle, folder: Path) -> Written:
    """Write `labels.jsonl` (the columns of `LABEL_COLUMNS` and `VOTE_COLUMNS`, and `text`) and `classes.jsonl`.

    Args:
        bundle: what to write.
        folder: an empty folder.

    Returns:
        The files.
    """
    labels, classes = folder / "labels.jsonl", folder / "classes.jsonl"
    write_lines((_with_text(each, bundle) for each in label_objects(bundle)), labels)
    write_lines(plain_rows(bundle.classes), classes)
    return Written((labels, classes))


def label_objects(bundle: ExportBundle) -> Iterable[dict[str, Any]]:
    """Return the rows of `plain_labels` as JSON knows values: numbers, texts, None; moments as ISO 8601."""
    labels = plain_labels(bundle)[[*LABEL_COLUMNS, *VOTE_COLUMNS]]
    labels["labelled_at"] = [None if pd.isna(each) else each.isoformat() for each in labels["labelled_at"]]
    return plain_rows(labels)


def plain_rows(table: pd.DataFrame) -> Iterable[dict[str, Any]]:
    """Return the rows of a table one by one, missing values as None."""
    columns = [
        [None if pd.isna(value) else value for value in table[name].tolist()] for name in table.columns
    ]
    names = [str(name) for name in table.columns]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def write_lines(objects: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write one JSON object a line.

    Args:
        objects: what to write.
        path: the file.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for each in objects:
            text = json.dumps(each, ensure_ascii=False, allow_nan=False)
            file.write(text.translate(_BREAKS) + "\n")


def _with_text(row: dict[str, Any], bundle: ExportBundle) -> dict[str, Any]:
    if bundle.pool is None or bundle.pool.kind != "text":
        return row
    return {**row, "text": None if row["row"] is None else text_of(bundle.pool, row["row"])}
