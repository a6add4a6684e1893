"""Time series by what they look like: statistics, the course at a fixed number of points, and the spectrum.

The three parts answer different questions: what values a series has, when they come, and how fast they change whenever
that is. Statistics of this kind are hard to beat where classes differ in more than one of them (catch22: Lubba et al.,
"catch22: CAnonical Time-series CHaracteristics", Data Mining and Knowledge Discovery 33, 2019); the course tells
classes by their phase, the spectrum tells them whatever their phase is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from models.encoders.contract import FloatArray, ItemSource, Progress, fit_ranges, ranges
from models.encoders.scaling import Axes, principal_axes
from models.errors import EncoderInputError

if TYPE_CHECKING:
    from config.schema import EncoderSection

Wide = npt.NDArray[np.float64]

FIT_ROWS = 20_000
COURSE_POINTS = 64
SPECTRUM_POINTS = 256
SPECTRUM_BANDS = 16
STATISTICS = 18
FEATURES = STATISTICS + COURSE_POINTS + SPECTRUM_BANDS
"""Numbers made of one channel."""
CLIP = 6.0
"""Robust deviations beyond which a feature is not told from another."""
SMALLEST_WIDTH = 1e-6
WHITENING = 0.25
REACH = 10.0
TINY = 1e-12


@runtime_checkable
class SeriesSource(ItemSource, Protocol):
    """A pool whose items are time series."""

    def series(self, start: int, stop: int) -> list[FloatArray | None]:
        """Return the series of these rows, (t, c) float32 each with NaN for gaps; None where unreadable."""
        ...


@dataclass(frozen=True)
class FittedSeriesStats:
    """Learned scales and axes.

    Attributes:
        channels: number of channels of every series.
        centre: (f,) float64; the median of each feature.
        width: (f,) float64; its robust deviation.
        axes: principal axes of the scaled features.
    """

    channels: int
    centre: Wide
    width: Wide
    axes: Axes

    @property
    def dimensions(self) -> int:
        """Length d of the vectors."""
        return self.axes.dimensions

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Encode a range of rows.

        Args:
            source: a pool of series.
            start: first row.
            stop: row after the last.

        Returns:
            (stop - start, d) float32; zeros where the item is unreadable.

        Raises:
            EncoderInputError: a series has another number of channels than those that were learned from.
        """
        series = _series_of(source).series(start, stop)
        vectors = np.zeros((stop - start, self.dimensions), dtype=np.float32)
        there = [
            row for row, values in enumerate(series) if values is not None and source.readable[start + row]
        ]
        if there:
            features = np.stack([self._features(series[row], start + row) for row in there])
            scaled = _scale(features, self.centre, self.width)
            vectors[there] = self.axes.apply(scaled).clip(-REACH, REACH)
        return vectors

    def _features(self, values: FloatArray | None, row: int) -> Wide:
        assert values is not None
        if values.shape[1] != self.channels:
            raise EncoderInputError(
                f"row {row} has {values.shape[1]} channels where the pool has {self.channels}; all series need the same"
            )
        return series_features(values)


class SeriesStatsEncoder:
    """Statistics, course and spectrum of each channel, scaled robustly, on principal axes."""

    name = "series_stats"
    kinds = frozenset({"series"})

    def obstacle(self, section: EncoderSection) -> str:
        """Return "": nothing beyond goldpan's own needs."""
        return ""

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedSeriesStats:
        """Learn scales and axes from up to 20,000 series.

        Args:
            source: a pool of series.
            section: dimensions is used, the principal axes kept at most.
            seed: of the choice of rows.
            progress: told the share done.

        Returns:
            The encoder.

        Raises:
            EncoderInputError: no series can be read, or they differ in their number of channels.
        """
        pool = _series_of(source)
        chosen = fit_ranges(len(source), FIT_ROWS, seed)
        features: list[Wide] = []
        for done, (low, high) in enumerate(chosen):
            for start, stop in ranges(low, high, section.batch_size):
                readable = source.readable[start:stop]
                found = [
                    each
                    for each, good in zip(pool.series(start, stop), readable, strict=True)
                    if each is not None and good
                ]
                features.extend(series_features(each) for each in found)
            progress((done + 1) / len(chosen), "looking at series")
        if not features:
            raise EncoderInputError(f"none of the {len(source)} series can be read")
        if len({len(each) for each in features}) > 1:
            raise EncoderInputError("the series differ in their number of channels; all need the same")
        return _learn(np.stack(features), section.dimensions)


