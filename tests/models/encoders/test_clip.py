"""Images beside words, by a tiny network of random weights."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from config.schema import EncoderSection
from models.encoders.contract import SeekEncoder
from models.encoders.image_clip import ImageClipEncoder
from models.encoders.seek import open_seek_encoder
from models.errors import EncoderUnavailableError
from tests.models.encoders.sources import make_source, random_clip

if find_spec("transformers") is None:
    pytest.skip("the package transformers is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def section(tmp_path_factory: pytest.TempPathFactory) -> EncoderSection:
    return EncoderSection(model=str(random_clip(tmp_path_factory.mktemp("clip"))), device="cpu", batch_size=4)


@pytest.fixture(scope="module")
def opened(section: EncoderSection) -> SeekEncoder:
    return open_seek_encoder(make_source("image", 3), section=section, seed=0, encoder="image_clip")


def quiet(share: float, text: str) -> None:
    """Progress that nobody looks at."""


def test_encode_texts__words_lie_in_the_space_of_the_images(
    section: EncoderSection, opened: SeekEncoder
) -> None:
    source = make_source("image", 6)
    fitted = ImageClipEncoder().fit(source, section=section, seed=0, progress=quiet)
    images, words = fitted.transform(source, 0, 6), opened.encode_texts(["a ring galaxy", "a star"] * 3)
    assert images.shape == words.shape == (6, 12)
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), np.sqrt(12), rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(words, axis=1), np.sqrt(12), rtol=1e-4)


def test_encode_texts__a_text_is_the_same_alone_and_among_others(opened: SeekEncoder) -> None:
    texts = ["star", "a much longer description of a galaxy", "x", "", "moon", "sun", "star"]
    together = opened.encode_texts(texts)
    np.testing.assert_allclose(together[:1], opened.encode_texts(["star"]), atol=1e-4)
    np.testing.assert_allclose(together[0], together[6], atol=1e-4)
    assert np.linalg.norm(together[0] - together[4]) > 1e-3
    assert not together[3].any()


@pytest.mark.parametrize("text", ["漢字", "🙂", "x " * 5000, "\x00"])
def test_encode_texts__odd_words_are_finite(opened: SeekEncoder, text: str) -> None:
    assert np.isfinite(opened.encode_texts([text])).all()


def test_fit__weights_that_are_not_there_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for model in (None, "nobody/no-such-model", str(tmp_path / "nothing")):
        section = EncoderSection(model=model, device="cpu")
        assert "neither a folder nor in the local cache" in ImageClipEncoder().obstacle(section)
        with pytest.raises(EncoderUnavailableError, match=r"HF_HUB_OFFLINE.*image_ssl"):
            ImageClipEncoder().fit(make_source("image", 2), section=section, seed=0, progress=quiet)


def test_fit__damaged_weights_say_what_to_do(section: EncoderSection, tmp_path: Path) -> None:
    folder = random_clip(tmp_path)
    (folder / "model.safetensors").write_bytes(b"cut")
    damaged = section.model_copy(update={"model": str(folder)})
    with pytest.raises(EncoderUnavailableError, match=r"cannot be loaded.*image_ssl"):
        ImageClipEncoder().fit(make_source("image", 2), section=damaged, seed=0, progress=quiet)


def test_fit__weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    BertModel(config).save_pretrained(tmp_path)
    section = EncoderSection(model=str(tmp_path), device="cpu")
    with pytest.raises(EncoderUnavailableError, match=r"kind 'bert', 'clip' is wanted.*image_ssl"):
        ImageClipEncoder().fit(make_source("image", 2), section=section, seed=0, progress=quiet)


def test_fit__weights_that_lack_a_layer_are_refused(section: EncoderSection, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = random_clip(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    lacking = section.model_copy(update={"model": str(folder)})
    with pytest.raises(EncoderUnavailableError, match="1 of the network's weights are not in the file"):
        ImageClipEncoder().fit(make_source("image", 2), section=lacking, seed=0, progress=quiet)
