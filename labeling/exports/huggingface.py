"""A data set folder as Hugging Face `datasets` loads it: Parquet, a card, and Croissant metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from labeling.exports.contract import ExportBundle, Written, plain_labels
from labeling.exports.dataset_card import write_card, write_croissant
from labeling.exports.items import (
    UNREADABLE,
    LabelledItems,
    columns_of,
    image_of,
    labelled_items,
    names_apart,
    pool_of,
    stored_columns,
)
from labeling.pools.pool import Pool

OWN = (
    pa.field("item_key", pa.string()),
    pa.field("label", pa.int64()),
    pa.field("annotator", pa.string()),
    pa.field("labelled_at", pa.timestamp("us", tz="UTC")),
    pa.field("round", pa.int64()),
    pa.field("strategy", pa.string()),
    pa.field("votes", pa.int64()),
    pa.field("agreement", pa.float64()),
    pa.field("confidence", pa.float64()),
    pa.field("label_source", pa.string()),
    pa.field("probability", pa.float64()),
)
"""Columns of every such data set; what the items hold comes behind them."""

_ROWS = 256
"""Items held in memory at a time."""


def write_huggingface(bundle: ExportBundle, folder: Path) -> Written:
    """Write `huggingface/`: `data/train.parquet`, `README.md` (the card), `croissant.json`.

    A row is an item with a class: the columns of `OWN`, where `label` is a ClassLabel, then what the item holds:
    `image`, `text`, `series` (t, c), `vector` (d,), and the pool's columns, with `pool_` before a name that is taken.

    Args:
        bundle: what to write, with its pool.
        folder: an empty folder.

    Returns:
        The files; items that are gone or cannot be read are left out.

    Raises:
        ExportBundleError: the bundle has no pool.
    """
    place = folder / "huggingface"
    (place / "data").mkdir(parents=True)
    pool, items = pool_of(bundle), labelled_items(bundle)
    left_out = dict(items.left_out)
    schema = dataset_schema(pool, items)
    data = place / "data" / "train.parquet"
    counts = np.zeros(len(items.class_names), dtype=np.int64)
    with pa.parquet.ParquetWriter(data, schema) as writer:
        for table in _tables(bundle, pool, items, schema, left_out):
            writer.write_table(table)
            counts += np.bincount(table["label"].to_numpy(), minlength=len(counts))
    card = write_card(
        bundle, place / "README.md", counts=dict(zip(items.class_names, counts.tolist(), strict=True))
    )
    croissant = write_croissant(bundle, place / "croissant.json", data=data, schema=schema)
    return Written((data, card, croissant), left_out)


def dataset_schema(pool: Pool, items: LabelledItems) -> pa.Schema:
    """Return the columns of the data set, with what `datasets` needs to know of them in the metadata.

    Args:
        pool: the items.
        items: the labelled ones; their class names become those of the ClassLabel.
    """
    fields = [*OWN, *_content_fields(pool)]
    features: dict[str, Any] = {field.name: _feature(field.type) for field in fields}
    features["label"] = {"names": list(items.class_names), "_type": "ClassLabel"}
    if pool.kind == "image":
        features["image"] = {"_type": "Image"}
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _content_fields(pool: Pool) -> list[pa.Field]:
    types = {
        column.name: pa.float64() if column.role == "numeric" else pa.string()
        for column in stored_columns(pool)
    }
    stored = _stored_names(pool)
    return [*_content_field(pool), *(pa.field(stored[name], each) for name, each in types.items())]


def _content_field(pool: Pool) -> tuple[pa.Field, ...]:
    """Return the column of what an item is, none for a table row."""
    numbers = pa.list_(pa.float32())
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    own = {
        "image": ("image", image),
        "text": ("text", pa.string()),
        "series": ("series", pa.list_(numbers)),
        "vectors": ("vector", numbers),
    }
    return (pa.field(*own[pool.kind]),) if pool.kind in own else ()


def _stored_names(pool: Pool) -> dict[str, str]:
    """Return the names of the pool's columns in the data set."""
    taken = [field.name for field in (*OWN, *_content_field(pool))]
    return names_apart((column.name for column in stored_columns(pool)), taken)


def _feature(kind: pa.DataType) -> Any:  # noqa: ANN401 - JSON
    if pa.types.is_list(kind):
        return [_feature(kind.value_type)]
    names = {"double": "float64", "float": "float32"}
    return {"dtype": names.get(str(kind), str(kind)), "_type": "Value"}


def _tables(
    bundle: ExportBundle, pool: Pool, items: LabelledItems, schema: pa.Schema, left_out: dict[str, str]
) -> Iterator[pa.Table]:
    """Yield the rows of the data set a few at a time."""
    labels = plain_labels(bundle).set_index("item_key")
    # A row for each label is in memory anyway; read with each few of them, the pool would be walked through as often.
    stored, names = columns_of(pool, items.rows), _stored_names(pool)
    for start in range(0, len(items.keys), _ROWS):
        keys, rows = items.keys[start : start + _ROWS], items.rows[start : start + _ROWS]
        content = [_of_item(pool, row) for row in rows.tolist()]
        kept = [number for number, each in enumerate(content) if each is not None]
        left_out |= {key: UNREADABLE for number, key in enumerate(keys) if content[number] is None}
        told = labels.loc[[keys[number] for number in kept]].reset_index()
        told["label"] = items.classes[start : start + _ROWS][kept]
        columns: dict[str, Any] = {field.name: told[field.name] for field in OWN}
        for field in _content_field(pool):
            columns[field.name] = [each[field.name] for each in content if each is not None]
        own = stored.iloc[start : start + _ROWS].iloc[kept]
        columns |= {names[str(name)]: own[name] for name in own}
        arrays = [_array(columns[field.name], field) for field in schema]
        yield pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Any, field: pa.Field) -> pa.Array:  # noqa: ANN401 - a column of pandas, or a list
    return pa.array(values, type=field.type, from_pandas=isinstance(values, pd.Series))


def _of_item(pool: Pool, row: int) -> Mapping[str, Any] | None:
    """Return what an item holds beside the stored columns, None where it cannot be read by now."""
    if pool.kind == "image":
        image = image_of(pool, row)
        return None if image is None else {"image": {"bytes": image.data, "path": f"{row:09d}{image.suffix}"}}
    if pool.kind == "text":
        return {"text": pool.texts(row, row + 1)[0]}
    if pool.kind == "series":
        series = pool.series(row, row + 1)[0]
        return None if series is None else {"series": list(series)}
    return {"vector": pool.vectors(row, row + 1)[0]} if pool.kind == "vectors" else {}
