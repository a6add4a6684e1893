"""Both image encoders: what the contract test does not cover."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from config.schema import EncoderSection
from models.encoders.image_conv import ImageConvEncoder
from models.encoders.image_timm import ImageTimmEncoder
from models.errors import DeviceError, EncoderInputError, EncoderUnavailableError
from tests.models.encoders.sources import MemorySource, image_source, make_source, png, random_weights

SECTION = EncoderSection(device="cpu")


@pytest.fixture(scope="module")
def digits() -> MemorySource:
    pixels = (load_digits().images * (255 / 16)).astype(np.uint8)
    return image_source([png(image) for image in pixels])


def quiet(share: float, text: str) -> None:
    """Progress that nobody looks at."""


def need_timm() -> None:
    obstacle = ImageTimmEncoder().obstacle(SECTION)
    if "package" in obstacle:
        pytest.skip(obstacle)


def probe(vectors: np.ndarray, labels: np.ndarray, *, seed: int) -> float:
    """Accuracy of a linear classifier trained on 10 labels a class."""
    generator = np.random.default_rng(seed)
    chosen = np.concatenate([generator.choice(np.flatnonzero(labels == c), 10, False) for c in range(10)])
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std()
    classifier = LogisticRegression(C=0.1, max_iter=500).fit(scaled[chosen], labels[chosen])
    return float(classifier.score(np.delete(scaled, chosen, 0), np.delete(labels, chosen)))


def test_image_conv__beats_the_pixels_on_digits(digits: MemorySource) -> None:
    known = load_digits()
    vectors = (
        ImageConvEncoder().fit(digits, section=SECTION, seed=0, progress=quiet).transform(digits, 0, 1797)
    )
    gains = [probe(vectors, known.target, seed=s) - probe(known.data, known.target, seed=s) for s in range(3)]
    assert np.mean(gains) > 0.02


def test_image_conv__gives_the_dimensions_asked_for(digits: MemorySource) -> None:
    section = EncoderSection(dimensions=24, device="cpu")
    fitted = ImageConvEncoder().fit(digits, section=section, seed=0, progress=quiet)
    vectors = fitted.transform(digits, 0, 500)
    assert vectors.shape == (500, 24)
    assert np.sqrt(np.square(vectors).mean()) == pytest.approx(1.0, abs=0.1)


def test_image_conv__colour_and_grey_of_mixed_sizes() -> None:
    generator = np.random.default_rng(0)
    sizes = [(10, 30, 3), (64, 64), (100, 40, 3), (1, 1), (7, 300, 3)]
    images = [png(generator.integers(0, 256, size, dtype=np.uint8)) for size in sizes]
    source = image_source([*images, b"damaged", None])
    vectors = ImageConvEncoder().fit(source, section=SECTION, seed=0, progress=quiet).transform(source, 0, 7)
    assert np.isfinite(vectors).all()
    assert not vectors[5:].any()
    assert vectors[:5].any(axis=1).all()


def test_image_conv__puts_the_thread_count_back() -> None:
    import torch

    source = make_source("image", 30)
    before = torch.get_num_threads()
    ImageConvEncoder().fit(source, section=SECTION, seed=0, progress=quiet).transform(source, 0, 10)
    assert torch.get_num_threads() == before


def test_image_conv__no_readable_image_is_refused() -> None:
    with pytest.raises(EncoderInputError, match="none of the 2 images"):
        ImageConvEncoder().fit(image_source([None, b"text"]), section=SECTION, seed=0, progress=quiet)


def test_image_conv__unknown_device_is_refused(digits: MemorySource) -> None:
    section = EncoderSection(device="cuda:99")
    with pytest.raises(DeviceError, match="cuda"):
        ImageConvEncoder().fit(digits, section=section, seed=0, progress=quiet)


@pytest.mark.gpu
def test_image_conv__gpu_agrees_with_cpu(digits: MemorySource) -> None:
    both = [
        ImageConvEncoder()
        .fit(digits, section=EncoderSection(device=device), seed=0, progress=quiet)
        .transform(digits, 0, 200)
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(both[0], both[1], atol=1e-2)


def test_image_timm__without_the_package_says_what_to_install(digits: MemorySource) -> None:
    if find_spec("timm") is not None:
        pytest.skip("timm is installed here")
    with pytest.raises(EncoderUnavailableError, match=r"pip install 'goldpan\[image\]'.*image_conv"):
        ImageTimmEncoder().fit(digits, section=SECTION, seed=0, progress=quiet)


def test_image_timm__unknown_weights_are_an_error(digits: MemorySource) -> None:
    need_timm()
    section = EncoderSection(model="no_such_network", device="cpu")
    with pytest.raises(EncoderUnavailableError, match="no_such_network"):
        ImageTimmEncoder().fit(digits, section=section, seed=0, progress=quiet)


def test_image_timm__missing_weights_off_line_are_an_error(
    digits: MemorySource, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    need_timm()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    section = EncoderSection(model="resnet10t.c3_in1k", device="cpu")
    with pytest.raises(EncoderUnavailableError, match="HF_HUB_OFFLINE"):
        ImageTimmEncoder().fit(digits, section=section, seed=0, progress=quiet)


def test_image_timm__weights_of_a_folder(digits: MemorySource, tmp_path: Path) -> None:
    need_timm()
    section = EncoderSection(model=str(random_weights(tmp_path)), device="cpu")
    assert ImageTimmEncoder().obstacle(section) == ""
    vectors = ImageTimmEncoder().fit(digits, section=section, seed=0, progress=quiet).transform(digits, 0, 5)
    assert vectors.shape == (5, 512)
    assert np.isfinite(vectors).all()
