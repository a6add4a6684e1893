"""Real imbalanced pools to simulate labelling on, each with a balanced held-out set; a seed draws them.

The pools beyond scikit-learn's digits need the folder of real data: GOLDPAN_DATA, else `../shared/data`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from app.simulation.pools import LabelledItems, LabelledPool, SeekScores, long_tail, profile
from benchmarks.text_vectors import TextVectors, banking_vectors
from strategies.contract import FloatArray, IntArray

NEEDLES, NEEDLE_ITEMS, LARGE_CLASSES = 12, 5, 6
"""Of the needles pool: how many classes are needles, how many items each has, and what the rest is joined to."""


@dataclass(frozen=True)
class BenchmarkPool:
    """A pool of the benchmark.

    Attributes:
        draw: makes it from a seed.
        labels: how many labels one run may ask for.
        effort_labels: how many margin may ask for where pages are compared with it: enough to come to 95 % of
            the whole pool's model.
        needs_data: whether it needs the folder of real data.
    """

    draw: Callable[[int], LabelledPool]
    labels: int
    effort_labels: int
    needs_data: bool = True


def data_folder() -> Path:
    """Return the folder of real data: GOLDPAN_DATA, else ../shared/data beside the repository."""
    return Path(
        os.environ.get("GOLDPAN_DATA") or Path(__file__).resolve().parents[1].parent / "shared" / "data"
    )


def digits_pool(seed: int) -> LabelledPool:
    """Draw from scikit-learn's digits, with class sizes from 140 down to 5.

    Args:
        seed: draws everything.
    """
    digits = load_digits()
    vectors, truth = (digits.data / 16.0).astype(np.float32), digits.target.astype(np.int64)
    items = LabelledItems("digits", vectors, truth, tuple("0123456789"))
    return long_tail(items, ratio=28.0, largest=140, held_out_each=30, seed=seed)


def mnist_pool(seed: int) -> LabelledPool:
    """Draw from MNIST a long tail of ratio 100, as 64 principal components of the pixels.

    Args:
        seed: draws everything.
    """
    return long_tail(mnist_items(data_folder()), ratio=100.0, largest=1_500, held_out_each=100, seed=seed)


def sdss_pool(seed: int) -> LabelledPool:
    """Draw from SDSS: magnitudes and colours, standardised; quasars thinned to 1 %.

    Args:
        seed: draws everything.
    """
    items = sdss_items(data_folder())
    return profile(items, (2_700, 2_250, 50), held_out_each=400, shuffle=False, seed=seed)


def htru2_pool(seed: int) -> LabelledPool:
    """Draw from HTRU2: eight measurements, standardised; pulsars thinned to 1 %.

    Args:
        seed: draws everything.
    """
    return profile(_htru2(data_folder()), (4_950, 50), held_out_each=500, shuffle=False, seed=seed)


def banking_pool(seed: int) -> LabelledPool:
    """Draw from BANKING77's MiniLM vectors a long tail of ratio 50; the class names may be sought.

    Args:
        seed: draws everything.
    """
    texts = banking_vectors(data_folder())
    everyone = np.arange(len(texts.class_names), dtype=np.int64)
    items = _text_items("banking77", texts, everyone, texts.class_names, texts.name_vectors)
    return long_tail(items, ratio=50.0, largest=150, held_out_each=40, seed=seed)


def needles_pool(seed: int) -> LabelledPool:
    """Draw from BANKING77: twelve classes of five items in thousands of texts of six large classes.

    The other 65 classes are joined to six by the likeness of their names, a class' name being the mean of its
    parts' names. All 18 names may be sought.

    Args:
        seed: draws everything.
    """
    texts = banking_vectors(data_folder())
    count = len(texts.class_names)
    needles = np.sort(np.random.default_rng([seed, 1]).permutation(count)[:NEEDLES])
    others = np.setdiff1d(np.arange(count), needles)
    groups = KMeans(LARGE_CLASSES, n_init=4, random_state=seed).fit_predict(texts.name_vectors[others])
    joined = np.empty(count, np.int64)
    joined[needles], joined[others] = np.arange(NEEDLES), NEEDLES + groups
    means = [texts.name_vectors[joined == index].mean(axis=0) for index in range(NEEDLES + LARGE_CLASSES)]
    names = [texts.class_names[index] for index in needles]
    names += [f"large class {number + 1}" for number in range(LARGE_CLASSES)]
    items = _text_items("needles", texts, joined, tuple(names), np.stack(means))
    sizes = [NEEDLE_ITEMS] * NEEDLES + [items.truth.size] * LARGE_CLASSES
    pool = profile(items, sizes, held_out_each=40, shuffle=False, seed=seed)
    return replace(pool, rare=tuple(range(NEEDLES)))


POOLS: dict[str, BenchmarkPool] = {
    "digits": BenchmarkPool(digits_pool, labels=200, effort_labels=400, needs_data=False),
    "mnist": BenchmarkPool(mnist_pool, labels=500, effort_labels=1_000),
    "sdss": BenchmarkPool(sdss_pool, labels=300, effort_labels=600),
    "htru2": BenchmarkPool(htru2_pool, labels=200, effort_labels=400),
    "banking77": BenchmarkPool(banking_pool, labels=1_000, effort_labels=1_000),
    "needles": BenchmarkPool(needles_pool, labels=100, effort_labels=100),
}
"""All pools; the first five are compared by labels and area, the needles by what was found."""


@lru_cache(maxsize=2)
def draw(name: str, seed: int) -> LabelledPool:
    """Draw a pool and keep the last two, since many runs share one.

    Args:
        name: one of POOLS.
        seed: draws everything.
    """
    return POOLS[name].draw(seed)


@cache
def mnist_items(folder: Path) -> LabelledItems:
    """Return 20,000 images of MNIST as 64 principal components.

    Args:
        folder: where mnist_train.parquet lies.
    """
    table = pd.read_parquet(folder / "mnist_train.parquet").sample(20_000, random_state=0)
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(image))).ravel() for image in table["image"]])
    vectors = PCA(64, random_state=0).fit_transform(pixels.astype(np.float32) / 255.0).astype(np.float32)
    truth = table["label"].astype(int).to_numpy().astype(np.int64)
    return LabelledItems("mnist", vectors, truth, tuple("0123456789"))


@cache
def sdss_items(folder: Path) -> LabelledItems:
    """Return SDSS' objects: magnitudes and colours, standardised.

    Args:
        folder: where sdss.csv lies.
    """
    table = pd.read_csv(folder / "sdss.csv")
    bands = table[list("ugriz")].to_numpy(float)
    columns = np.hstack([bands, bands[:, :-1] - bands[:, 1:]])
    names = ("GALAXY", "STAR", "QSO")
    truth = np.asarray([names.index(name) for name in table["class"]], np.int64)
    return LabelledItems("sdss", _standardised(columns), truth, names)


@cache
def _htru2(folder: Path) -> LabelledItems:
    table = pd.read_csv(folder / "htru2.csv")
    truth = (table["Class"] != "noise").to_numpy().astype(np.int64)
    return LabelledItems(
        "htru2", _standardised(table.iloc[:, 1:9].to_numpy(float)), truth, ("noise", "pulsar")
    )


def _text_items(
    name: str, texts: TextVectors, joined: IntArray, class_names: tuple[str, ...], meant: FloatArray
) -> LabelledItems:
    """Return the texts with their classes joined, and the cosines of the names as what could be sought."""
    sought = meant / np.linalg.norm(meant, axis=1, keepdims=True)
    lengths = np.linalg.norm(texts.vectors, axis=1, keepdims=True)
    scores = (texts.vectors / np.maximum(lengths, 1e-12)) @ sought.T
    points = (sought * np.sqrt(sought.shape[1])).astype(np.float32)
    seeds = SeekScores(scores.astype(np.float32), np.arange(len(class_names), dtype=np.int64), points)
    return LabelledItems(
        name, texts.vectors, joined[texts.truth], class_names, seeds,
        held_out=texts.held_out, held_out_truth=joined[texts.held_out_truth],
    )  # fmt: skip


def _standardised(columns: npt.NDArray[np.float64]) -> FloatArray:
    return ((columns - columns.mean(0)) / columns.std(0)).astype(np.float32)
