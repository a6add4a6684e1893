"""One contract for every registered encoder."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from config.schema import EncoderSection
from models.encoders.contract import Encoder, FittedEncoder, FloatArray, fit_ranges, ranges
from models.encoders.registry import encoders
from tests.models.encoders.sources import MemorySource, make_source, random_clip, random_weights

NAMES = encoders.names()
SECTION = EncoderSection(dimensions=16, batch_size=7, device="cpu")


@dataclass(frozen=True)
class Subject:
    """An encoder and settings with which it can run here."""

    encoder: Encoder
    section: EncoderSection


@pytest.fixture(scope="module", params=NAMES)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    chosen = encoders.get(request.param)
    section = SECTION
    if chosen.name == "image_timm" and "package" not in chosen.obstacle(section):
        section = SECTION.model_copy(update={"model": str(random_weights(tmp_path_factory.mktemp("timm")))})
    if chosen.name == "image_clip" and "package" not in chosen.obstacle(section):
        section = SECTION.model_copy(update={"model": str(random_clip(tmp_path_factory.mktemp("clip")))})
    obstacle = chosen.obstacle(section)
    if obstacle:
        pytest.skip(f"{chosen.name}: {obstacle}")
    return Subject(chosen, section)


@dataclass(frozen=True)
class Encoded:
    """Sixty items, the encoder fitted on them, and their vectors."""

    source: MemorySource
    fitted: FittedEncoder
    vectors: FloatArray


@pytest.fixture(scope="module")
def encoded(encoder: Subject) -> Encoded:
    source = source_for(encoder, 60)
    fitted = fit(encoder, source)
    return Encoded(source, fitted, fitted.transform(source, 0, 60))


@dataclass(frozen=True)
class Repeat:
    """What a second fit on the same sixty items gave, and what it told and touched on the way."""

    vectors: FloatArray
    told: list[float]
    torch_state_kept: bool
    numpy_drew: list[float]


@pytest.fixture(scope="module")
def repeat(encoder: Subject) -> Repeat:
    import torch

    source, told = source_for(encoder, 60), list[float]()
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.get_rng_state()
    fitted = encoder.encoder.fit(
        source, section=encoder.section, seed=3, progress=lambda share, text: told.append(share)
    )
    kept, drew = torch.equal(torch.get_rng_state(), before), np.random.random(3).tolist()
    return Repeat(fitted.transform(source, 0, 60), told, kept, drew)


@dataclass(frozen=True)
class Damaged:
    """A source with unreadable rows after a fit on it, what it was before, and its vectors."""

    source: MemorySource
    before: MemorySource
    vectors: FloatArray


UNREADABLE = (0, 7, 29)


@pytest.fixture(scope="module")
def damaged(encoder: Subject) -> Damaged:
    source = source_for(encoder, 30, unreadable=UNREADABLE)
    before = copy.deepcopy(source)
    return Damaged(source, before, fit(encoder, source).transform(source, 0, 30))


def fit(encoder: Subject, source: MemorySource, *, seed: int = 3) -> FittedEncoder:
    return encoder.encoder.fit(source, section=encoder.section, seed=seed, progress=lambda share, text: None)


def source_for(encoder: Subject, n: int, **more: bool | tuple[int, ...]) -> MemorySource:
    return make_source(min(encoder.encoder.kinds), n, **more)  # type: ignore[arg-type]


def test_transform__gives_finite_float32_of_the_stated_length(encoded: Encoded) -> None:
    assert encoded.vectors.shape == (60, encoded.fitted.dimensions)
    assert encoded.vectors.dtype == np.float32
    assert np.isfinite(encoded.vectors).all()


def test_transform__tells_items_apart(encoded: Encoded) -> None:
    assert len(np.unique(encoded.vectors, axis=0)) > 50


def test_fit__same_seed_same_vectors(encoded: Encoded, repeat: Repeat) -> None:
    np.testing.assert_array_equal(repeat.vectors, encoded.vectors)


def test_transform__cutting_into_ranges_does_not_matter(encoded: Encoded) -> None:
    cuts = ((0, 1), (1, 13), (13, 60))
    pieces = [encoded.fitted.transform(encoded.source, low, high) for low, high in cuts]
    np.testing.assert_allclose(np.concatenate(pieces), encoded.vectors, atol=1e-4)


def test_fit__leaves_the_source_unchanged(damaged: Damaged) -> None:
    source, before = damaged.source, damaged.before
    assert source.table.equals(before.table)
    assert source.all_texts == before.all_texts
    assert source.all_images == before.all_images
    np.testing.assert_array_equal(source.all_vectors, before.all_vectors)
    np.testing.assert_array_equal(source.readable, before.readable)


def test_transform__unreadable_rows_are_zero_and_others_are_not(damaged: Damaged) -> None:
    assert not damaged.vectors[list(UNREADABLE)].any()
    assert damaged.vectors.any(axis=1).sum() >= 26


@pytest.mark.parametrize("n", [1, 2, 3])
def test_fit__tiny_pools(encoder: Subject, n: int) -> None:
    source = source_for(encoder, n)
    fitted = fit(encoder, source)
    vectors = fitted.transform(source, 0, n)
    assert vectors.shape == (n, fitted.dimensions)
    assert fitted.dimensions >= 1
    assert np.isfinite(vectors).all()


def test_fit__identical_items_get_identical_vectors(encoder: Subject) -> None:
    source = source_for(encoder, 20, identical=True)
    vectors = fit(encoder, source).transform(source, 0, 20)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(vectors, np.repeat(vectors[:1], 20, axis=0), atol=1e-4)


def test_fit__reports_progress_from_zero_to_one(repeat: Repeat) -> None:
    assert repeat.told == sorted(repeat.told)
    assert repeat.told[-1] == 1.0
    assert min(repeat.told) >= 0.0


def test_fit__leaves_the_global_generators_alone(repeat: Repeat) -> None:
    np.random.seed(5)
    assert repeat.torch_state_kept
    assert repeat.numpy_drew == np.random.random(3).tolist()


def test_fit_ranges__small_pool_gives_every_row() -> None:
    assert fit_ranges(600, 1000, 0) == [(0, 256), (256, 512), (512, 600)]


def test_fit_ranges__large_pool_gives_a_seeded_choice() -> None:
    chosen = fit_ranges(100_000, 5000, 1)
    assert chosen == fit_ranges(100_000, 5000, 1)
    assert chosen != fit_ranges(100_000, 5000, 2)
    assert 4000 < sum(high - low for low, high in chosen) <= 5000
    assert all(low < high for low, high in chosen)
    assert all(one[1] <= two[0] for one, two in pairwise(chosen))


def test_ranges__cover_every_row_once() -> None:
    assert list(ranges(3, 10, 4)) == [(3, 7), (7, 10)]
