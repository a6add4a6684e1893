"""t-SNE (van der Maaten and Hinton 2008) of rows whose nearest neighbours are known, from a given start.

The repulsion is interpolated on a grid (FIt-SNE, Linderman et al. 2019); learning rate and start follow Kobak and
Berens (2019), so that the layout keeps what the start shows at large, and neighbours at small. Computed by openTSNE on
one thread, so that the same numbers come out every time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

PERPLEXITY = 15.0
NEIGHBOURS = int(3 * PERPLEXITY)
"""Neighbours of each row that attract it."""

TOGETHER_STEPS, TOGETHER = 250, 12.0
"""First steps, in which neighbours attract each other so many times as much: clusters find their place."""

APART_STEPS = 500
AGAIN_STEPS = 250
"""Steps from a start that is a layout already."""

TOLD_EVERY = 5
"""Steps between two reports; where the work shall wait, it waits there."""

FIRST_SPREAD = 1e-4
"""Standard deviation of a start that is not a layout yet."""

TREE_ROWS = 2_000
"""Below so many rows a tree (Barnes-Hut) finds the repulsion faster than a grid."""

GRID = 2
"""Side of a cell of the grid, in units of the layout."""

Positions = npt.NDArray[np.float64]


def most_neighbours(rows: int) -> int:
    """Return how many neighbours a layout of so many rows uses."""
    return min(NEIGHBOURS, rows - 1)


def lay_out(
    neighbours: npt.NDArray[np.int64],
    distances: npt.NDArray[np.float32],
    start: Positions,
    *,
    again: bool,
    seed: int,
    progress: Callable[[float], None],
) -> Positions:
    """Lay rows out so that neighbours come to lie together.

    Args:
        neighbours: (m, k) the nearest other rows of each; k as of `most_neighbours`.
        distances: (m, k) their distances.
        start: (m, 2) where each row begins; its scale counts where it is a layout already.
        again: whether the start is a layout that shall be kept as far as it is right.
        seed: of every random choice.
        progress: called with the share done, 0 to 1; may wait.

    Returns:
        (m, 2) float64, centred.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PrecomputedAffinities, joint_probabilities_nn
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, max(neighbours.shape[1] / 3, 1.0))
    stages = [(AGAIN_STEPS, 1.0)] if again else [(TOGETHER_STEPS, TOGETHER), (APART_STEPS, 1.0)]
    total, done = sum(steps for steps, _ in stages), 0
    # On several threads the loop spins while it waits: on a busy machine many times as slow.
    with threadpool_limits(1):
        joint = joint_probabilities_nn(neighbours.astype(np.int32), distances, [perplexity], n_jobs=1)
        layout = TSNEEmbedding(
            start if again else small_start(start, seed=seed),
            PrecomputedAffinities(joint, normalize=False),
            negative_gradient_method="bh" if len(start) < TREE_ROWS else "fft",
            ints_in_interval=GRID,
            n_jobs=1,
            random_state=seed,
            callbacks_every_iters=TOLD_EVERY,
        )
        for steps, together in stages:
            tell = _teller(progress, done / total, steps / total, steps)
            layout.optimize(steps, exaggeration=together, momentum=0.8, callbacks=tell, inplace=True)
            done += steps
    return np.array(layout, dtype=np.float64)


def small_start(start: Positions, *, seed: int) -> Positions:
    """Return a start of standard deviation FIRST_SPREAD around 0, its axes in proportion.

    Equal rows would stay on one spot: each is moved a little.

    Args:
        start: (m, 2).
        seed: of these moves.
    """
    centred = start - start.mean(axis=0)
    small = centred * (FIRST_SPREAD / max(float(centred.std(axis=0).max()), 1e-300))
    return small + np.random.default_rng([seed, 4]).normal(scale=0.01 * FIRST_SPREAD, size=small.shape)


def _teller(
    progress: Callable[[float], None], before: float, share: float, steps: int
) -> Callable[[int, float, object], None]:
    def tell(step: int, error: float, layout: object) -> None:
        del error, layout
        progress(before + share * step / steps)

    return tell
