from __future__ import annotations

import numpy as np

from app.simulation.pools import LabelledItems, LabelledPool, profile


def blobs(sizes: tuple[int, ...] = (120, 60, 30), *, dimensions: int = 4, seed: int = 0) -> LabelledItems:
    """Well separated clouds, one a class."""
    generator = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes).astype(np.int64)
    centres = generator.normal(size=(len(sizes), dimensions)) * 6
    vectors = centres[truth] + generator.normal(size=(truth.size, dimensions))
    names = tuple(f"class {index}" for index in range(len(sizes)))
    return LabelledItems("blobs", vectors.astype(np.float32), truth, names)


def small_pool(seed: int = 0) -> LabelledPool:
    """Eighty items of three classes, the last one rare."""
    return profile(blobs(), (50, 26, 4), seed=seed, held_out_each=10, shuffle=False)
