"""How good a layout is: whether neighbours stay neighbours, classes lie together, and a rare class apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

NEAR = 10
JUDGED_ROWS = 2_000
BLOCK_ROWS = 200

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


def judge(
    vectors: FloatArray, places: FloatArray, truth: IntArray, *, rare: int, seed: int = 0
) -> dict[str, float]:
    """Judge a layout by some of its items, each compared with all others.

    Args:
        vectors: (n, d).
        places: (n, 2) the layout.
        truth: (n,) classes; no layout has seen them.
        rare: the rare class; all its items are judged.
        seed: of the draw of the other items.

    Returns:
        `kept`: share of the 10 nearest by vector that are among the 10 nearest on the map; `trust`: trustworthiness
        (Venna and Kaski 2001) of these 10; `accuracy`: share of items whose nearest one on the map has their class;
        `rare`: the same over the rare class alone.
    """
    count = len(vectors)
    some = np.random.default_rng(seed).permutation(count)[:JUDGED_ROWS]
    rows = np.union1d(some, np.flatnonzero(truth == rare))
    near = min(NEAR, (count - 1) // 3)
    kept, intruded, same = np.empty(len(rows)), np.empty(len(rows)), np.empty(len(rows), bool)
    for low in range(0, len(rows), BLOCK_ROWS):
        part = rows[low : low + BLOCK_ROWS]
        apart = _squared(vectors, part)
        shown = _squared(places, part)
        by_vector = np.argpartition(apart, near, axis=1)[:, :near]
        on_map = np.argpartition(shown, near, axis=1)[:, :near]
        for place in range(len(part)):
            at = low + place
            kept[at] = len(np.intersect1d(by_vector[place], on_map[place])) / near
            ranks = 1 + np.searchsorted(np.sort(apart[place]), apart[place][on_map[place]])
            intruded[at] = np.maximum(ranks - near, 0).sum()
        same[low : low + BLOCK_ROWS] = truth[shown.argmin(axis=1)] == truth[part]
    even = np.isin(rows, some)
    worst = near * (2 * count - 3 * near - 1) / 2
    return {
        "kept": float(kept[even].mean()),
        "trust": float(1 - intruded[even].mean() / worst),
        "accuracy": float(same[even].mean()),
        "rare": float(same[truth[rows] == rare].mean()),
    }


def _squared(values: FloatArray, rows: IntArray) -> npt.NDArray[np.float64]:
    """Return (r, n) squared distances of some rows to all; infinite to themselves."""
    wide = np.asarray(values, np.float64)
    squares = np.einsum("nd,nd->n", wide, wide)
    found: npt.NDArray[np.float64] = squares - 2 * wide[rows] @ wide.T + squares[rows][:, None]
    found[np.arange(len(rows)), rows] = np.inf
    return found
