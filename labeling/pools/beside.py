"""What is shown beside the rows of a table and never used by the model: an image, or time series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from config.schema import PoolSection
from labeling.pools.errors import PoolColumnsError
from labeling.pools.image_table import image_bytes, image_columns
from labeling.pools.images import inspect_image
from labeling.pools.rows import Rows
from labeling.pools.series import pack_series, side_by_side, split_lists
from labeling.pools.vectors import list_columns

BATCH_ROWS = 256


@dataclass(frozen=True)
class Beside:
    """Which columns are shown beside a row.

    Attributes:
        image: the column with the bytes of images, or None.
        series: the list columns of a series, one for each channel; () for none.
    """

    image: str | None = None
    series: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.series if self.image is None else (self.image,)

    def media(self, batch: pa.RecordBatch) -> pa.Array:
        """Return an Arrow large_binary array: image bytes or packed series, null where there is nothing to be shown."""
        columns = [batch.column(batch.schema.get_field_index(name)) for name in self.names]
        if self.image is not None:
            images = image_bytes(columns[0])
            good = [each.is_valid and inspect_image(each.as_py()) is None for each in images]
            return pc.if_else(pa.array(good, type=pa.bool_()), images, pa.scalar(None, pa.large_binary()))
        packed = []
        for pieces in zip(*(split_lists(column) for column in columns), strict=True):
            series = side_by_side(pieces)
            usable = not isinstance(series, str) and np.isfinite(series).any()
            packed.append(pack_series(series) if usable and not isinstance(series, str) else None)
        return pa.array(packed, type=pa.large_binary())


def beside_of(section: PoolSection, rows: Rows) -> Beside | None:
    """Return what the configuration wants beside the rows of a table, None for nothing.

    Images of a folder that is joined are shown without being named.

    Raises:
        PoolColumnsError: both images and series are named, or a column holds neither.
    """
    if section.image is not None and section.series:
        raise PoolColumnsError(
            f"{rows.path}: pool.image and pool.series are both named, and a row shows one of them; leave one out"
        )
    if section.image is not None and section.image not in image_columns(rows):
        raise PoolColumnsError(
            f"{rows.path}: pool.image: {section.image!r} holds {rows.types[section.image]}, not the bytes of images"
        )
    lists = list_columns(rows)
    wrong = [name for name in section.series if name not in lists]
    if wrong:
        raise PoolColumnsError(
            f"{rows.path}: pool.series: {wrong[0]!r} holds {rows.types[wrong[0]]}, not lists of numbers"
        )
    image = section.image
    joined = image_columns(rows) if section.join and not section.series else []
    if image is None and len(joined) == 1:
        image = joined[0]
    found = Beside(image, section.series)
    return found if found.names else None
