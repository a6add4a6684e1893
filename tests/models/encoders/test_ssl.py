"""The encoder that teaches itself, and how it is kept for the next state of the pool."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from config.schema import EncoderSection
from models.encoders.image_conv import ImageConvEncoder
from models.encoders.image_ssl import FittedImageSsl, ImageSslEncoder
from models.encoders.kept import FILE
from models.errors import DeviceError, EncoderInputError
from models.vectors import VectorFile, write_vectors
from tests.models.encoders.sources import MemorySource, encoded, image_source, make_source, png

SECTION = EncoderSection(name="image_ssl", device="cpu", dimensions=16)


@pytest.fixture(scope="module")
def digits() -> MemorySource:
    return image_source([png(image) for image in (load_digits().images * (255 / 16)).astype(np.uint8)])


def quiet(share: float, text: str) -> None:
    """Progress that nobody looks at."""


def fit(source: MemorySource, section: EncoderSection = SECTION, *, seed: int = 0) -> FittedImageSsl:
    return ImageSslEncoder().fit(source, section=section, seed=seed, progress=quiet)


def write(source: MemorySource, folder: Path, section: EncoderSection = SECTION) -> VectorFile:
    return write_vectors(source, section=section, seed=0, folder=folder, progress=quiet)


def accuracy(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy of a linear classifier trained on 3 labels a class; the mean of 8 draws."""
    scaled, found = (vectors - vectors.mean(axis=0)) / vectors.std(), []
    for seed in range(8):
        draw = np.random.default_rng(seed)
        chosen = np.concatenate([draw.choice(np.flatnonzero(labels == c), 3, False) for c in range(10)])
        classifier = LogisticRegression(C=0.1, max_iter=300).fit(scaled[chosen], labels[chosen])
        found.append(classifier.score(np.delete(scaled, chosen, 0), np.delete(labels, chosen)))
    return float(np.mean(found))


@pytest.mark.slow
def test_image_ssl__beats_the_filters_alone_on_digits(digits: MemorySource) -> None:
    labels = load_digits().target
    section = SECTION.model_copy(update={"dimensions": 64})
    plain = ImageConvEncoder().fit(digits, section=section, seed=0, progress=quiet)
    gain = accuracy(fit(digits, section).transform(digits, 0, 1797), labels) - accuracy(
        plain.transform(digits, 0, 1797), labels
    )
    assert gain > 0.02


def test_image_ssl__any_orientation_brings_turned_images_together() -> None:
    draw = np.random.default_rng(0)
    images = [draw.integers(0, 256, (12, 12), dtype=np.uint8) for _ in range(60)]
    blurred = [
        np.asarray(Image.fromarray(image).resize((24, 24), Image.Resampling.BICUBIC)) for image in images
    ]
    source = image_source(
        [png(image) for image in blurred] + [png(image[:, ::-1].copy()) for image in blurred]
    )

    def apart(section: EncoderSection) -> float:
        vectors = fit(source, section).transform(source, 0, 120)
        pairs = np.linalg.norm(vectors[:60] - vectors[60:], axis=1).mean()
        return float(pairs / np.linalg.norm(vectors[:60] - vectors[[*range(61, 120), 60]], axis=1).mean())

    assert apart(SECTION.model_copy(update={"any_orientation": True})) < 0.9 * apart(SECTION)


def test_image_ssl__grey_colour_deep_damaged_and_of_many_sizes() -> None:
    draw = np.random.default_rng(0)
    sizes = [(10, 30, 3), (64, 64), (100, 40, 3), (1, 1), (7, 300, 3)]
    images: list[bytes | None] = [png(draw.integers(0, 256, size, dtype=np.uint8)) for size in sizes]
    deep = Image.fromarray(draw.integers(0, 60_000, (20, 20)).astype(np.uint16))
    images += [encoded(deep, "TIFF"), b"damaged", None]
    source = image_source(images)
    vectors = fit(source).transform(source, 0, 8)
    assert np.isfinite(vectors).all()
    assert vectors[:6].any(axis=1).all()
    assert not vectors[6:].any()


