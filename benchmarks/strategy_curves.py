"""How fast each strategy teaches a model on real imbalanced pools, simulated from no label at all.

`python -m benchmarks.strategy_curves [--quick] [--json FILE]`. Every strategy labels the same pools, ten items a
round, from no label; the model is the same for all: scikit-learn's logistic regression with balanced class weights. A
list of 60 is asked for and its first 10 are labelled, as happens on the screen. Quality is balanced accuracy on a
balanced held-out set. The pools beyond scikit-learn's digits need the folder of real data: GOLDPAN_DATA, else
`../shared/data`.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from benchmarks.report import benchmark_arguments, report
from strategies.contract import Choice, FloatArray, IntArray, Outcome, PoolState
from strategies.registry import strategies

BATCH = 10
QUEUE = 60
RARE_SHARE = 0.03
START = "+start"


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


@dataclass(frozen=True)
class Run:
    """What one strategy reached on one pool with one seed.

    Attributes:
        curve: balanced accuracy after each round.
        area: mean of the curve.
        met_after: labels until every class of the pool was met; the whole budget plus one batch when never.
        rare: items labelled whose class holds under RARE_SHARE of the pool (or is the rarest).
        strategy_s: mean seconds a choice took.
    """

    curve: tuple[float, ...]
    area: float
    met_after: int
    rare: int
    strategy_s: float


def long_tail(truth: IntArray, sizes: Sequence[int], generator: np.random.Generator) -> IntArray:
    """Return rows of a pool with the given number of items of each class, in drawn order.

    Args:
        truth: (n,) classes.
        sizes: items wanted of class 0, 1, …
        generator: draws the rows, and which class gets which size.
    """
    order = generator.permutation(len(sizes))
    parts = [
        generator.permutation(np.flatnonzero(truth == label))[: sizes[place]]
        for place, label in enumerate(order)
    ]
    return generator.permutation(np.concatenate(parts))


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
) -> SimulatedPool:
    """Hold out a balanced set, then thin the rest to a pool of the given class sizes."""
    generator = np.random.default_rng(seed)
    classes = len(sizes)
    held = np.concatenate(
        [generator.permutation(np.flatnonzero(truth == label))[:test_each] for label in range(classes)]
    )
    rest = np.setdiff1d(np.arange(truth.size), held)
    if classes == len(set(sizes)) and name in FIXED_ORDER:
        parts = [
            generator.permutation(rest[truth[rest] == label])[: sizes[label]] for label in range(classes)
        ]
        rows = generator.permutation(np.concatenate(parts))
    else:
        rows = rest[long_tail(truth[rest], sizes, generator)]
    return SimulatedPool(name, vectors[rows], truth[rows], vectors[held], truth[held], labels)


FIXED_ORDER = {"sdss", "htru2"}


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
        "sdss", _standardised(columns), truth, sizes=(2_700, 2_250, 50), test_each=400, labels=300, seed=seed
    )


def htru2_pool(seed: int) -> SimulatedPool:
    """HTRU2's eight measurements, standardised; pulsars thinned to 1 %."""
    table = pd.read_csv(data_folder() / "htru2.csv")
    truth = (table["Class"] != "noise").to_numpy().astype(np.int64)
    columns = table.iloc[:, 1:9].to_numpy(float)
    return split_pool(
        "htru2", _standardised(columns), truth, sizes=(4_950, 50), test_each=500, labels=200, seed=seed
    )


def mnist_pool(seed: int) -> SimulatedPool:
    """MNIST as a long tail of ratio 100, 64 principal components of the pixels."""
    vectors, truth = _mnist()
    return split_pool(
        "mnist", vectors, truth, sizes=tail_sizes(1_500, 100.0, 10), test_each=100, labels=300, seed=seed
    )


POOLS = {"digits": digits_pool, "sdss": sdss_pool, "htru2": htru2_pool, "mnist": mnist_pool}
_CACHE: dict[str, tuple[FloatArray, IntArray]] = {}


def _mnist() -> tuple[FloatArray, IntArray]:
    if "mnist" not in _CACHE:
        import io

        from PIL import Image

        table = pd.read_parquet(data_folder() / "mnist_train.parquet").sample(20_000, random_state=0)
        pixels = np.stack([np.asarray(Image.open(io.BytesIO(image))).ravel() for image in table["image"]])
        vectors = PCA(64, random_state=0).fit_transform(pixels.astype(np.float32) / 255.0).astype(np.float32)
        _CACHE["mnist"] = vectors, table["label"].astype(int).to_numpy(np.int64)
    return _CACHE["mnist"]


