"""Words among the pool's vectors."""

from __future__ import annotations

import numpy as np
import pytest

from config.errors import GoldpanError
from config.schema import EncoderSection
from models.encoders.contract import SeekEncoder
from models.encoders.registry import encoders
from models.encoders.seek import learns_from_names, open_seek_encoder, seeks_by_words
from models.errors import EncoderInputError
from tests.models.encoders.sources import MemorySource, make_source, text_source

SECTION = EncoderSection(dimensions=16, batch_size=7, device="cpu")
THEMES = ("my card was lost", "the exchange rate is wrong", "transfer to another account", "top up by cheque")
TEXTS = [f"{theme} {extra}" for theme in THEMES for extra in ("today", "please help", "again", "why", "now")]


@pytest.fixture(scope="module", params=["text_tfidf", "text_transformer"])
def opened(request: pytest.FixtureRequest) -> tuple[str, MemorySource, SeekEncoder]:
    obstacle = encoders.get(request.param).obstacle(SECTION)
    if obstacle:
        pytest.skip(f"{request.param}: {obstacle}")
    source = text_source(TEXTS)
    return request.param, source, open_seek_encoder(source, section=SECTION, seed=3, encoder=request.param)


def test_open_seek_encoder__words_lie_where_the_same_items_lie(
    opened: tuple[str, MemorySource, SeekEncoder],
) -> None:
    name, source, words = opened
    vectors = (
        encoders.get(name)
        .fit(source, section=SECTION, seed=3, progress=lambda share, text: None)
        .transform(source, 0, len(source))
    )
    np.testing.assert_allclose(words.encode_texts(TEXTS), vectors, atol=1e-5)


def test_open_seek_encoder__typed_words_are_nearest_to_what_is_meant(
    opened: tuple[str, MemorySource, SeekEncoder],
) -> None:
    _, _, words = opened
    items = words.encode_texts(TEXTS)
    sought = words.encode_texts(["card lost", "exchange rate", "transfer", "cheque"])
    assert sought.shape == (4, words.dimensions)
    assert sought.dtype == np.float32
    lengths = np.linalg.norm(sought, axis=1)[:, None] * np.linalg.norm(items, axis=1)
    nearest = np.argsort(-(sought @ items.T) / lengths, axis=1)[:, 0]
    np.testing.assert_array_equal(nearest // 5, [0, 1, 2, 3])


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_encode_texts__blank_words_are_zeros(
    opened: tuple[str, MemorySource, SeekEncoder], text: str
) -> None:
    assert not opened[2].encode_texts([text]).any()


def test_encode_texts__no_words_at_all(opened: tuple[str, MemorySource, SeekEncoder]) -> None:
    assert opened[2].encode_texts([]).shape == (0, opened[2].dimensions)


@pytest.mark.parametrize("text", ["qzxw vvkjq", "漢字", "🙂", "x" * 30_000, "\x00"])
def test_encode_texts__words_in_no_language_are_finite(
    opened: tuple[str, MemorySource, SeekEncoder], text: str
) -> None:
    found = opened[2].encode_texts([text, "card"])
    assert np.isfinite(found).all()
    assert found[1].any()


def test_open_seek_encoder__an_encoder_without_words_is_refused_before_it_is_fitted() -> None:
    source = make_source("image", 3)
    with pytest.raises(EncoderInputError, match="'image_conv', which knows no words; seek by example"):
        open_seek_encoder(source, section=SECTION, seed=0, encoder="image_conv")


def test_seeks_by_words__of_every_encoder_that_says_so() -> None:
    assert seeks_by_words("text_tfidf")
    assert seeks_by_words("text_transformer")
    assert not seeks_by_words("tabular")
    with pytest.raises(GoldpanError, match="unknown encoder 'texts'"):
        seeks_by_words("texts")


def test_learns_from_names__encoders_of_texts_alone() -> None:
    assert {name for name in encoders.names() if learns_from_names(name)} == {
        "text_tfidf",
        "text_transformer",
    }
    assert seeks_by_words("image_clip")  # whose words lie apart from its images
    with pytest.raises(GoldpanError, match="unknown encoder 'texts'"):
        learns_from_names("texts")
