"""The reader of Parquet files with one image's bytes in each row, as image data are shared today."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from config.schema import PoolSection
from labeling.pools.columns import (
    check_columns,
    choose_key,
    extra_columns,
    key_candidates,
    row_keys,
    row_numbers,
    shown_columns,
    truth_values,
)
from labeling.pools.contract import Column, Part, Reading
from labeling.pools.errors import PoolColumnsError, PoolEmptyError, PoolReaderError
from labeling.pools.hashing import hash_strings
from labeling.pools.images import inspect_image
from labeling.pools.inference import decide, survey_rows
from labeling.pools.rows import Rows
from labeling.pools.sources import open_source
from labeling.pools.values import Converter, as_strings

_BATCH_ROWS = 256


def read_image_table(section: PoolSection, path: Path) -> Reading:
    """Read a table with a column of image bytes, plain or as the structure {bytes, path}.

    The bytes are in a Parquet file, or come from a folder that is joined to the table (`pool.join`).

    The image is the column that `image` names, else the only one that holds bytes. A path inside the structure is
    never followed. Other columns are left out, but for `extra`.

    Raises:
        PoolReaderError: the file is not Parquet.
        PoolColumnsError: columns that do not exist or clash, or none or several that may be the image.
        PoolContentError: the file is damaged.
        PoolEmptyError: there is no row.
    """
    rows = open_source(section, path)
    if not image_columns(rows) and path.suffix.lower() not in (".parquet", ".pq"):
        raise PoolReaderError(
            f"{path}: the reader image_table needs a Parquet file, or a folder of images as pool.join; for a folder "
            "alone use image_folder"
        )
    check_columns(section, rows)
    image = _image_column(section, rows)
    if rows.total == 0:
        raise PoolEmptyError(f"{path} has columns and no rows; a pool needs at least one item")
    notes: list[str] = []
    candidates = key_candidates(section, rows)
    shown = list(dict.fromkeys([*candidates, *shown_columns(section)]))
    surveys = survey_rows(rows, shown, candidates)[0] if shown else {}
    key = choose_key(section, rows, candidates, surveys, notes)
    decided = {name: decide(name, rows.types[name], surveys[name], []) for name in shown_columns(section)}
    columns = tuple(extra_columns(section, decided))
    return Reading("image", columns, _parts(section, rows, key, image, columns, notes), rows.total, notes)


def image_columns(rows: Rows) -> list[str]:
    """Return the columns that hold bytes, plain or as the structure {bytes, path}."""
    return [name for name in rows.names if _holds_bytes(rows.types[name])]


def image_bytes(column: pa.Array) -> pa.Array:
    """Return an Arrow large_binary array; null where the row has no bytes of its own."""
    if pa.types.is_struct(column.type):
        inner = pc.struct_field(column, "bytes")
        column = pc.if_else(column.is_valid(), inner, pa.scalar(None, inner.type))
    return pc.cast(column, pa.large_binary())


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        place = kind.get_field_index("bytes")
        return place >= 0 and _holds_bytes(kind.field(place).type)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _image_column(section: PoolSection, rows: Rows) -> str:
    found = image_columns(rows)
    if section.image is not None:
        if section.image in found:
            return section.image
        raise PoolColumnsError(
            f"{rows.path}: pool.image: {section.image!r} holds {rows.types[section.image]}, not bytes"
            f" (columns with bytes: {', '.join(found) or 'none'})"
        )
    if len(found) == 1:
        return found[0]
    if found:
        raise PoolColumnsError(
            f"{rows.path}: several columns hold bytes; set pool.image to one of: {', '.join(found)}"
        )
    raise PoolColumnsError(
        f"{rows.path}: no column holds bytes (columns: {', '.join(rows.names)}); use another reader"
    )


def _parts(
    section: PoolSection,
    rows: Rows,
    key: str | None,
    image: str,
    columns: tuple[Column, ...],
    notes: list[str],
) -> Iterator[Part]:
    converters = [Converter(column) for column in columns]
    names = list(
        dict.fromkeys([image, *shown_columns(section), *(name for name in (key, section.truth) if name)])
    )
    numbers = row_numbers()
    for batch in rows.batches(names, rows=_BATCH_ROWS):
        arrays = tuple(each.convert(batch.column(names.index(each.column.name))) for each in converters)
        keys = (
            row_keys(numbers, batch.num_rows) if key is None else as_strings(batch.column(names.index(key)))
        )
        media = image_bytes(batch.column(names.index(image)))
        problems = pa.array([_problem(each) for each in media], type=pa.string())
        truth = truth_values(rows, section.truth, batch)
        yield Part(keys, arrays, problems, content=hash_strings(media), media=media, truth=truth)
    notes.extend([*rows.remarks(), *(note for note in (each.note() for each in converters) if note)])


def _problem(value: pa.Array) -> str | None:
    if not value.is_valid:
        return "there are no image bytes in this row"
    return inspect_image(value.as_py())