def _standardised(columns: np.ndarray) -> FloatArray:
    return ((columns - columns.mean(0)) / columns.std(0)).astype(np.float32)


class Simulation:
    """One pool being labelled by one strategy; knows what the strategy may know and nothing more."""

    def __init__(self, pool: SimulatedPool, strategy: str, seed: int) -> None:
        self.pool = pool
        self.start_by_density = strategy.endswith(START)
        self.strategy = strategies.get(strategy.removesuffix(START))
        self.start = strategies.get("density" if self.start_by_density else "random")
        self.cold = not self.start_by_density and strategy in {"margin", "entropy", "disagreement"}
        self.seed = seed
        self.met: list[int] = []
        self.labels = np.full(pool.truth.size, -1, np.int64)
        self.outcomes: list[Outcome] = []
        self.model: LogisticRegression | None = None

    def run(self) -> Run:
        """Label until the budget is spent."""
        curve, seconds, met_after, everything = [], [], 0, np.unique(self.pool.truth).size
        for number in range(self.pool.labels // BATCH):
            state = self._state()
            generator = np.random.default_rng([self.seed, number])
            began = time.perf_counter()
            choose = self.start if self.cold and state.probabilities is None else self.strategy
            choice = choose(state, QUEUE, generator)
            seconds.append(time.perf_counter() - began)
            self._label(choice, number)
            if not met_after and len(self.met) == everything:
                met_after = BATCH * (number + 1)
            self._fit()
            curve.append(self._quality())
        return Run(
            tuple(curve),
            float(np.mean(curve)),
            met_after or self.pool.labels + BATCH,
            self._rare(),
            float(np.mean(seconds)),
        )

    def _state(self) -> PoolState:
        k = len(self.met)
        labels = np.full_like(self.labels, -1)
        for index, label in enumerate(self.met):
            labels[self.labels == label] = index
        shared = {
            "vectors": self.pool.vectors,
            "labels": labels,
            "closed": self.labels >= 0,
            "class_names": tuple(f"class {label}" for label in self.met),
            "targets": np.full(k, 1.0 / max(k, 1), np.float32),
            "outcomes": tuple(self.outcomes),
        }
        if self.model is None:
            return PoolState(**shared)
        balanced = np.zeros((labels.size, k), np.float32)
        answer = self.model.predict_proba(self.pool.vectors)
        balanced[:, [self.met.index(label) for label in self.model.classes_]] = answer
        prior, probabilities = estimated_prior(balanced)
        return PoolState(
            **shared,
            probabilities=probabilities,
            balanced_probabilities=balanced,
            disagreement=np.zeros(labels.size, np.float32),
            prior=prior,
        )

    def _label(self, choice: Choice, number: int) -> None:
        for place, row in enumerate(choice.indices[:BATCH]):
            truth = int(self.pool.truth[row])
            if truth not in self.met:
                self.met.append(truth)
            self.labels[row] = truth
            self.outcomes.append(
                Outcome(
                    int(row),
                    choice.kinds[place],
                    self.met.index(truth),
                    int(choice.class_indices[place]),
                    number,
                )
            )

    def _fit(self) -> None:
        rows = np.flatnonzero(self.labels >= 0)
        if np.unique(self.labels[rows]).size < 2:
            return
        self.model = LogisticRegression(class_weight="balanced", max_iter=200)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(self.pool.vectors[rows], self.labels[rows])

    def _quality(self) -> float:
        if self.model is None:
            return 1.0 / np.unique(self.pool.truth).size
        return float(
            balanced_accuracy_score(self.pool.held_out_truth, self.model.predict(self.pool.held_out))
        )

    def _rare(self) -> int:
        counts = np.bincount(self.pool.truth)
        rare = np.flatnonzero((counts < RARE_SHARE * counts.sum()) | (counts == counts.min()))
        return int(np.isin(self.labels, rare).sum())


def estimated_prior(balanced: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the class shares of the pool by expectation maximisation (Saerens et al. 2002) and the probabilities.

    Args:
        balanced: (n, k) probabilities under equal shares.
    """
    prior = np.full(balanced.shape[1], 1.0 / balanced.shape[1], np.float32)
    for _ in range(50):
        joint = balanced * prior
        joint /= np.maximum(joint.sum(1, keepdims=True), 1e-12)
        prior = joint.mean(0)
    return prior, joint
