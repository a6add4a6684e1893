"""The classifiers of scikit-learn that a configuration may name, ready for few and unequal labels.

A fixed list: no import path of a configuration is followed. All run on one thread and take a seed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

Matrix = npt.NDArray[np.float64]

LEAST = 0.01
"""Share of the even distribution mixed into every answer: no class is ever ruled out by a forest's silence."""

PAIR_SLOPE = 3.0
"""Log odds between two classes at a margin of 1, before the temperature."""

GP_SCALE = 2.0
"""Length scale of the Gaussian process's kernel, in typical distances between vectors' entries times √d."""


FOREST_BYTES = 128_000_000
"""Memory a member's forest may take, about: with 1,000 classes a tree of 1,000 labels takes 16 MB."""


@dataclass(frozen=True)
class Shape:
    """What a classifier will be fitted on.

    Attributes:
        labels: rows.
        dimensions: columns.
        classes: classes among the rows.
    """

    labels: int
    dimensions: int
    classes: int


@dataclass(frozen=True)
class Estimator:
    """A classifier on the list.

    Attributes:
        make: `(shape, seed) -> classifier`, not yet fitted.
        weighted: whether `fit` takes weights of labels; where not, labels are drawn by their weight and the shares of
            the drawn ones are divided out of the answer.
        most: rows it is fitted on at most, drawn by their weight; None for all.
        scores: whether its margins between pairs of classes serve as logits; where not, probabilities' logarithms do.
    """

    make: Callable[[Shape, int], ClassifierMixin]
    weighted: bool = True
    scores: bool = False
    most: int | None = None