def test_image_ssl__images_of_one_colour() -> None:
    flat = [png(np.full((12, 12), value, dtype=np.uint8)) for value in (0, 80, 160, 255)] * 10
    vectors = fit(image_source(flat)).transform(image_source(flat), 0, 40)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(vectors[:4], vectors[4:8], atol=1e-4)


def test_image_ssl__five_images() -> None:
    source = make_source("image", 5)
    vectors = fit(source).transform(source, 0, 5)
    assert vectors.shape == (5, 4)
    assert len(np.unique(vectors.round(4), axis=0)) == 5


def test_image_ssl__nothing_readable_is_refused() -> None:
    with pytest.raises(EncoderInputError, match="none of the 3 images can be read"):
        fit(image_source([b"x", None, b""]))


def test_image_ssl__a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceError):
        fit(make_source("image", 3), SECTION.model_copy(update={"device": "cuda:99"}))


def test_write_vectors__a_pool_that_grows_keeps_its_encoder(tmp_path: Path) -> None:
    larger = make_source("image", 60)
    smaller = image_source(larger.all_images[:40])
    first = np.array(write(smaller, tmp_path).array)
    assert (tmp_path / FILE).is_file()
    second = write(larger, tmp_path)
    assert "as learned before" in second.reason
    np.testing.assert_allclose(second.array[:40], first, atol=1e-5)


def test_write_vectors__the_same_pool_again_gives_the_same_numbers(tmp_path: Path) -> None:
    first, second = (write(make_source("image", 30), tmp_path).hash for _ in range(2))
    assert first == second


@pytest.mark.parametrize("change", [{"dimensions": 8}, {"any_orientation": True}])
def test_write_vectors__other_settings_learn_anew(tmp_path: Path, change: dict[str, int]) -> None:
    source = make_source("image", 30)
    write(source, tmp_path)
    assert "as learned before" not in write(source, tmp_path, SECTION.model_copy(update=change)).reason


def test_write_vectors__a_pool_grown_beyond_twice_learns_anew(tmp_path: Path) -> None:
    source = make_source("image", 60)
    write(image_source(source.all_images[:10]), tmp_path)
    assert "as learned before" not in write(source, tmp_path).reason


def test_write_vectors__colour_where_there_was_none_learns_anew(tmp_path: Path) -> None:
    write(make_source("image", 30), tmp_path)
    draw = np.random.default_rng(0)
    colour = image_source([png(draw.integers(0, 256, (12, 12, 3), dtype=np.uint8)) for _ in range(30)])
    assert "as learned before" not in write(colour, tmp_path).reason


@pytest.mark.parametrize("content", [b"", b"damaged", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_write_vectors__a_damaged_encoder_is_learned_anew(tmp_path: Path, content: bytes) -> None:
    source = make_source("image", 30)
    first = write(source, tmp_path)
    (tmp_path / FILE).write_bytes(content)
    second = write(source, tmp_path)
    assert second.hash == first.hash
    assert "as learned before" not in second.reason


def test_write_vectors__weights_that_do_not_fit_together_are_learned_anew(tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    source = make_source("image", 30)
    first = write(source, tmp_path)
    with safe_open(tmp_path / FILE, framework="numpy") as file:
        told = file.metadata()
    weights = load_file(tmp_path / FILE)
    weights["matrix"] = weights["matrix"][:-1]
    save_file(weights, tmp_path / FILE, metadata=told)
    assert write(source, tmp_path).hash == first.hash


def test_write_vectors__an_encoder_that_keeps_nothing_leaves_no_file(tmp_path: Path) -> None:
    source = make_source("image", 30)
    write(source, tmp_path)
    write(source, tmp_path, SECTION.model_copy(update={"name": "image_conv"}))
    assert not (tmp_path / FILE).exists()
