"""Both text encoders: what the contract test does not cover."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from config.schema import EncoderSection
from models.encoders.text_tfidf import TextTfidfEncoder
from models.encoders.text_transformer import TextTransformerEncoder
from models.errors import EncoderInputError, EncoderUnavailableError
from tests.models.encoders.sources import text_source

SECTION = EncoderSection(dimensions=8, device="cpu")
PAIRS = ("my card got lost", "I lost my card", "what is the exchange rate", "the rate of exchange please")


def quiet(share: float, text: str) -> None:
    """Progress that nobody looks at."""


def encode_tfidf(texts: list[str]) -> np.ndarray:
    source = text_source(texts)
    return (
        TextTfidfEncoder()
        .fit(source, section=SECTION, seed=0, progress=quiet)
        .transform(source, 0, len(texts))
    )


def test_text_tfidf__like_texts_are_near() -> None:
    vectors = encode_tfidf(list(PAIRS) * 20)
    assert np.linalg.norm(vectors[0] - vectors[1]) < np.linalg.norm(vectors[0] - vectors[2])


def test_text_tfidf__finds_a_misspelt_word_by_its_letters() -> None:
    vectors = encode_tfidf(
        [*["transfer money", "pending balance", "verify identity"] * 20, "tranfser moneyy"]
    )
    gaps = np.linalg.norm(vectors[:3] - vectors[-1], axis=1)
    assert gaps.argmin() == 0


@pytest.mark.parametrize("texts", [[""], ["", "", ""], ["   ", "\n"]])
def test_text_tfidf__texts_without_any_term_give_zeros(texts: list[str]) -> None:
    assert not encode_tfidf(texts).any()


@pytest.mark.parametrize("text", ["漢字を書く", "🙂🙂🙂 🎉", "\x00\x01 nul", "x" * 500_000, "a"])
def test_text_tfidf__odd_texts(text: str) -> None:
    vectors = encode_tfidf([text, *PAIRS])
    assert np.isfinite(vectors).all()


def test_text_tfidf__nothing_readable_is_refused() -> None:
    with pytest.raises(EncoderInputError, match="none of the 2 texts"):
        TextTfidfEncoder().fit(
            text_source(["a", "b"], unreadable=(0, 1)), section=SECTION, seed=0, progress=quiet
        )


def test_text_transformer__missing_weights_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers is not installed")
    section = EncoderSection(model=str(tmp_path), device="cpu")
    with pytest.raises(EncoderUnavailableError, match=r"cannot be loaded.*text_tfidf"):
        TextTransformerEncoder().fit(text_source(PAIRS), section=section, seed=0, progress=quiet)


def test_text_transformer__without_the_package_says_what_to_install() -> None:
    if find_spec("sentence_transformers") is not None:
        pytest.skip("sentence-transformers is installed here")
    with pytest.raises(EncoderUnavailableError, match=r"pip install 'goldpan\[text\]'.*text_tfidf"):
        TextTransformerEncoder().fit(text_source(PAIRS), section=SECTION, seed=0, progress=quiet)


def test_text_transformer__meaning_is_near_and_length_is_even() -> None:
    if TextTransformerEncoder().obstacle(SECTION):
        pytest.skip(TextTransformerEncoder().obstacle(SECTION))
    texts = ["my card was stolen", "somebody took my debit card", "how old must I be", *PAIRS[:1] * 2]
    source = text_source(texts)
    fitted = TextTransformerEncoder().fit(source, section=SECTION, seed=0, progress=quiet)
    vectors = fitted.transform(source, 0, 5)
    assert np.linalg.norm(vectors[0] - vectors[1]) < np.linalg.norm(vectors[0] - vectors[2])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), np.sqrt(fitted.dimensions), rtol=1e-4)
    np.testing.assert_array_equal(vectors[3], vectors[4])
