"""The map at once: each item on the two principal axes of the vectors, read as a memory map.

Seconds for any pool; `models.arranging` makes a better layout beside it. Reading needs numpy alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.errors import ProjectionError
from models.layout_files import PRINCIPAL, LayoutInfo, open_layout, read_layout_info, save_layout

FILE = f"{PRINCIPAL}.npy"
METHOD = "principal axes"
PCA_ROWS = 20_000
CHUNK_NUMBERS, CHUNK_ROWS = 8_000_000, 65_536
"""Of vectors, so many numbers are looked at at once, and no more rows than that."""

INNER = 0.9
"""The middle 99 % of the items fill -0.9 to 0.9; the rest is drawn in towards 1, so that no outlier shrinks the map."""

JITTER = 0.05
"""Half-width of the spread given to items that would all lie on one spot or line."""

FloatArray = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Place = Callable[[Vectors, Doubles, Doubles], Doubles]
"""Given vectors (n, d), mean (d,) and axes (d, a), returns (n, a), as `place_on_axes` does."""


def write_projection(
    vectors: Vectors,
    *,
    seed: int,
    folder: Path,
    progress: Callable[[float, str], None],
    vectors_hash: str = "",
    pool_hash: str = "",
    place: Place | None = None,
) -> FloatArray:
    """Lay the items out on their two principal axes and write `projection.npy`.

    Args:
        vectors: (n, d) float16 or float32, often a memory map; rows of zeros are unreadable items.
        seed: of every random choice; the same vectors and seed give the same map on the same machine.
        folder: where the file goes; made if missing.
        progress: called with the share done, 0 to 1, and what is being done.
        vectors_hash: hash of the vectors, kept beside the map.
        pool_hash: hash of the pool, likewise.
        place: puts all items onto the axes in place of this process; None puts them here.

    Returns:
        (n, 2) float32, read-only memory map; row i is item i, both coordinates from -1 to 1.

    Raises:
        ProjectionError: the vectors are not (n, d) with n and d at least 1, or hold NaN or infinite numbers, or the
            folder cannot be written.
    """
    if vectors.ndim != 2 or not vectors.size:
        raise ProjectionError(f"vectors must be (n, d) with n and d at least 1, got {vectors.shape}")
    started_s = time.perf_counter()
    progress(0.0, "drawing the map")
    mean, axes = principal_axes(vectors, count=2, seed=seed)
    positions = np.zeros((len(vectors), 2))
    positions[:, : axes.shape[1]] = (place or place_on_axes)(vectors, mean, axes)
    if not np.isfinite(positions).all():
        raise ProjectionError("the vectors hold NaN or infinite numbers; make the vectors again")
    info = LayoutInfo(
        METHOD,
        vectors_hash,
        pool_hash=pool_hash,
        items=len(vectors),
        fitted=min(len(vectors), PCA_ROWS),
        seed=seed,
        seconds=round(time.perf_counter() - started_s, 3),
    )
    save_layout(fit_to_square(positions, seed), folder, PRINCIPAL, info)
    progress(1.0, "map drawn")
    return open_projection(folder, expected_rows=len(vectors))


def open_projection(
    folder: Path, *, expected_rows: int | None = None, vectors_hash: str | None = None
) -> FloatArray:
    """Open the map of a folder.

    Args:
        folder: where it was written.
        expected_rows: items of the pool; None does not check.
        vectors_hash: hash of the vectors it must have been drawn from; None does not check.

    Returns:
        (n, 2) float32, read-only memory map; row i is item i, both coordinates from -1 to 1.

    Raises:
        ProjectionError: there is none, it is cut short or no array of positions, of another length, or of other
            vectors.
    """
    positions = open_layout(folder, PRINCIPAL, expected_rows=expected_rows)
    if vectors_hash is not None:
        info = read_layout_info(folder, PRINCIPAL)
        if info is None or info.vectors_hash != vectors_hash:
            raise ProjectionError(f"{folder / FILE} was drawn from other vectors; draw the map again")
    return positions


def principal_axes(
    vectors: Vectors, *, count: int, seed: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the mean (d,) and the axes (d, at most `count`) of largest variance of a seeded choice of rows.

    Args:
        vectors: (n, d); rows of zeros are left out where there are others.
        count: how many axes; there are no more than dimensions or items.
        seed: of the choice.

    Raises:
        ProjectionError: the vectors hold NaN or infinite numbers.
    """
    rows = np.arange(len(vectors))
    if len(vectors) > PCA_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(vectors), PCA_ROWS, replace=False))
    values = np.asarray(vectors[rows], dtype=np.float64)
    readable = values.any(axis=1)
    values = values[readable] if readable.any() else values
    mean = values.mean(axis=0)
    return mean, _axes(values - mean, count)


def place_on_axes(vectors: Vectors, mean: Doubles, axes: Doubles) -> Doubles:
    """Return (n, a) coordinates of all items on some axes; read in chunks.

    Args:
        vectors: (n, d).
        mean: (d,) where the axes meet.
        axes: (d, a).
    """
    result = np.zeros((len(vectors), axes.shape[1]))
    for part in row_chunks(*vectors.shape):
        result[part] = (np.asarray(vectors[part], dtype=np.float64) - mean) @ axes
    return result


def chunk_rows(dimensions: int) -> int:
    """Return how many rows of vectors of that many numbers are looked at at once."""
    return min(max(CHUNK_NUMBERS // dimensions, 1), CHUNK_ROWS)


def row_chunks(rows: int, dimensions: int) -> Iterator[slice]:
    """Yield slices that cover the rows, each so small that its vectors fit in memory many times over.

    Args:
        rows: how many there are.
        dimensions: numbers in each.
    """
    step = chunk_rows(dimensions)
    for low in range(0, rows, step):
        yield slice(low, min(low + step, rows))


def fit_to_square(positions: npt.NDArray[np.floating], seed: int) -> FloatArray:
    """Bring each axis to -1 to 1; an axis on which all items coincide gets a small seeded spread.

    Args:
        positions: (n, 2).
        seed: of the spread.

    Returns:
        (n, 2) float32.
    """
    spread = np.random.default_rng(seed)
    result = np.zeros(positions.shape)
    size = float(np.abs(positions).max())
    for axis in range(2):
        values = positions[:, axis]
        if np.ptp(values) <= 1e-9 * max(size, 1e-300):
            result[:, axis] = spread.uniform(-JITTER, JITTER, len(values))
            continue
        low, high = np.quantile(values, (0.005, 0.995))
        if high <= low:
            low, high = values.min(), values.max()
        unit = INNER * (2 * (values - low) / (high - low) - 1)
        beyond = np.abs(unit) - INNER
        drawn = INNER + (1 - INNER) * np.tanh(beyond.clip(min=0) / INNER)
        result[:, axis] = np.where(beyond > 0, np.sign(unit) * drawn, unit)
    return result.astype(np.float32)


def _axes(centred: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Return (d, min(count, d, m)) axes of largest variance, each with its largest entry positive."""
    if not np.isfinite(centred).all():
        raise ProjectionError("the vectors hold NaN or infinite numbers; make the vectors again")
    if len(centred) < centred.shape[1]:
        _, _, found = np.linalg.svd(centred, full_matrices=False)
        axes = found[:count].T
    else:
        _, vectors = np.linalg.eigh(centred.T @ centred)
        axes = vectors[:, ::-1][:, :count]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return axes * np.where(largest < 0, -1.0, 1.0)
