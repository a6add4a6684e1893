"""The better layout of the pool: items that are alike lie together. Minutes for any pool, in a process of its own.

Up to `FITTED_ROWS` items are laid out by t-SNE, half of them drawn evenly and half so that the rare are among them;
every other item is placed beside the one of these that it is most like. The layout starts from the principal axes, or
from the items' places in an earlier layout, and is turned to fit them: the eye finds again what it knew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.errors import ProjectionError
from models.layout_files import (
    ARRANGED,
    CARRIED,
    LayoutInfo,
    open_layout,
    read_layout_info,
    remove_layout,
    save_layout,
)
from models.neighbour_layout import lay_out, most_neighbours
from models.neighbours import CPU, search_rows
from models.placing import Space, align, place_rows, spread_rows
from models.projection import fit_to_square, open_projection, row_chunks
from models.vectors import VectorFile

FITTED_ROWS = 100_000
"""Most items that t-SNE lays out itself: 100,000 take about two minutes and 0.4 GB."""

FEWEST_ROWS = 10
CORNER = (-1.0, -0.95)
"""Items without a vector (unreadable ones) lie in this span of both axes, apart from the rest."""

Progress = Callable[[float, str], None]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
Positions = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Start:
    """Where a layout begins.

    Attributes:
        positions: (n, 2) float64; NaN for an item that has no place yet.
        again: whether they are a layout of neighbours already, at its own scale.
    """

    positions: Positions
    again: bool


def write_arrangement(
    file: VectorFile, *, seed: int, folder: Path, progress: Progress, device: str = CPU
) -> LayoutInfo | None:
    """Lay the items of a pool out by their neighbours and write `arranged.npy`.

    Args:
        file: the pool's vectors; rows of zeros are items without a vector.
        seed: of every random choice; the same vectors, start and seed give the same layout on the same machine.
        folder: where the principal axes lie and the layout goes.
        progress: called with the share done, 0 to 1, and what is being done; may wait, may raise to stop.
        device: where neighbours are searched (`models.neighbours.search_device`).

    Returns:
        How it came about; None where there is nothing to arrange: too few items or dimensions, or all alike.

    Raises:
        ProjectionError: the vectors hold NaN or infinite numbers, the principal axes are missing, or the folder cannot
            be written.
    """
    from threadpoolctl import threadpool_limits

    started_s = time.perf_counter()
    vectors = file.array
    principal = open_projection(folder, expected_rows=len(vectors))
    usable = _usable_rows(vectors)
    if len(usable) < FEWEST_ROWS or vectors.shape[1] <= 2 or not _differ(vectors, usable):
        return None
    start = find_start(folder, principal, file)
    # Another number of threads may add the same numbers in another order.
    with threadpool_limits(1, user_api="blas"):
        positions, fitted, spread = arrange(
            vectors, usable, start, seed=seed, progress=progress, device=device
        )
    info = LayoutInfo(
        f"t-SNE of {fitted:,} items" + (", the others placed among them" if fitted < len(usable) else ""),
        file.hash,
        pool_hash=file.pool_hash,
        items=len(vectors),
        fitted=fitted,
        seed=seed,
        spread=spread,
        seconds=round(time.perf_counter() - started_s, 3),
    )
    save_layout(_whole_map(positions, usable, len(vectors), seed), folder, ARRANGED, info)
    remove_layout(folder, CARRIED)
    progress(1.0, "map arranged")
    return info


def open_arrangement(folder: Path, *, expected_rows: int, vectors_hash: str) -> FloatArray:
    """Open the better layout of a folder.

    Args:
        folder: where it was written.
        expected_rows: items of the pool.
        vectors_hash: hash of the vectors it must have been made from.

    Returns:
        (n, 2) float32, read-only memory map; row i is item i, both coordinates from -1 to 1.

    Raises:
        ProjectionError: there is none, or it is damaged or stale.
    """
    info = read_layout_info(folder, ARRANGED)
    if info is None or info.vectors_hash != vectors_hash:
        raise ProjectionError(f"{folder} holds no layout of these vectors yet")
    return open_layout(folder, ARRANGED, expected_rows=expected_rows)


def carry_places(places: FloatArray, info: LayoutInfo, *, folder: Path, file: VectorFile) -> None:
    """Keep the places that items of a changed pool had, for the next layout to start from.

    Args:
        places: (n, 2) float32 for the items of the new pool; NaN for those that had none.
        info: of the layout that the places come from.
        folder: where they go.
        file: the new pool's vectors.

    Raises:
        ProjectionError: the folder cannot be written.
    """
    carried = LayoutInfo(
        f"places from: {info.method}",
        file.hash,
        pool_hash=file.pool_hash,
        items=len(places),
        seed=info.seed,
        spread=info.spread,
    )
    save_layout(places, folder, CARRIED, carried)


def find_start(folder: Path, principal: FloatArray, file: VectorFile) -> Start:
    """Return where the next layout begins: at an earlier one of the same items, or at the principal axes.

    Args:
        folder: where the layouts lie.
        principal: (n, 2) the principal axes.
        file: the vectors.
    """
    for name in (CARRIED, ARRANGED):
        info = read_layout_info(folder, name)
        if info is None or info.pool_hash != file.pool_hash or info.items != len(principal):
            continue
        if name == CARRIED and info.vectors_hash != file.hash:
            continue
        try:
            places = np.array(open_layout(folder, name, expected_rows=len(principal)), np.float64)
        except ProjectionError:
            continue
        known = np.isfinite(places).all(axis=1)
        if known.sum() >= FEWEST_ROWS and np.ptp(places[known], axis=0).min() > 0:
            return Start(places * (np.array(info.spread) / places[known].std(axis=0)), again=True)
    return Start(np.array(principal, np.float64), again=False)


def arrange(
    vectors: npt.NDArray[np.floating],
    usable: IntArray,
    start: Start,
    *,
    seed: int,
    progress: Progress,
    device: str = CPU,
) -> tuple[Positions, int, tuple[float, float]]:
    """Lay the usable items out.

    Args:
        vectors: (n, d).
        usable: (m,) rows with a vector, ascending, at least `FEWEST_ROWS`.
        start: where each of the n items begins.
        seed: of every random choice.
        progress: called with the share done and what is being done.
        device: where neighbours are searched.

    Returns:
        (m, 2) float64, places of the usable items at the layout's own scale; how many were laid out themselves; and
        the standard deviation of their coordinates.
    """
    everyone = len(usable) <= FITTED_ROWS
    reading, fitting = (0.0, 1.0) if everyone else (0.1, 0.7)
    what = "arranging the map"
    progress(0.0, what)
    space = Space(vectors, seed=seed)
    fitted = np.arange(len(usable))
    if not everyone:
        fitted = spread_rows(
            space, usable, FITTED_ROWS, seed=seed, progress=lambda share: progress(reading * share, what)
        )
    near = search_rows(space.read(usable[fitted]), seed=seed, device=device)
    neighbours, distances = near.neighbours(most_neighbours(len(fitted)))
    progress(reading + 0.1 * (fitting - reading), what)
    begin = _fill_unknown(start.positions[usable[fitted]], neighbours, seed)
    low = reading + 0.1 * (fitting - reading)
    layout = lay_out(
        neighbours,
        distances,
        begin,
        again=start.again,
        seed=seed,
        progress=lambda share: progress(low + (fitting - low) * share, what),
    )
    layout = align(layout, start.positions[usable[fitted]])
    spread = layout.std(axis=0)
    positions = layout
    if not everyone:
        positions = place_rows(
            space,
            usable,
            near,
            layout,
            seed=seed,
            progress=lambda share: progress(fitting + (1 - fitting) * share, what),
        )
        positions[fitted] = layout
    return positions, len(fitted), (float(spread[0]), float(spread[1]))


def _usable_rows(vectors: npt.NDArray[np.floating]) -> IntArray:
    """Return the rows with a vector; looked through in chunks."""
    usable = np.empty(len(vectors), bool)
    for part in row_chunks(*vectors.shape):
        chunk = np.asarray(vectors[part])
        if not np.isfinite(chunk).all():
            raise ProjectionError("the vectors hold NaN or infinite numbers; make the vectors again")
        usable[part] = chunk.any(axis=1)
    return np.flatnonzero(usable)


def _differ(vectors: npt.NDArray[np.floating], usable: IntArray) -> bool:
    """Return whether two of the items differ."""
    first = np.asarray(vectors[usable[0]])
    parts = row_chunks(len(usable), vectors.shape[1])
    return any(bool((np.asarray(vectors[usable[part]]) != first).any()) for part in parts)


def _fill_unknown(places: Positions, neighbours: IntArray, seed: int) -> Positions:
    """Give items without a place that of their nearest neighbour with one, a little apart; else the middle."""
    filled = places.copy()
    known = np.asarray(np.isfinite(filled).all(axis=1))
    if known.all():
        return filled
    spread = filled[known].std(axis=0)
    apart = np.random.default_rng([seed, 2]).normal(scale=0.01, size=filled.shape) * spread
    for row in np.flatnonzero(~known):
        near = neighbours[row][known[neighbours[row]]]
        filled[row] = (places[near[0]] if len(near) else places[known].mean(axis=0)) + apart[row]
    return filled


def _whole_map(positions: Positions, usable: IntArray, items: int, seed: int) -> FloatArray:
    """Return (n, 2) float32 in the square; items without a vector lie in its corner."""
    if len(usable) == items:
        return fit_to_square(positions, seed)
    whole = np.random.default_rng([seed, 3]).uniform(*CORNER, size=(items, 2)).astype(np.float32)
    whole[usable] = fit_to_square(positions, seed)
    return whole
