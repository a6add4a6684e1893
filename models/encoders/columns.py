"""How single columns of a table become numbers of comparable size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.encoders.contract import FloatArray
from models.encoders.text_tfidf import TextAxes, learn_text_axes

CLIP = 8.0
"""Standard deviations beyond which a number is not told from another: far enough to keep rare items apart."""

HEAVY_TAIL = 6.0
"""Robust deviations; where more than one value in 500 lies beyond, the column is taken by its signed logarithm."""

GAP, STRAY_SHARE = 10.0, 0.02
"""Beyond the heavy tail a step to 10 times as far ends the column's range: what lies behind it is an error, or a code
such as -9999, if it is at most 2 % of the column or one single value; a tail, however heavy, has no such gap."""

RARE_SHARE, MAX_LEVELS = 0.002, 32
SMALLEST_DEVIATION = 0.25
"""Floor for the deviation of yes-or-no columns, so that a very rare yes is not the only thing that counts."""

INDICATOR = 0.5
"""Weight of a missing indicator beside a numeric column: 1 cost 5 points where gaps say nothing, 0.3 cost 2 where they
say much."""

TEXT_DIMENSIONS, TEXT_VARIANCE = 32, 4.0
"""A text column gets at most 32 dimensions and the weight of four numeric columns."""


@dataclass(frozen=True)
class NumericColumn:
    """A numeric column, made robust to heavy tails and standardised.

    Attributes:
        name: the column.
        centre: median.
        width: robust deviation.
        low: smallest number within the column's range; a smaller one counts as missing.
        high: largest number within it.
        logarithm: whether the signed logarithm is taken.
        mean: subtracted after that.
        deviation: divided by after that.
        missing_weight: weight of the missing indicator; 0 where nothing was missing.
    """

    name: str
    centre: float
    width: float
    low: float
    high: float
    logarithm: bool
    mean: float
    deviation: float
    missing_weight: float

    def apply(self, frame: pd.DataFrame) -> FloatArray:
        """Return (b,) float32, standardised; NaN where missing, infinite or out of the column's range."""
        values = numbers(frame[self.name])
        gone = ~(np.isfinite(values) & (values >= self.low) & (values <= self.high))
        flat = _flatten(np.where(gone, self.centre, values), self.centre, self.width, self.logarithm)
        flat = ((flat - self.mean) / self.deviation).clip(-CLIP, CLIP)
        return np.where(gone, np.nan, flat).astype(np.float32)


@dataclass(frozen=True)
class LevelColumn:
    """A categorical column, one dimension a level; rare and unknown levels share the last.

    Attributes:
        name: the column.
        levels: the frequent levels; missing is the level "".
        weight: what a one is multiplied with, so that the column weighs as much as a numeric one.
    """

    name: str
    levels: tuple[str, ...]
    weight: float

    @property
    def dimensions(self) -> int:
        """Frequent levels and the one that pools the rest."""
        return len(self.levels) + 1

    def apply(self, frame: pd.DataFrame) -> FloatArray:
        """Return (b, levels + 1) float32."""
        found = pd.Index(self.levels).get_indexer(pd.Index(level_names(frame[self.name])))
        result = np.zeros((len(frame), self.dimensions), dtype=np.float32)
        result[np.arange(len(frame)), np.where(found < 0, len(self.levels), found)] = self.weight
        return result


@dataclass(frozen=True)
class TextColumn:
    """A text column by TF-IDF and SVD.

    Attributes:
        name: the column.
        axes: learned terms and axes.
        weight: what the vectors are multiplied with.
    """

    name: str
    axes: TextAxes
    weight: float

    @property
    def dimensions(self) -> int:
        """Axes of the text."""
        return self.axes.dimensions

    def apply(self, frame: pd.DataFrame) -> FloatArray:
        """Return (b, axes) float32."""
        return self.axes.apply(level_names(frame[self.name])) * np.float32(self.weight)


Column = NumericColumn | LevelColumn | TextColumn


def fit_numeric(name: str, column: pd.Series) -> NumericColumn | None:
    """Learn a numeric column.

    Args:
        name: the column.
        column: (m,) values; what is no finite number counts as missing.

    Returns:
        The column, or None where it is constant or empty and nothing is missing in part.
    """
    values = numbers(column)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    low, high = _range(finite)
    present = finite[(finite >= low) & (finite <= high)]
    weight = _indicator_weight(1.0 - len(present) / len(values))
    centre = float(np.median(present))
    width = _robust_width(present, centre)
    if width == 0:
        return NumericColumn(name, centre, 1.0, low, high, False, 0.0, 1.0, weight) if weight else None
    heavy = bool(np.mean(np.abs(present - centre) > HEAVY_TAIL * width) > 0.002)
    flat = _flatten(present, centre, width, heavy)
    clipped = flat.clip(*np.quantile(flat, (0.001, 0.999)))
    deviation = float(clipped.std()) or float(flat.std()) or 1.0
    return NumericColumn(name, centre, width, low, high, heavy, float(clipped.mean()), deviation, weight)


