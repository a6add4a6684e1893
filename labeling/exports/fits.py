"""Labels as a FITS table, with the pool's own columns where the items are table rows; needs astropy.

FITS knows ASCII alone. Texts are percent-encoded where they have other characters, line ends, a `%`, or a blank at the
end: `urllib.parse.unquote` gives them back. Missing numbers are masked (TNULL or NaN), missing texts are empty.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from labeling.exports.contract import ExportBundle, Written, plain_labels
from labeling.exports.items import columns_of, names_apart, pool_of

_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_NO_NUMBER = -1
_CARDS = ("GPPROJ", "GPPOOL", "GPCONFIG", "GPREV", "GPROUND", "GPLICENC")


def write_fits(bundle: ExportBundle, folder: Path) -> Written:
    """Write `labels.fits`: a table LABELS with the columns of CSV, and a table CLASSES.

    Where the pool is of table rows, its columns follow, under their own names, with `pool_` before one that is taken.

    Args:
        bundle: what to write.
        folder: an empty folder.

    Returns:
        The file.
    """
    from astropy.io import fits  # an extra, and slow to import

    labels = plain_labels(bundle)
    labels["labelled_at"] = [None if pd.isna(each) else each.isoformat() for each in labels["labelled_at"]]
    columns = {str(name): labels[name] for name in labels}
    if bundle.pool is not None and bundle.pool.kind == "table":
        columns |= _pool_columns(bundle, labels["row"], taken=set(columns))
    table = _table(fits, columns, "LABELS")
    facts = (
        bundle.project,
        bundle.pool_hash,
        bundle.config_hash,
        bundle.revision,
        bundle.round_number,
        bundle.licence,
    )
    for card, value in zip(_CARDS, facts, strict=True):
        table.header[card] = value if isinstance(value, int) else encoded(str(value))
    table.header["COMMENT"] = "Texts are percent-encoded: urllib.parse.unquote gives them back."
    classes = _table(fits, {str(name): bundle.classes[name] for name in bundle.classes}, "CLASSES")
    path = folder / "labels.fits"
    with path.open("wb") as file:
        fits.HDUList([fits.PrimaryHDU(), table, classes]).writeto(file)
    return Written((path,))


def encoded(text: str) -> str:
    """Return a text in the ASCII that a FITS string can hold; `urllib.parse.unquote` undoes it."""
    told = quote(text, safe=_PLAIN)
    kept = told.rstrip(" ")  # FITS drops blanks at the end
    return kept + "%20" * (len(told) - len(kept))


def _pool_columns(
    bundle: ExportBundle, rows: pd.Series[Any], *, taken: set[str]
) -> dict[str, pd.Series[Any]]:
    """Return the pool's columns for each label; missing where the pool has no such item any more."""
    there = rows.notna()
    found = columns_of(pool_of(bundle), rows[there].to_numpy(dtype=np.int64))
    found = found.set_axis(rows.index[there]).reindex(rows.index)
    own = names_apart((str(name) for name in found), taken)
    return {own[str(name)]: found[name] for name in found}


def _table(fits: Any, columns: dict[str, pd.Series[Any]], name: str) -> Any:  # noqa: ANN401 - astropy's
    made = [_column(fits, encoded(title), values) for title, values in columns.items()]
    return fits.BinTableHDU.from_columns(made, name=name)


def _column(fits: Any, name: str, values: pd.Series[Any]) -> Any:  # noqa: ANN401 - astropy's
    """Return a column of whole numbers, of numbers, or of texts."""
    if pd.api.types.is_integer_dtype(values.dtype):
        numbers = values.fillna(_NO_NUMBER).to_numpy(dtype=np.int64)
        return fits.Column(name=name, format="K", null=_NO_NUMBER, array=numbers)
    if pd.api.types.is_float_dtype(values.dtype):
        return fits.Column(name=name, format="D", array=values.to_numpy(dtype=np.float64, na_value=np.nan))
    texts = ["" if pd.isna(value) else encoded(str(value)) for value in values]
    longest = max((len(text) for text in texts), default=1)
    return fits.Column(
        name=name, format=f"{max(longest, 1)}A", array=np.asarray(texts, dtype=f"S{max(longest, 1)}")
    )