def series_features(values: FloatArray) -> Wide:
    """Return what a series looks like.

    Args:
        values: (t, c) float32, t at least 1; NaN for gaps.

    Returns:
        (c * FEATURES,) float64, finite: for each channel its statistics, its course and its spectrum.
    """
    return np.concatenate(
        [_channel_features(values[:, place].astype(np.float64)) for place in range(values.shape[1])]
    )


def _channel_features(values: Wide) -> Wide:
    there = np.flatnonzero(np.isfinite(values))
    if not len(there):
        return np.zeros(FEATURES)
    filled = np.interp(np.arange(len(values)), there, values[there])
    spread = float(filled.std())
    flat = (
        (filled - filled.mean()) / spread
        if spread > TINY * max(1.0, abs(float(filled.mean())))
        else filled * 0.0
    )
    statistics = _statistics(filled, flat, missing=1 - len(there) / len(values))
    course = _resample(flat, COURSE_POINTS)
    return np.concatenate([statistics, course, _spectrum(_resample(flat, SPECTRUM_POINTS))])


def _statistics(values: Wide, flat: Wide, *, missing: float) -> Wide:
    """Return (STATISTICS,) float64: level, spread, asymmetry, tails, trend, roughness, memory, peaks."""
    length = len(values)
    quartiles = np.percentile(values, (25, 50, 75))
    steps = np.diff(flat) if length > 1 else np.zeros(1)
    time = np.linspace(-1, 1, length) if length > 1 else np.zeros(1)
    memory = [
        float((flat[lag:] * flat[:-lag]).mean()) if 0 < lag < length else 0.0
        for lag in (1, length // 16, length // 4)
    ]
    found = [
        np.log1p(length),
        missing,
        _signed_log(float(values.mean())),
        _signed_log(float(quartiles[1])),
        _signed_log(float(values.std())),
        _signed_log(float(quartiles[2] - quartiles[0])),
        _signed_log(float(values.min())),
        _signed_log(float(values.max())),
        float((flat**3).mean()),
        np.log1p(float((flat**4).mean())),
        float((flat * time).mean()),
        float(np.abs(steps).mean()),
        float((steps**2).max()) ** 0.5,
        *memory,
        float((np.abs(flat) > 2).mean()),
        float((np.diff(np.signbit(flat)) != 0).mean()) if length > 1 else 0.0,
    ]
    return np.asarray(found, dtype=np.float64)


def _signed_log(value: float) -> float:
    return float(np.sign(value) * np.log1p(abs(value)))


def _resample(values: Wide, points: int) -> Wide:
    """Return the means of `points` equal stretches of a series; a shorter one is interpolated."""
    length = len(values)
    if length < points:
        return np.interp(np.linspace(0, length - 1, points), np.arange(length), values)
    edges = np.linspace(0, length, points + 1).round().astype(np.int64)
    return np.asarray(np.add.reduceat(values, edges[:-1]) / np.diff(edges))


def _spectrum(values: Wide) -> Wide:
    """Return (SPECTRUM_BANDS,) logarithms of the power in bands that widen with the frequency."""
    window = np.hanning(len(values))
    power = np.abs(np.fft.rfft(values * window))[1:] ** 2 / len(values)
    edges = np.unique(np.geomspace(1, len(power), SPECTRUM_BANDS + 1).round().astype(np.int64)) - 1
    bands = np.add.reduceat(power, edges[:-1])
    found = np.zeros(SPECTRUM_BANDS)
    found[: len(bands)] = np.log1p(bands)
    return found


def _learn(features: Wide, dimensions: int) -> FittedSeriesStats:
    centre = np.median(features, axis=0)
    low, high = np.percentile(features, (16, 84), axis=0)
    deviation = features.std(axis=0)
    # Where most items share one value, the quartiles have no width and the rare others count by the deviation.
    width = np.where(high - low > SMALLEST_WIDTH, (high - low) / 2, np.maximum(deviation, SMALLEST_WIDTH))
    channels = features.shape[1] // FEATURES
    axes = principal_axes(_scale(features, centre, width), dimensions=dimensions, whitening=WHITENING)
    return FittedSeriesStats(channels, centre, width, axes)


def _scale(features: Wide, centre: Wide, width: Wide) -> Wide:
    """Return the features in deviations, each part weighing the same, however many numbers it has."""
    sizes = np.array([STATISTICS, COURSE_POINTS, SPECTRUM_BANDS])
    weights = 1 / np.sqrt(np.tile(np.repeat(sizes, sizes), len(centre) // FEATURES))
    return np.asarray(((features - centre) / width).clip(-CLIP, CLIP) * weights)


def _series_of(source: ItemSource) -> SeriesSource:
    if isinstance(source, SeriesSource):
        return source
    raise EncoderInputError(f"a pool of kind {source.kind!r} has no series; choose another encoder")
