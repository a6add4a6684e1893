"""Table rows: every column brought to comparable size, then laid side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress, Role, fit_ranges
from models.encoders.scaling import Axes, principal_axes
from models.errors import EncoderInputError

if TYPE_CHECKING:
    import pandas as pd

    from config.schema import EncoderSection
    from models.encoders.columns import Column

FIT_ROWS = 50_000
WHITENED = 3.0
"""Whitening is this over the number of columns, at most 0.5: with few columns the small differences of correlated
ones (colours of stars) are well measured and tell classes apart; with many they are mostly noise."""

FLOOR, REACH = 1e-3, 10.0
"""Smallest share of variance that is evened out, and the farthest a vector's entry may lie from 0."""

WIDEST = 2048
"""Columns that principal axes are still computed for; of a wider table the first ones are used."""


@dataclass(frozen=True)
class FittedTabular:
    """Learned columns.

    Attributes:
        columns: the columns that are used, constant ones left out.
        axes: principal axes, partly whitened; None where no column is used.
    """

    columns: tuple[Column, ...]
    axes: Axes | None

    @property
    def dimensions(self) -> int:
        """Length d of the vectors."""
        return self.axes.dimensions if self.axes else 1

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Encode a range of rows.

        Args:
            source: a pool with columns.
            start: first row.
            stop: row after the last.

        Returns:
            (stop - start, d) float32; zeros where the item is unreadable.
        """
        vectors = _lay_out(self.columns, source.frame(start, stop))
        if self.axes:
            vectors = self.axes.apply(vectors).clip(-REACH, REACH)
        vectors[~source.readable[start:stop]] = 0
        return vectors


class TabularEncoder:
    """Numeric columns standardised robustly, categorical ones one-hot, texts by TF-IDF and SVD."""

    name = "tabular"
    kinds = frozenset({"table"})

    def obstacle(self, section: EncoderSection) -> str:
        """Return "": nothing beyond goldpan's own needs."""
        return ""

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedTabular:
        """Learn the columns from up to 50,000 rows.

        Args:
            source: a pool with at least one column.
            section: dimensions is used, the principal axes kept at most.
            seed: of the choice of rows.
            progress: told the share done.

        Returns:
            The encoder; one dimension of zeros where every column is constant.

        Raises:
            EncoderInputError: no column is left to learn from, or no row can be read.
        """
        roles = source.roles
        if not roles:
            raise EncoderInputError("the table has no column to make vectors from; name some in pool.columns")
        frame = _rows_to_learn_from(source, seed)
        columns: list[Column] = []
        for done, (name, role) in enumerate(roles.items()):
            column = _fit_column(name, role, frame, section, seed)
            if column is not None:
                columns.append(column)
            progress((done + 1) / len(roles), f"column {name}")
        return _fold(columns, frame, section.dimensions)


def _rows_to_learn_from(source: ItemSource, seed: int) -> pd.DataFrame:
    import pandas as pd

    chosen = fit_ranges(len(source), FIT_ROWS, seed)
    frames = [source.frame(low, high)[source.readable[low:high]] for low, high in chosen]
    frame = pd.concat(frames, ignore_index=True)
    if not len(frame):
        raise EncoderInputError(f"none of the {len(source)} rows can be read")
    return frame


def _fit_column(
    name: str, role: Role, frame: pd.DataFrame, section: EncoderSection, seed: int
) -> Column | None:
    from models.encoders.columns import fit_levels, fit_numeric, fit_text

    if role == "numeric":
        return fit_numeric(name, frame[name])
    if role == "categorical":
        return fit_levels(name, frame[name])
    return fit_text(name, frame[name], dimensions=section.dimensions, seed=seed)


def _fold(columns: list[Column], frame: pd.DataFrame, dimensions: int) -> FittedTabular:
    kept: list[Column] = []
    width = 0
    for column in columns:
        if width + column.dimensions <= max(WIDEST, dimensions):
            kept.append(column)
            width += column.dimensions
    if not kept:
        return FittedTabular((), None)
    values = _lay_out(tuple(kept), frame)
    axes = principal_axes(values, dimensions=dimensions, whitening=min(0.5, WHITENED / width), floor=FLOOR)
    return FittedTabular(tuple(kept), axes)


def _lay_out(columns: tuple[Column, ...], frame: pd.DataFrame) -> FloatArray:
    if not columns:
        return np.zeros((len(frame), 1), dtype=np.float32)
    return np.concatenate([column.apply(frame) for column in columns], axis=1)
