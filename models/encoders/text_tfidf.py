"""Texts, without weights: words and letter groups counted, weighted by rarity, folded by SVD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from models.encoders.contract import FloatArray, ItemSource, Progress, fit_ranges
from models.errors import EncoderInputError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from config.schema import EncoderSection

FIT_TEXTS = 30_000
MAX_TERMS = 30_000
"""Words at most, and letter groups at most."""

MAX_LETTERS = 20_000
"""Of a longer text the beginning is read."""


KINDS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "word": {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"},
        "char_wb": {"ngram_range": (3, 5), "analyzer": "char_wb"},
    }
)
"""What is counted, by scikit-learn's name of the analyzer: words, and groups of letters within them."""


class Counter(Protocol):
    """What is used of scikit-learn's TfidfVectorizer, which carries no types."""

    def fit(self, texts: list[str]) -> object:
        """Learn the terms."""
        ...

    def transform(self, texts: list[str]) -> csr_matrix:
        """Count them, (b, terms)."""
        ...


@dataclass(frozen=True)
class TextAxes:
    """Counts of terms folded to a few axes; None where the texts hold no term at all.

    Attributes:
        counters: fitted TfidfVectorizers of scikit-learn.
        matrix: (terms, d) float32; the axes, scaled.
    """

    counters: tuple[Counter, ...]
    matrix: FloatArray

    @property
    def dimensions(self) -> int:
        """Length d of the vectors."""
        return int(self.matrix.shape[1])

    def apply(self, texts: Sequence[str]) -> FloatArray:
        """Encode texts.

        Args:
            texts: b texts.

        Returns:
            (b, d) float32; zeros where a text holds no known term.
        """
        if not self.counters or not len(texts):
            return np.zeros((len(texts), self.dimensions), dtype=np.float32)
        return np.asarray(_count(self.counters, texts) @ self.matrix, dtype=np.float32)


@dataclass(frozen=True)
class FittedTextTfidf:
    """Axes learned on the pool's texts.

    Attributes:
        axes: the axes.
    """

    axes: TextAxes

    @property
    def dimensions(self) -> int:
        """Length d of the vectors."""
        return self.axes.dimensions

    def transform(self, source: ItemSource, start: int, stop: int) -> FloatArray:
        """Encode a range of rows.

        Args:
            source: a pool of texts.
            start: first row.
            stop: row after the last.

        Returns:
            (stop - start, d) float32; zeros where the item is unreadable or its text empty.
        """
        vectors = self.axes.apply(source.texts(start, stop))
        vectors[~source.readable[start:stop]] = 0
        return vectors

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Encode words to seek by.

        Args:
            texts: m texts.

        Returns:
            (m, d) float32, in the space of the pool's vectors; zeros where a text holds no term of the pool.
        """
        return self.axes.apply(texts)


class TextTfidfEncoder:
    """TF-IDF of words and letter groups with truncated SVD (latent semantic analysis, Deerwester et al. 1990)."""

    name = "text_tfidf"
    kinds = frozenset({"text"})
    seeks_by_words = True
    learns_from_names = True

    def obstacle(self, section: EncoderSection) -> str:
        """Return "": scikit-learn comes with goldpan."""
        return ""

    def fit(
        self, source: ItemSource, *, section: EncoderSection, seed: int, progress: Progress
    ) -> FittedTextTfidf:
        """Learn terms and axes from up to 30,000 texts.

        Args:
            source: a pool of texts.
            section: dimensions is used.
            seed: of the choice of texts and of the SVD.
            progress: told the share done.

        Returns:
            The encoder.

        Raises:
            EncoderInputError: no text of the pool can be read.
        """
        texts: list[str] = []
        for low, high in fit_ranges(len(source), FIT_TEXTS, seed):
            readable = source.readable[low:high]
            texts.extend(text for text, good in zip(source.texts(low, high), readable, strict=True) if good)
        if not texts:
            raise EncoderInputError(f"none of the {len(source)} texts can be read")
        progress(0.2, "counting words")
        axes = learn_text_axes(texts, dimensions=section.dimensions, seed=seed)
        progress(1.0, "axes learned")
        return FittedTextTfidf(axes)


def learn_text_axes(texts: Sequence[str], *, dimensions: int, seed: int) -> TextAxes:
    """Learn terms and axes from texts.

    Args:
        texts: m texts, m at least 1; any of them may be empty.
        dimensions: axes at most; fewer where there are fewer texts or terms.
        seed: of the SVD.

    Returns:
        The axes, with 1 as root mean square per dimension; one axis of zeros where no text holds a term.
    """
    from sklearn.utils.extmath import randomized_svd

    counters = tuple(counter for counter in _counters(len(texts)) if _fits(counter, texts))
    if not counters:
        return TextAxes((), np.zeros((0, 1), dtype=np.float32))
    counts = _count(counters, texts)
    kept = max(1, min(dimensions, *counts.shape))
    _, _, axes = randomized_svd(counts, n_components=kept, n_iter=4, random_state=seed, flip_sign=False)
    axes *= np.where(axes[np.arange(kept), np.abs(axes).argmax(axis=1)] < 0, -1.0, 1.0)[:, None]
    matrix = axes.T.astype(np.float32)
    size = float(np.sqrt(np.square(counts @ matrix).mean()))
    return TextAxes(counters, matrix / np.float32(size or 1.0))


def revived_counter(analyzer: str, terms: list[str], rarity: FloatArray) -> Counter:
    """Return a counter as it was fitted.

    Args:
        analyzer: "word" or "char_wb".
        terms: its terms, in the order of its columns.
        rarity: (terms,) their inverse document frequencies.

    Raises:
        ValueError: there is no such analyzer, or the lengths differ.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if analyzer not in KINDS:
        raise ValueError(f"the analyzer is {analyzer!r}; allowed are {', '.join(KINDS)}")
    counter = TfidfVectorizer(vocabulary=terms, sublinear_tf=True, dtype=np.float32, **KINDS[analyzer])
    counter.idf_ = rarity
    found: Counter = counter
    return found


def _counters(texts: int) -> tuple[Counter, ...]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    # A term of one text alone says nothing about another; in a tiny pool that would leave no term.
    common = {
        "min_df": 2 if texts >= 50 else 1,
        "max_features": MAX_TERMS,
        "sublinear_tf": True,
        "dtype": np.float32,
    }
    return tuple(TfidfVectorizer(**kind, **common) for kind in KINDS.values())


def _fits(counter: Counter, texts: Sequence[str]) -> bool:
    try:
        counter.fit([text[:MAX_LETTERS] for text in texts])
    except ValueError:
        # scikit-learn's way to say that there is no term: empty texts, or no two alike.
        return False
    return True


def _count(counters: tuple[Counter, ...], texts: Sequence[str]) -> csr_matrix:
    from scipy.sparse import hstack

    cut = [text[:MAX_LETTERS] for text in texts]
    return hstack([counter.transform(cut) for counter in counters], format="csr")
