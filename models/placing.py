"""Parts of the better layout: vectors as they are compared, a sample that holds the rare, the rest placed among it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from models.near_rows import fit_centres, nearest_centres
from models.neighbours import RowSearch
from models.projection import principal_axes, row_chunks

MOST_AXES = 128
"""Vectors of more dimensions are compared along so many principal axes."""

COMMON_CENTRES = 256
"""How many centres tell what is common from what is rare."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
Positions = npt.NDArray[np.float64]


class Space:
    """The vectors as they are compared: from their mean, along at most `MOST_AXES` axes."""

    def __init__(self, vectors: npt.NDArray[np.floating], *, seed: int) -> None:
        """Find mean and axes.

        Args:
            vectors: (n, d), often a memory map.
            seed: of the rows they are found from.
        """
        self._vectors = vectors
        mean, axes = principal_axes(vectors, count=MOST_AXES, seed=seed)
        self._mean = mean.astype(np.float32)
        self._axes = axes.astype(np.float32) if vectors.shape[1] > MOST_AXES else None

    def chunks(self, rows: int) -> Iterator[slice]:
        """Yield slices that cover so many rows, to be read one after the other."""
        return row_chunks(rows, self._vectors.shape[1])

    def read(self, rows: IntArray | slice) -> FloatArray:
        """Return (m, k) float32 of some rows."""
        values = np.asarray(self._vectors[rows], np.float32) - self._mean
        return np.asarray(values if self._axes is None else values @ self._axes, np.float32)


def spread_rows(
    space: Space, usable: IntArray, count: int, *, seed: int, progress: Callable[[float], None]
) -> IntArray:
    """Draw the items that are laid out themselves: half evenly, half so that the rare have a larger chance.

    Centres are fitted to items drawn evenly. A quarter of the draw is by squared distance from the nearest centre, a
    quarter the same for each centre, however few items are near it (the terms of k-means coresets, Bachem, Lucic and
    Krause 2017).

    Args:
        space: the vectors.
        usable: (m,) rows to draw from.
        count: how many, less than m.
        seed: of the draw.
        progress: called with the share done.

    Returns:
        (count,) places in `usable`, ascending.
    """
    generator = np.random.default_rng([seed, 1])
    some = np.sort(generator.choice(len(usable), count, replace=False))
    centres = fit_centres(space.read(usable[some]), count=COMMON_CENTRES, seed=seed)
    cells, squared = np.empty(len(usable), np.int64), np.empty(len(usable), np.float32)
    for part in space.chunks(len(usable)):
        progress(part.start / len(usable))
        cells[part], squared[part] = nearest_centres(space.read(usable[part]), centres)
    total = max(float(squared.sum(dtype=np.float64)), 1e-300)
    sizes = np.bincount(cells, minlength=len(centres))
    weights = 0.5 / len(usable) + 0.25 * squared / total + 0.25 / (len(centres) * sizes[cells])
    # The smallest of exponential waiting times: a draw by weight without putting back (Efraimidis and Spirakis 2006).
    waits = generator.exponential(size=len(usable)) / weights
    return np.sort(np.argpartition(waits, count - 1)[:count])


def place_rows(
    space: Space,
    usable: IntArray,
    near: RowSearch,
    layout: Positions,
    *,
    seed: int,
    progress: Callable[[float], None],
) -> Positions:
    """Place each item beside the one that it is most like, of those that were laid out.

    Not on its spot, where one would hide the other, but anywhere within half the way to that one's next on the map. A
    mean over several near ones keeps fewer neighbours: it lies between clusters, where nothing is.

    Args:
        space: the vectors.
        usable: (m,) rows to place.
        near: the vectors that were laid out.
        layout: (f, 2) their places.
        seed: of the spots.
        progress: called with the share done.

    Returns:
        (m, 2) float64.
    """
    from scipy.spatial import cKDTree

    generator = np.random.default_rng([seed, 5])
    reach = 0.5 * cKDTree(layout).query(layout, k=2)[0][:, 1]
    positions = np.empty((len(usable), 2))
    for part in space.chunks(len(usable)):
        progress(part.start / len(usable))
        found = near.nearest(space.read(usable[part]), 1)[0][:, 0]
        apart = reach[found] * np.sqrt(generator.random(len(found)))
        angle = generator.uniform(0, 2 * np.pi, len(found))
        positions[part] = layout[found] + apart[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return positions


def align(layout: Positions, target: Positions) -> Positions:
    """Turn, and if need be mirror, a layout so that it fits other places best (orthogonal Procrustes).

    Args:
        layout: (m, 2).
        target: (m, 2) wanted places; those that are not finite do not count.

    Returns:
        (m, 2), centred on the rows that count.
    """
    known = np.isfinite(target).all(axis=1)
    if not known.any():
        return layout - layout.mean(axis=0)
    centred = layout - layout[known].mean(axis=0)
    wanted = target[known] - target[known].mean(axis=0)
    left, _, right = np.linalg.svd(centred[known].T @ wanted)
    return np.asarray(centred @ (left @ right))