def _boosting(shape: Shape, seed: int) -> ClassifierMixin:
    leaf = int(np.clip(shape.labels // 20, 1, 20))
    return HistGradientBoostingClassifier(
        max_iter=60, min_samples_leaf=leaf, early_stopping=False, random_state=seed
    )


def _gaussian_process(shape: Shape, seed: int) -> ClassifierMixin:
    # the kernel is fixed: learning it costs a hundred fits and overfits few labels
    kernel = ConstantKernel(10.0) * RBF(GP_SCALE * np.sqrt(shape.dimensions))
    return GaussianProcessClassifier(kernel, optimizer=None, random_state=seed)


def _discriminant(shape: Shape, _seed: int) -> ClassifierMixin:
    if shape.labels == shape.classes:  # one label each has no spread to learn
        return KNeighborsClassifier(1)
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def _trees(shape: Shape) -> int:
    """Return how many trees a forest has: 100, fewer where each node holds a number for each of many classes."""
    return int(np.clip(FOREST_BYTES // (16 * shape.labels * shape.classes), 10, 100))


ESTIMATORS: Mapping[str, Estimator] = {
    "random_forest": Estimator(
        lambda shape, seed: RandomForestClassifier(n_estimators=_trees(shape), n_jobs=1, random_state=seed)
    ),
    "extra_trees": Estimator(
        lambda shape, seed: ExtraTreesClassifier(n_estimators=_trees(shape), n_jobs=1, random_state=seed)
    ),
    "gradient_boosting": Estimator(_boosting),
    "knn": Estimator(
        lambda shape, _: KNeighborsClassifier(min(shape.labels, 5), weights="distance", n_jobs=1),
        weighted=False,
    ),
    "svm_rbf": Estimator(
        lambda _, seed: SVC(C=10.0, decision_function_shape="ovo", random_state=seed), scores=True
    ),
    "gaussian_process": Estimator(_gaussian_process, weighted=False, most=1000),
    "linear_discriminant": Estimator(_discriminant, weighted=False),
    "naive_bayes": Estimator(lambda _shape, _seed: GaussianNB(var_smoothing=1e-2)),
}
"""Name → classifier."""


@dataclass(frozen=True)
class FittedMember:
    """One member of an ensemble of scikit-learn's classifiers.

    Attributes:
        estimator: its entry on the list.
        fitted: the classifier; None where it saw one class alone.
        classes: (c,) int64 indices of the classes it saw, ascending.
        shares: (c,) float64; the class shares to be divided out of its probabilities; all alike where it was
            fitted with weights.
    """

    estimator: Estimator
    fitted: Any
    classes: npt.NDArray[np.int64]
    shares: Matrix

    def logits(self, vectors: npt.NDArray[np.float32], class_count: int) -> npt.NDArray[np.float32]:
        """Compute logits with the class prior taken out.

        Args:
            vectors: (b, d) scaled.
            class_count: k.

        Returns:
            (b, k) float32; 0 for classes it did not see, which the head's mask takes out.
        """
        found = np.zeros((len(vectors), class_count), dtype=np.float32)
        if self.fitted is None:
            return found
        if self.estimator.scores:
            found[:, self.classes] = _joined(self.fitted.decision_function(vectors), len(self.classes))
            return found
        chances = np.asarray(self.fitted.predict_proba(vectors), dtype=np.float64)
        even = (chances + LEAST * self.shares) / self.shares
        found[:, self.classes] = np.log(even / even.sum(axis=1, keepdims=True))
        return found


def fit_member(
    name: str,
    vectors: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    weights: Matrix,
    *,
    balanced: bool,
    seed: int,
) -> FittedMember:
    """Fit one member.

    Args:
        name: a key of `ESTIMATORS`.
        vectors: (m, d) scaled.
        labels: (m,) class indices.
        weights: (m,) not negative, some greater than 0.
        balanced: whether every class weighs the same (only a classifier that takes weights can be told so; the
            prior is taken out of the answer in any case).
        seed: of all chance.
    """
    estimator = ESTIMATORS[name]
    generator = np.random.default_rng(seed)
    rows = np.flatnonzero(weights > 0)
    if not estimator.weighted:
        rows = _drawn(rows, labels, weights, generator, most=estimator.most)
    used, own = labels[rows], weights[rows]
    classes, places = np.unique(used, return_inverse=True)
    if len(classes) == 1:
        return FittedMember(estimator, None, classes, np.ones(1))
    counted = own if estimator.weighted else np.ones(len(own))
    sums: Matrix = np.bincount(places, weights=counted).astype(np.float64)
    made = estimator.make(Shape(len(rows), vectors.shape[1], len(classes)), seed)
    if not estimator.weighted:
        with warnings.catch_warnings():
            # a class with one label has no spread, which scikit-learn warns of for each such class
            warnings.simplefilter("ignore", UserWarning)
            made.fit(vectors[rows], used)
        return FittedMember(estimator, made, classes, sums / sums.sum())
    if balanced or estimator.scores:
        own, sums = own / sums[places], np.ones(len(classes))
    made.fit(vectors[rows], used, sample_weight=own * (len(own) / own.sum()))
    return FittedMember(estimator, made, classes, sums / sums.sum())


def _joined(margins: Matrix, count: int) -> Matrix:
    """Turn margins of pairs of classes into logits: a class's mean margin against the others.

    Args:
        margins: (b,) above 0 for the second of two classes, or (b, pairs) above 0 for the first of a pair.
        count: number of classes.

    Returns:
        (b, count).
    """
    if margins.ndim == 1:
        return np.stack([-margins, margins], axis=1) * (PAIR_SLOPE / 2)
    sums = np.zeros((len(margins), count))
    for column, (first, second) in enumerate(combinations(range(count), 2)):
        sums[:, first] += margins[:, column]
        sums[:, second] -= margins[:, column]
    return sums * (PAIR_SLOPE / count)


def _drawn(
    rows: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    weights: Matrix,
    generator: np.random.Generator,
    *,
    most: int | None,
) -> npt.NDArray[np.int64]:
    """Draw rows by their weight, and one of every class that was missed; equal weights keep all rows, up to `most`."""
    own = weights[rows]
    size = min(len(rows), most or len(rows))
    if np.ptp(own) == 0 and size == len(rows):
        return rows
    drawn = generator.choice(rows, size=size, p=own / own.sum())
    missed = [
        rows[labels[rows] == each][np.argmax(own[labels[rows] == each])]
        for each in np.setdiff1d(labels[rows], labels[drawn])
    ]
    return np.sort(np.concatenate([drawn, np.asarray(missed, dtype=np.int64)]))
