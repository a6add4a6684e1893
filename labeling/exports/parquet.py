"""Labels and classes as Parquet: types and missing values are kept."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from labeling.exports.contract import (
    LABEL_COLUMNS,
    VOTE_COLUMNS,
    ExportBundle,
    Written,
    plain_labels,
    with_types,
)

LABEL_SCHEMA = pa.schema(
    [
        ("item_key", pa.string()),
        ("row", pa.int64()),
        ("class_name", pa.string()),
        ("act", pa.string()),
        ("annotator", pa.string()),
        ("labelled_at", pa.timestamp("us", tz="UTC")),
        ("round", pa.int64()),
        ("strategy", pa.string()),
        ("kind", pa.string()),
        ("votes", pa.int64()),
        ("agreement", pa.float64()),
        ("consensus", pa.string()),
        ("confidence", pa.float64()),
        ("audit_set", pa.bool_()),
        ("label_source", pa.string()),
        ("probability", pa.float64()),
    ]
)
"""The types of `labels.parquet`."""


def write_parquet(bundle: ExportBundle, folder: Path) -> Written:
    """Write `labels.parquet` and `classes.parquet`; the hashes are in the file's own metadata too.

    Args:
        bundle: what to write.
        folder: an empty folder.

    Returns:
        The files.
    """
    facts = {
        "goldpan.project": bundle.project,
        "goldpan.config_hash": bundle.config_hash,
        "goldpan.pool_hash": bundle.pool_hash,
        "goldpan.revision": str(bundle.revision),
        "goldpan.licence": bundle.licence,
    }
    labels = pa.Table.from_pandas(plain_labels(bundle), schema=LABEL_SCHEMA, preserve_index=False)
    pa.parquet.write_table(labels.replace_schema_metadata(facts), folder / "labels.parquet")
    classes = pa.Table.from_pandas(bundle.classes, preserve_index=False)
    pa.parquet.write_table(classes.replace_schema_metadata(facts), folder / "classes.parquet")
    return Written((folder / "labels.parquet", folder / "classes.parquet"))


def read_labels(path: Path) -> pd.DataFrame:
    """Read `labels.parquet` back, with the types of `plain_labels`.

    Args:
        path: a file that `write_parquet` wrote.
    """
    table = pa.parquet.read_table(path).to_pandas(integer_object_nulls=True)
    return with_types(
        table.reindex(columns=[*LABEL_COLUMNS, *VOTE_COLUMNS])
    )  # an earlier version wrote no votes
