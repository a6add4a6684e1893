from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.encoders.contract import FloatArray, ItemSource
from models.known_vectors import GrownEncoder, KnownVectors, reuse_vectors
from models.vectors import VectorFile
from tests.models.encoders.sources import vector_source

FILE = VectorFile(Path("v.npy"), (4, 2), "h", "given", "settings", "p", "", 0.0, "state")


class Twice:
    """Encodes a vector as its double, and remembers which rows it was asked for."""

    dimensions = 2

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        self.asked.append((start, stop))
        return np.asarray(2 * source.vectors(start, stop), np.float32)


def known(rows: list[int]) -> KnownVectors:
    return KnownVectors(FILE, np.arange(8, dtype=np.float16).reshape(4, 2) * -1, np.array(rows))


def test_transform__stretches_without_a_vector_are_encoded() -> None:
    source, plain = vector_source(np.ones((8, 2))), Twice()
    encoder = GrownEncoder(plain, known([-1, 3, 0, -1, -1, 1, 2, -1]), 2)
    found = encoder.transform(source, 0, 8)
    assert found[:, 0].tolist() == [2, -6, 0, 2, 2, -2, -4, 2]
    assert found.dtype == np.float32
    assert plain.asked == [(0, 1), (3, 5), (7, 8)]


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_transform__ranges_do_not_matter(cut: int) -> None:
    source = vector_source(np.ones((8, 2)))
    encoder = GrownEncoder(Twice(), known([-1, 3, 0, -1, -1, 1, 2, -1]), 2)
    parts = [encoder.transform(source, low, min(low + cut, 8)) for low in range(0, 8, cut)]
    assert np.array_equal(np.concatenate(parts), encoder.transform(source, 0, 8))


def test_reuse_vectors__only_of_the_same_encoder() -> None:
    plain, before = Twice(), known([0, 1, 2, 3, -1])
    grown = reuse_vectors(plain, before, settings="settings", state="state", items=5)
    assert isinstance(grown, GrownEncoder)
    for settings, state, items in (
        ("other", "state", 5),
        ("settings", "other", 5),
        ("settings", None, 5),
        ("settings", "state", 6),
    ):
        assert reuse_vectors(plain, before, settings=settings, state=state, items=items) is plain
    assert reuse_vectors(plain, None, settings="settings", state="state", items=5) is plain
