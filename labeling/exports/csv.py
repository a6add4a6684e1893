"""Labels and classes as CSV: UTF-8, commas, Unix line ends, quoted where needed.

Values are written exactly as they are, for programs. A spreadsheet takes a value that begins with `=`, `+`, `-` or
`@` for a formula: import the file there as text, or use the Parquet export. An empty value is a missing one.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from labeling.exports.contract import (
    LABEL_COLUMNS,
    VOTE_COLUMNS,
    ExportBundle,
    Written,
    plain_labels,
    with_types,
)


def write_csv(bundle: ExportBundle, folder: Path) -> Written:
    """Write `labels.csv` (the columns of `LABEL_COLUMNS` and `VOTE_COLUMNS`) and `classes.csv`.

    Args:
        bundle: what to write.
        folder: an empty folder.

    Returns:
        The files.
    """
    labels = plain_labels(bundle)
    labels["labelled_at"] = [None if pd.isna(each) else each.isoformat() for each in labels["labelled_at"]]
    return Written(
        (write_table(labels, folder / "labels.csv"), write_table(bundle.classes, folder / "classes.csv"))
    )


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as CSV with a header; missing values are empty.

    Returns:
        The path.
    """
    columns = [table[name].tolist() for name in table.columns]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(zip(*([_text(value) for value in column] for column in columns), strict=True))
    return path


def read_labels(path: Path) -> pd.DataFrame:
    """Read `labels.csv` back, with the types of `plain_labels`.

    Args:
        path: a file that `write_csv` wrote.
    """
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    table = pd.DataFrame([[value or None for value in row] for row in rows], columns=header, dtype=object)
    table = table.reindex(columns=[*LABEL_COLUMNS, *VOTE_COLUMNS])  # an earlier version wrote no votes
    for name, read in (
        ("row", int),
        ("round", int),
        ("votes", int),
        ("agreement", float),
        ("confidence", float),
        ("probability", float),
    ):
        table[name] = [None if pd.isna(value) else read(value) for value in table[name]]
    table["labelled_at"] = pd.to_datetime(table["labelled_at"], utc=True, format="ISO8601").dt.as_unit("us")
    return with_types(table)


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)
