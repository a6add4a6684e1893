from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from config.schema import EncoderSection
from models.encoders.series_stats import FEATURES, SeriesStatsEncoder, series_features
from models.errors import EncoderInputError
from tests.models.encoders.sources import MemorySource, make_source, series_source

Series = npt.NDArray[np.float32]
POINTS = 200


def shapes(count: int, seed: int) -> tuple[list[Series], npt.NDArray[np.int64]]:
    """Noisy series of six kinds, their phase or place at random: slow, fast and square waves, bumps, walks, steps."""
    generator = np.random.default_rng(seed)
    time = np.linspace(0, 1, POINTS)
    kinds = generator.integers(0, 6, count)
    made = []
    for kind in kinds:
        phase, place = generator.random() * 2 * np.pi, generator.random() * 0.8 + 0.1
        values = [
            np.sin(8 * np.pi * time + phase),
            np.sin(18 * np.pi * time + phase),
            3 * np.exp(-(((time - place) / 0.03) ** 2)),
            0.1 * generator.normal(size=POINTS).cumsum(),
            2.0 * (time > place),
            np.sign(np.sin(8 * np.pi * time + phase)),
        ][kind]
        noisy = (
            values * np.exp(0.2 * generator.normal()) + generator.normal(0, 0.3, POINTS) + generator.normal()
        )
        made.append(noisy[:, None].astype(np.float32))
    return made, kinds


def encoded(source: MemorySource, dimensions: int = 64) -> npt.NDArray[np.float32]:
    section = EncoderSection(dimensions=dimensions)
    fitted = SeriesStatsEncoder().fit(source, section=section, seed=1, progress=lambda share, text: None)
    return fitted.transform(source, 0, len(source))


def nearest(vectors: npt.NDArray[np.float32], kinds: npt.NDArray[np.int64]) -> float:
    """Return the share of the second half whose nearest in the first half is of the same kind."""
    half = len(vectors) // 2
    distances = np.square(vectors[half:, None] - vectors[None, :half]).sum(axis=-1)
    return float((kinds[:half][distances.argmin(axis=1)] == kinds[half:]).mean())


def test_series_stats__tells_shapes_apart_better_than_the_points_themselves() -> None:
    series, kinds = shapes(600, 0)
    points = nearest(np.stack([each[:, 0] for each in series]), kinds)
    assert nearest(encoded(series_source(series)), kinds) > max(0.9, points)


def test_series_stats__vectors_have_about_one_as_root_mean_square() -> None:
    vectors = encoded(series_source(shapes(300, 1)[0]))
    assert np.sqrt(np.square(vectors).mean()) == pytest.approx(1.0, abs=0.15)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "values",
    [
        [[1.0]],
        [[0.0]] * 50,
        [[np.nan], [2.0], [np.nan]],
        [[np.nan, 1.0]] * 5,
        [[3e38], [-3e38]] * 20,
        [[1e-30], [0.0]] * 20,
        [[1e6], [1e6 + 0.0625]] * 40,
    ],
)
def test_series_features__awkward_series_give_finite_numbers(values: list[list[float]]) -> None:
    array = np.asarray(values, np.float32)
    features = series_features(array)
    assert features.shape == (array.shape[1] * FEATURES,)
    assert np.isfinite(features).all()


def test_series_features__a_gap_changes_little() -> None:
    [series], _ = shapes(1, 3)
    gap = series.copy()
    gap[50:53] = np.nan
    assert np.abs(series_features(gap) - series_features(series)).mean() < 0.05


def test_fit__series_with_other_numbers_of_channels() -> None:
    source = series_source([np.ones((5, 1), np.float32), np.ones((5, 2), np.float32)])
    with pytest.raises(EncoderInputError, match="number of channels"):
        encoded(source)


def test_fit__nothing_to_read() -> None:
    with pytest.raises(EncoderInputError, match="none of the 2 series"):
        encoded(series_source([None, None], unreadable=(0, 1)))


def test_transform__another_number_of_channels_than_learned() -> None:
    source = make_source("series", 20)
    fitted = SeriesStatsEncoder().fit(
        source, section=EncoderSection(), seed=0, progress=lambda share, text: None
    )
    with pytest.raises(EncoderInputError, match="row 0 has 1 channels where the pool has 2"):
        fitted.transform(series_source([np.ones((5, 1), np.float32)]), 0, 1)
