"""The reader of FITS tables: rows of numbers and texts, with series beside them where columns are long.

What a column with several numbers in a row becomes: up to 64, as many columns of the table (`mag_1`, `mag_2`, …);
more, a series that is shown beside the row. `pool.series` makes the series themselves the items, `pool.vectors` takes a
column as ready-made vectors.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from config.schema import PoolSection
from labeling.pools.columns import KEY_NAMES, shown_columns
from labeling.pools.contract import Reading
from labeling.pools.errors import PoolReaderError
from labeling.pools.fits_rows import FITS_SUFFIXES
from labeling.pools.rows import Rows
from labeling.pools.series import read_series
from labeling.pools.sources import open_source
from labeling.pools.table import read_table, read_text
from labeling.pools.vectors import list_columns, read_vectors


def read_fits(section: PoolSection, path: Path) -> Reading:
    """Read a table of a FITS file; `hdu` says which where there are several.

    Args:
        section: `vectors`, `series` or `text` make the items what that column holds; else they are rows of a table.
        path: the file.

    Raises:
        PoolReaderError: the file's name does not end as those of FITS files do, astropy is missing, or there is no such
            table.
        PoolColumnsError: columns that do not exist, clash, or cannot be used.
        PoolContentError: the file is damaged or cut short.
        PoolEmptyError: there is no row.
    """
    if path.suffix.lower() not in FITS_SUFFIXES:
        raise PoolReaderError(f"{path}: a FITS file ends in one of {', '.join(FITS_SUFFIXES)}; rename it")
    if section.vectors is not None:
        return read_vectors(section, path)
    if section.series:
        return read_series(section, path)
    if section.text is not None:
        return read_text(section, path)
    rows = open_source(section, path)
    longs = _long_columns(rows)
    if not longs:
        return read_table(section, path)
    if section.columns is None and not _usable(section, rows):
        return read_series(section.model_copy(update={"series": longs}), path)
    return read_table(section.model_copy(update={"series": longs}), path)


def _long_columns(rows: Rows) -> tuple[str, ...]:
    """Return the columns that are channels of one series: those with as many numbers in a row as the first has."""
    lists = {name: _length(rows.types[name]) for name in list_columns(rows)}
    return tuple(name for name, length in lists.items() if length == next(iter(lists.values())))


def _length(kind: pa.DataType) -> int | None:
    """Return how many numbers each row has, None where that differs."""
    return int(kind.list_size) if pa.types.is_fixed_size_list(kind) else None


def _usable(section: PoolSection, rows: Rows) -> bool:
    """Return whether a column is left that a model could learn from beside the series."""
    aside = {section.key, section.truth, *shown_columns(section)}
    return any(
        name not in aside and name.lower() not in KEY_NAMES and not pa.types.is_nested(rows.types[name])
        for name in rows.names
    )
