"""Near-duplicates: items far closer to each other than items around them usually are.

How close is that? Where the K neighbours of an item lie around it by chance, evenly over so small a region, the share
(r / R)^m of the nearest one's distance r in that of the K-th, R, is the least of K − 1 even draws: P(share < u) =
1 − (1 − u)^(K − 1), m being the dimension that the vectors really fill (Levina and Bickel 2005, "Maximum Likelihood
Estimation of Intrinsic Dimension"; the ratio of neighbours alone, whatever the density: Facco et al. 2017). So each
item has a probability that its nearest neighbour is so near by chance; the procedure of Benjamini and Hochberg (1995)
over all of them sets how near counts, as a share of R, so that few of those named are chance. The scale goes along with
the density: a dense region is not taken for copies, a sparse one does not hide them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.neighbourhoods import Neighbourhoods

FALSE_SHARE = 0.01
"""Of the items that have a near-duplicate, so many may be chance."""

MOST_RATIO = 0.5
"""Nothing farther than this share of the distance to the K-th neighbour counts, whatever the distances say."""

LEAST_SCALE = 0.01
"""An item among K copies and more has no neighbour that tells the scale: this share of the usual distance does."""

FEWEST_NEIGHBOURS = 4
"""With fewer neighbours nothing tells what is usual; then only equal vectors count."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NearDuplicates:
    """Which items are nearly the same. n items.

    Attributes:
        groups: (n,) int64; the number of an item's group, from 0 in the order of first items; −1 where it is alone.
        distances: (n,) float32; to the nearest other item of the group; NaN where it is alone.
        ratio: how near counts, as a share of the distance to the last neighbour; 0 where only equal vectors do.
        dimension: how many dimensions the vectors fill where the items are; NaN where it cannot be told.
    """

    groups: IntArray
    distances: npt.NDArray[np.float32]
    ratio: float
    dimension: float


def near_duplicates(neighbours: Neighbourhoods, *, ratio: float | None = None) -> NearDuplicates:
    """Find groups of items that are nearly the same.

    Two items belong together where they are neighbours and nearer than the threshold of both; a group is all that are
    linked so, over others too.

    Args:
        neighbours: of the items.
        ratio: how near counts, as a share of the distance to the last neighbour; None to choose it from the distances.

    Raises:
        ValueError: the ratio is not between 0 and 1.
    """
    if ratio is not None and not 0 <= ratio <= 1:
        raise ValueError(f"the ratio is {ratio}; give a share of the usual distance, from 0 to 1")
    dimension = fill_dimension(neighbours)
    if ratio is None:
        ratio = chosen_ratio(neighbours, dimension)
    n = len(neighbours.places)
    limits = ratio * _scales(neighbours)
    near = neighbours.distances <= np.minimum(limits[:, None], limits[neighbours.places])
    near |= neighbours.distances == 0
    first, column = np.nonzero(near)
    groups = linked_groups(first, neighbours.places[first, column], count=n)
    distances = np.full(n, np.nan, np.float32)
    apart = neighbours.distances[first, column]
    distances[first[::-1]] = apart[::-1]
    # A neighbour that has an item among its own neighbours, but is not among that item's, has its distance from there.
    other = neighbours.places[first, column]
    missing = np.isnan(distances[other])
    order = np.argsort(-apart[missing], kind="stable")
    distances[other[missing][order]] = apart[missing][order]
    return NearDuplicates(groups, distances, float(ratio), dimension)


def fill_dimension(neighbours: Neighbourhoods) -> float:
    """Return how many dimensions the vectors fill around the items, at least 1; NaN where it cannot be told.

    From the outer half of the neighbours alone, so that copies do not count: the expected logarithm of the K-th
    distance over the j-th is the sum of 1/i for i from j to K − 1, divided by the dimension.
    """
    if neighbours.count < FEWEST_NEIGHBOURS:
        return float("nan")
    middle = neighbours.count // 2
    outer, inner = neighbours.distances[:, -1], neighbours.distances[:, middle - 1]
    told = (inner > 0) & (outer > inner)
    if not told.any():
        return float("nan")
    spread = float(np.log(outer[told].astype(np.float64) / inner[told]).mean())
    return max(1.0, float((1 / np.arange(middle, neighbours.count)).sum()) / spread)


def chosen_ratio(neighbours: Neighbourhoods, dimension: float) -> float:
    """Return how near counts, as a share of the distance to the last neighbour; 0 where nothing is nearer than chance.

    Args:
        neighbours: of the items.
        dimension: from `fill_dimension`.
    """
    if neighbours.count < FEWEST_NEIGHBOURS or np.isnan(dimension):
        return 0.0
    draws = neighbours.count - 1
    nearest = neighbours.distances[:, 0].astype(np.float64) / np.maximum(_scales(neighbours), 1e-300)
    shares = np.sort(np.clip(nearest, 0, 1))
    chances = -np.expm1(draws * np.log1p(-np.minimum(shares**dimension, 1 - 1e-16)))
    allowed = FALSE_SHARE * np.arange(1, len(shares) + 1) / len(shares)
    kept = np.flatnonzero(chances <= allowed)
    if not len(kept):
        return 0.0
    # Not the farthest nearest neighbour that passed, but all that passes: within a group there are farther ones.
    passed = -np.expm1(np.log1p(-allowed[kept[-1]]) / draws)
    return float(min(passed ** (1 / dimension), MOST_RATIO))


def linked_groups(first: IntArray, second: IntArray, *, count: int) -> IntArray:
    """Return (count,) int64: the number of each item's group, in the order of first items; −1 where nothing links it.

    Args:
        first: (e,) int64; items that are linked, with
        second: (e,) int64; those that they are linked to.
        count: how many items there are.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not count:
        return np.empty(0, np.int64)
    edges = coo_array((np.ones(len(first), np.bool_), (first, second)), shape=(count, count))
    found = connected_components(edges, directed=False)[1].astype(np.int64)
    alone = np.bincount(found, minlength=1)[found] < 2 if count else np.zeros(0, np.bool_)
    groups = np.full(count, -1, np.int64)
    kept = np.flatnonzero(~alone)
    # scipy numbers components in an order of its own.
    _, start, place = np.unique(found[kept], return_index=True, return_inverse=True)
    groups[kept] = np.argsort(np.argsort(start, kind="stable"), kind="stable")[place]
    return groups


def _scales(neighbours: Neighbourhoods) -> FloatArray:
    """Return (n,) float64; how far apart items usually are around each, never less than a share of what is usual."""
    if not neighbours.count:
        return np.zeros(len(neighbours.places))
    farthest = neighbours.farthest.astype(np.float64)
    return np.maximum(farthest, LEAST_SCALE * float(np.median(farthest)))
