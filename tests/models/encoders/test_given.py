from __future__ import annotations

import numpy as np
import pytest

from config.schema import EncoderSection
from models.encoders.given import FittedGiven, GivenEncoder
from models.errors import EncoderInputError
from tests.models.encoders.sources import MemorySource, vector_source


def fit(source: MemorySource) -> FittedGiven:
    return GivenEncoder().fit(source, section=EncoderSection(), seed=0, progress=lambda share, text: None)


def test_given__hands_vectors_on_as_they_are() -> None:
    vectors = np.random.default_rng(0).normal(100, 50, size=(20, 3)).astype(np.float32)
    source = vector_source(vectors)
    np.testing.assert_array_equal(fit(source).transform(source, 0, 20), vectors)


def test_given__nan_is_refused_with_its_rows() -> None:
    vectors = np.ones((9000, 2))
    vectors[[3, 8500], 1] = np.nan
    vectors[17, 0] = np.inf
    with pytest.raises(EncoderInputError, match=r"3 ready-made vectors.*rows 3, 17, 8500 "):
        fit(vector_source(vectors))


def test_given__many_bad_rows_are_counted() -> None:
    with pytest.raises(EncoderInputError, match=r"rows 0, 1, 2, 3, 4 and 15 more"):
        fit(vector_source(np.full((20, 2), np.nan)))


def test_given__nan_in_an_unreadable_row_is_zero() -> None:
    vectors = np.ones((3, 2))
    vectors[1] = np.nan
    source = vector_source(vectors, unreadable=(1,))
    assert fit(source).transform(source, 0, 3).tolist() == [[1, 1], [0, 0], [1, 1]]


def test_given__number_too_large_for_float32_is_refused() -> None:
    with pytest.raises(EncoderInputError, match="too large"):
        fit(vector_source(np.array([[1e300, 0.0], [1.0, 2.0]])))


def test_given__vectors_without_length_are_refused() -> None:
    with pytest.raises(EncoderInputError, match="d at least 1"):
        fit(vector_source(np.zeros((3, 0))))


def test_given__another_length_later_is_refused() -> None:
    fitted = fit(vector_source(np.ones((3, 4))))
    with pytest.raises(EncoderInputError, match=r"shape \(2, 5\), expected \(2, 4\)"):
        fitted.transform(vector_source(np.ones((2, 5))), 0, 2)
