"""How much of the pool each label stands for: a label counts by it beside the others of its class.

Labels are not drawn at random from the pool: a strategy asks where classes meet and where something rare is looked for,
and a head trained on them as they come takes the pool to be as they are. A label's share of the pool, the items that
have no nearer label, puts that right (Loog 2012, "Nearest neighbor-based importance weighting"; Farquhar, Gal &
Rainforth 2021, "On statistical bias in active learning").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from models.devices import fixed_threads
from models.errors import TrainingSetError
from models.extensions import Weighted
from models.heads.contract import TrainingSet
from models.heads.scaling import spaced_rows

MOST = 2.0
"""Most that a label counts beside the others of its class, as a multiple of their mean: a wrong label that stands alone
in a wide region must not decide for all of it."""

ROWS, CHUNK = 4096, 1024
"""Rows of the pool that are looked at, evenly spaced, and how many at once."""


class WeighByShare:
    """An extension (`models.extensions.Extension`) that adds no rows: it weighs labels by `TrainingSet.shares`."""

    def __call__(self, training: TrainingSet, weights: torch.Tensor, *, alone: bool) -> Weighted:
        """Weigh the labels; see `models.extensions.Extension`. A class as a whole counts as much as before.

        Args:
            training: the labels and their shares; without these nothing changes; not changed.
            weights: (members, m).
            alone: makes no difference.
        """
        if training.shares is None:
            return training, weights
        factors = factors_in_class(training.shares, training.labels)
        return training, weights * torch.from_numpy(factors).to(weights)


def label_shares(
    labelled: npt.NDArray[np.floating], pool: npt.NDArray[np.floating], *, rows: int = ROWS
) -> npt.NDArray[np.float32]:
    """Count, for each label, the items of a pool to which no other label is nearer; labels of one place share them.

    Args:
        labelled: (m, d) vectors of the labelled items.
        pool: (n, d) float16 or float32 vectors, often a memory map; rows of zeros (unreadable items) are left out.
        rows: how many rows of the pool are read at most.

    Returns:
        (m,) float32, 1 or more: the count of the rows read, and 1 for the label itself.

    Raises:
        TrainingSetError: vectors of the pool that were read hold NaN or infinite numbers.
    """
    read = np.asarray(pool[spaced_rows(len(pool), rows)], dtype=np.float32)
    if not np.isfinite(read).all():
        raise TrainingSetError("the pool's vectors hold NaN or infinite numbers; write the vectors again")
    places, place_of = np.unique(np.asarray(labelled, np.float32), axis=0, return_inverse=True)
    place_of = place_of.reshape(-1)  # NumPy 2.0 returned it as a column
    items = np.bincount(_nearest(read[read.any(axis=1)], places), minlength=len(places))
    together = np.bincount(place_of, minlength=len(places))
    return np.asarray(1.0 + (items / together)[place_of], np.float32)


def factors_in_class(
    shares: npt.NDArray[np.floating], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Turn shares into what each label counts beside the others of its class.

    Args:
        shares: (m,) above 0.
        labels: (m,) class indices.

    Returns:
        (m,) float32 of mean 1 in every class; before that is seen to, none is above `MOST`.
    """
    factors = np.asarray(shares, np.float64)
    factors = np.minimum(factors / _class_means(factors, labels), MOST)
    return np.asarray(factors / _class_means(factors, labels), np.float32)


def _class_means(values: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    sums, counts = np.bincount(labels, weights=values), np.bincount(labels)
    return np.asarray((sums / np.maximum(counts, 1))[labels])


def _nearest(items: npt.NDArray[np.float32], places: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    if not len(places):
        return np.zeros(0, np.int64)
    middle = places.mean(axis=0)  # far from the origin the products below would cancel in float32
    centred = torch.from_numpy(places - middle)
    lengths = centred.square().sum(dim=1)
    found = np.zeros(len(items), np.int64)
    with fixed_threads(), torch.inference_mode():
        for start in range(0, len(items), CHUNK):
            part = torch.from_numpy(items[start : start + CHUNK] - middle)
            found[start : start + CHUNK] = (lengths - 2 * part @ centred.T).argmin(dim=1).numpy()
    return found