def fit_levels(name: str, column: pd.Series) -> LevelColumn | None:
    """Learn a categorical column.

    Args:
        name: the column.
        column: (m,) values of any type.

    Returns:
        The column, or None where there is only one level.
    """
    counts = pd.Series(level_names(column)).value_counts()
    # By count, then by name: value_counts leaves ties in the order of the rows.
    ordered = sorted(counts.items(), key=lambda pair: (-int(pair[1]), str(pair[0])))
    if len(ordered) < 2:
        return None
    least = max(2, RARE_SHARE * len(column)) if len(column) >= 50 else 1
    levels = tuple(str(level) for level, count in ordered[:MAX_LEVELS] if count >= least)
    shares = np.array([counts[level] for level in levels] or [0]) / len(column)
    rest = 1 - shares.sum()
    variance = float((shares * (1 - shares)).sum() + rest * (1 - rest))
    if not levels:
        return None
    return LevelColumn(name, levels, 1.0 / max(np.sqrt(variance), SMALLEST_DEVIATION))


def fit_text(name: str, column: pd.Series, *, dimensions: int, seed: int) -> TextColumn | None:
    """Learn a text column.

    Args:
        name: the column.
        column: (m,) texts; missing is "".
        dimensions: axes at most.
        seed: of the SVD.

    Returns:
        The column, or None where no text holds a term.
    """
    axes = learn_text_axes(level_names(column), dimensions=min(dimensions, TEXT_DIMENSIONS), seed=seed)
    if not axes.counters:
        return None
    return TextColumn(name, axes, float(np.sqrt(TEXT_VARIANCE / axes.dimensions)))


def numbers(column: pd.Series) -> npt.NDArray[np.float64]:
    """Return a column as (b,) float64, NaN where it holds no number."""
    if column.dtype == bool:
        return column.to_numpy(dtype=np.float64)
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    # Beyond float32 a number counts as infinite; kept, it would overflow on the way.
    return np.where(np.abs(values) > 1e37, np.inf, values)


def level_names(column: pd.Series) -> list[str]:
    """Return a column as b strings, "" where missing."""
    missing = column.isna().to_numpy()
    return ["" if gone else str(value) for value, gone in zip(column.tolist(), missing, strict=True)]


def _flatten(
    values: npt.NDArray[np.float64], centre: float, width: float, logarithm: bool
) -> npt.NDArray[np.float64]:
    scaled = (values - centre) / width
    # arsinh is a logarithm with a sign that runs straight through zero.
    return np.arcsinh(scaled) if logarithm else scaled


def _range(finite: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the smallest and the largest number that belong to the column."""
    # A code for missing may be so frequent that it moves the quartiles; it is the smallest or the largest number.
    inner = finite[(finite > finite.min()) & (finite < finite.max())]
    judged = inner if 2 * len(inner) > len(finite) else finite
    centre = float(np.median(judged))
    width = _robust_width(judged, centre)
    low, high = -_reach(centre - finite, width), _reach(finite - centre, width)
    return centre + low, centre + high


def _reach(apart: npt.NDArray[np.float64], width: float) -> float:
    """Return how far the column reaches to one side; infinite where no gap ends it."""
    beyond = np.sort(apart[apart > 0])
    if not len(beyond) or width == 0:
        return np.inf
    steps = beyond[1:] / np.maximum(beyond[:-1], HEAVY_TAIL * width)
    steps = np.concatenate([beyond[:1] / (HEAVY_TAIL * width), steps])
    first = int(np.argmax(steps >= GAP))
    if steps[first] < GAP:
        return np.inf
    stray = beyond[first:]
    few = len(stray) <= STRAY_SHARE * len(apart) or (stray[0] == stray[-1] and 2 * len(stray) < len(apart))
    return float(stray[0]) / np.sqrt(GAP) if few else np.inf


def _robust_width(present: npt.NDArray[np.float64], centre: float) -> float:
    low, high = np.quantile(present, (0.25, 0.75))
    width = float(high - low) / 1.349
    if width > 1e-9 * max(1e-300, abs(centre)):
        return width
    width = float(present.std())
    return width if width > 1e-9 * abs(centre) else 0.0


def _indicator_weight(share: float) -> float:
    if share in (0.0, 1.0):
        return 0.0
    return INDICATOR / max(float(np.sqrt(share * (1 - share))), SMALLEST_DEVIATION)
