"""Table rows: every column brought to comparable size, then laid side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress, Role, fit_ranges
from models.encoders.filling import Filling, learn_filling
from models.encoders.scaling import Axes, principal_axes
from models.errors import EncoderInputError

if TYPE_CHECKING:
    import pandas as pd

    from config.schema import EncoderSection
    from models.encoders.columns import Column, LevelColumn, NumericColumn, TextColumn

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
        numeric: the numeric columns that are used, constant ones left out.
        others: the categorical and text columns that are used.
        filling: what is expected where a number is missing.
        axes: principal axes, partly whitened; None where no column is used.
    """

    numeric: tuple[NumericColumn, ...]
    others: tuple[LevelColumn | TextColumn, ...]
    filling: Filling
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
        if self.axes is None:
            return np.zeros((stop - start, 1), dtype=np.float32)
        frame = source.frame(start, stop)
        values = _lay_out(_side_by_side(self.numeric, frame), self.numeric, self.others, self.filling, frame)
        vectors = self.axes.apply(values).clip(-REACH, REACH)
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
        return _fold(columns, frame, section.dimensions, seed)


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


def _fold(columns: list[Column], frame: pd.DataFrame, dimensions: int, seed: int) -> FittedTabular:
    from models.encoders.columns import NumericColumn

    numeric: list[NumericColumn] = []
    others: list[LevelColumn | TextColumn] = []
    width = 0
    for column in columns:
        wanted = 1 if isinstance(column, NumericColumn) else column.dimensions
        if width + wanted > max(WIDEST, dimensions):
            continue
        width += wanted
        if isinstance(column, NumericColumn):
            numeric.append(column)
        else:
            others.append(column)
    measured = _side_by_side(numeric, frame)
    filling = learn_filling(measured, seed=seed)
    if not width:
        return FittedTabular((), (), filling, None)
    values = _lay_out(measured, numeric, others, filling, frame)
    axes = _axes(values, width, dimensions)
    return FittedTabular(tuple(numeric), tuple(others), filling, axes)


def _axes(values: FloatArray, width: int, dimensions: int) -> Axes:
    """Return the axes of the first `width` columns, evened out, with the missing indicators beside them as they are."""
    even = principal_axes(
        values[:, :width], dimensions=dimensions, whitening=min(0.5, WHITENED / width), floor=FLOOR
    )
    indicators = values.shape[1] - width
    if not indicators:
        return even
    joined = np.zeros((values.shape[1], even.dimensions + indicators), dtype=np.float32)
    joined[:width, : even.dimensions] = even.matrix
    joined[width:, even.dimensions :] = np.eye(indicators)
    mean = values.mean(axis=0, dtype=np.float64).astype(np.float32)
    last = principal_axes((values - mean) @ joined, dimensions=dimensions, whitening=0.0)
    return Axes(mean, joined @ last.matrix)


def _side_by_side(columns: Sequence[NumericColumn], frame: pd.DataFrame) -> FloatArray:
    """Return (b, p) float32 of the numeric columns, NaN where missing."""
    if not columns:
        return np.zeros((len(frame), 0), dtype=np.float32)
    return np.stack([column.apply(frame) for column in columns], axis=1)


def _lay_out(
    measured: FloatArray,
    numeric: Sequence[NumericColumn],
    others: Sequence[LevelColumn | TextColumn],
    filling: Filling,
    frame: pd.DataFrame,
) -> FloatArray:
    """Return (b, f) float32: numbers with their gaps filled, levels and texts, then the missing indicators."""
    weights = np.array([column.missing_weight for column in numeric], dtype=np.float32)
    indicators = (np.isnan(measured) * weights)[:, weights > 0]
    blocks = [filling.apply(measured), *(column.apply(frame) for column in others), indicators]
    return np.concatenate(blocks, axis=1, dtype=np.float32)
