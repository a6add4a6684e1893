"""Groups of a few thousand vectors by mini-batch k-means (Sculley 2010), the same for the same generator."""

from __future__ import annotations

import warnings

import numpy as np

from strategies.contract import FloatArray, IntArray

BATCH_ROWS = 1_024
PASSES = 20


def cluster(points: FloatArray, count: int, generator: np.random.Generator) -> IntArray:
    """Return the cluster of each point.

    Args:
        points: (m, d) float32, m >= 1; meant for a few thousand.
        count: how many clusters are wanted; copies and empty clusters leave fewer.
        generator: seeds the clustering.

    Returns:
        (m,) int64 numbers of clusters from 0 on, none of them empty.
    """
    count = min(count, points.shape[0])
    scale = float(np.abs(points).max())
    seed = int(generator.integers(2**31))
    if count <= 1 or scale == 0.0:
        return np.zeros(points.shape[0], np.int64)
    # Imported here: what does not cluster need not wait for it.
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    model = MiniBatchKMeans(count, batch_size=BATCH_ROWS, n_init=1, max_iter=PASSES, random_state=seed)
    # Sums over several threads come in any order; one thread keeps the last digit, and so the groups.
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct points than clusters is nothing to warn of here
        found = model.fit_predict(points / np.float32(scale))
    return np.unique(found, return_inverse=True)[1].astype(np.int64)
