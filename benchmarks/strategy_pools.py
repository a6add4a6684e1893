"""Real imbalanced pools to simulate labelling on, each with a balanced held-out set; a seed draws them.

The pools beyond scikit-learn's digits need the folder of real data: GOLDPAN_DATA, else `../shared/data`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from strategies.contract import FloatArray, IntArray


@dataclass(frozen=True)
class SimulatedPool:
    """A pool with its hidden truth and a balanced held-out set.

    Attributes:
        name: short name, as in the figures.
        vectors: (n, d) float32.
        truth: (n,) int64 class of each item, hidden from the strategy.
        held_out: (t, d) float32.
        held_out_truth: (t,) int64.
        labels: how many labels one run may ask for.
    """

    name: str
    vectors: FloatArray
    truth: IntArray
    held_out: FloatArray
    held_out_truth: IntArray
    labels: int


def tail_sizes(largest: int, ratio: float, classes: int) -> list[int]:
    """Return class sizes that fall geometrically from the largest to the largest over the ratio."""
    return [max(1, round(largest * ratio ** (-place / (classes - 1)))) for place in range(classes)]


def data_folder() -> Path:
    """Return the folder of real data: GOLDPAN_DATA, else ../shared/data beside the repository."""
    return Path(
        os.environ.get("GOLDPAN_DATA") or Path(__file__).resolve().parents[1].parent / "shared" / "data"
    )


def split_pool(
    name: str,
    vectors: FloatArray,
    truth: IntArray,
    *,
    sizes: Sequence[int],
    test_each: int,
    labels: int,
    seed: int,
    shuffle_sizes: bool = True,
) -> SimulatedPool:
    """Hold out a balanced set, then thin the rest to a pool of the given class sizes.

    Args:
        name: the pool's short name.
        vectors: (n, d) float32 of all items.
        truth: (n,) classes of all items, 0 to len(sizes) - 1.
        sizes: items wanted of each class.
        test_each: items held out of each class.
        labels: how many labels one run may ask for.
        seed: draws everything.
        shuffle_sizes: whether the seed decides which class gets which size.
    """
    generator = np.random.default_rng(seed)
    held = np.concatenate(
        [generator.permutation(np.flatnonzero(truth == label))[:test_each] for label in range(len(sizes))]
    )
    rest = np.setdiff1d(np.arange(truth.size), held)
    order = generator.permutation(len(sizes)) if shuffle_sizes else np.arange(len(sizes))
    parts = [
        generator.permutation(rest[truth[rest] == label])[: sizes[place]] for place, label in enumerate(order)
    ]
    rows = generator.permutation(np.concatenate(parts))
    return SimulatedPool(name, vectors[rows], truth[rows], vectors[held], truth[held], labels)


def digits_pool(seed: int) -> SimulatedPool:
    """scikit-learn's digits with class sizes from 140 down to 5."""
    digits = load_digits()
    return split_pool(
        "digits",
        (digits.data / 16.0).astype(np.float32),
        digits.target.astype(np.int64),
        sizes=tail_sizes(140, 28.0, 10),
        test_each=30,
        labels=200,
        seed=seed,
    )


def sdss_pool(seed: int) -> SimulatedPool:
    """SDSS magnitudes and colours, standardised; quasars thinned to 1 %."""
    table = pd.read_csv(data_folder() / "sdss.csv")
    bands = table[list("ugriz")].to_numpy(float)
    columns = np.hstack([bands, bands[:, :-1] - bands[:, 1:]])
    names = ["GALAXY", "STAR", "QSO"]
    truth = np.asarray([names.index(name) for name in table["class"]], np.int64)
    return split_pool(
        "sdss",
        _standardised(columns),
        truth,
        sizes=(2_700, 2_250, 50),
        test_each=400,
        labels=300,
        seed=seed,
        shuffle_sizes=False,
    )


def htru2_pool(seed: int) -> SimulatedPool:
    """HTRU2's eight measurements, standardised; pulsars thinned to 1 %."""
    table = pd.read_csv(data_folder() / "htru2.csv")
    truth = (table["Class"] != "noise").to_numpy().astype(np.int64)
    columns = table.iloc[:, 1:9].to_numpy(float)
    return split_pool(
        "htru2",
        _standardised(columns),
        truth,
        sizes=(4_950, 50),
        test_each=500,
        labels=200,
        seed=seed,
        shuffle_sizes=False,
    )


def mnist_pool(seed: int) -> SimulatedPool:
    """MNIST as a long tail of ratio 100, 64 principal components of the pixels."""
    vectors, truth = _mnist()
    return split_pool(
        "mnist", vectors, truth, sizes=tail_sizes(1_500, 100.0, 10), test_each=100, labels=300, seed=seed
    )


POOLS: dict[str, Callable[[int], SimulatedPool]] = {
    "digits": digits_pool,
    "sdss": sdss_pool,
    "htru2": htru2_pool,
    "mnist": mnist_pool,
}


@cache
def _mnist() -> tuple[FloatArray, IntArray]:
    table = pd.read_parquet(data_folder() / "mnist_train.parquet").sample(20_000, random_state=0)
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(image))).ravel() for image in table["image"]])
    vectors = PCA(64, random_state=0).fit_transform(pixels.astype(np.float32) / 255.0).astype(np.float32)
    return vectors, table["label"].astype(int).to_numpy().astype(np.int64)


def _standardised(columns: npt.NDArray[np.float64]) -> FloatArray:
    return ((columns - columns.mean(0)) / columns.std(0)).astype(np.float32)
