"""The map: two coordinates an item, made once from the vectors, read as a memory map.

Up to 5,000 items are laid out by t-SNE, larger pools by their two principal axes. Reading needs numpy alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.errors import ProjectionError

FILE = "projection.npy"
TSNE_ITEMS = 5000
"""Most items that t-SNE lays out: 5,000 take about 8 s of one core."""

TSNE_STEPS = 500
PCA_ROWS = 20_000
CHUNK_ROWS = 65_536
INNER = 0.9
"""The middle 99 % of the items fill -0.9 to 0.9; the rest is drawn in towards 1, so that no outlier shrinks the map."""

JITTER = 0.05
"""Half-width of the spread given to items that would all lie on one spot or line."""

FloatArray = npt.NDArray[np.float32]


def write_projection(
    vectors: npt.NDArray[np.floating], *, seed: int, folder: Path, progress: Callable[[float, str], None]
) -> FloatArray:
    """Lay the items out on a plane and write `projection.npy`.

    Args:
        vectors: (n, d) float16 or float32, often a memory map; rows of zeros are unreadable items.
        seed: of every random choice; the same vectors and seed give the same map on the same machine.
        folder: where the file goes; made if missing.
        progress: called with the share done, 0 to 1, and what is being done.

    Returns:
        (n, 2) float32, read-only memory map; row i is item i, both coordinates from -1 to 1.

    Raises:
        ProjectionError: the vectors are not (n, d) with n and d at least 1, or hold NaN or infinite numbers, or the
            folder cannot be written.
    """
    if vectors.ndim != 2 or not vectors.size:
        raise ProjectionError(f"vectors must be (n, d) with n and d at least 1, got {vectors.shape}")
    progress(0.0, "drawing the map")
    positions = _principal_positions(vectors, seed)
    if not np.isfinite(positions).all():
        raise ProjectionError("the vectors hold NaN or infinite numbers; make the vectors again")
    if _worth_tsne(vectors, positions):
        progress(0.2, "arranging the map")
        positions = _neighbour_positions(np.asarray(vectors, dtype=np.float32), positions, seed)
    _save(_fit_to_square(positions, seed), folder)
    progress(1.0, "map drawn")
    return open_projection(folder, expected_rows=len(vectors))


def open_projection(folder: Path, *, expected_rows: int | None = None) -> FloatArray:
    """Open the map of a folder.

    Args:
        folder: where it was written.
        expected_rows: items of the pool; None does not check.

    Returns:
        (n, 2) float32, read-only memory map; row i is item i, both coordinates from -1 to 1.

    Raises:
        ProjectionError: there is none, it is cut short or no array of positions, or of another length.
    """
    path = folder / FILE
    try:
        positions = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise ProjectionError(f"{path} is missing; draw the map first") from error
    except (OSError, ValueError, EOFError) as error:
        raise ProjectionError(
            f"{path} is cut short or not an array of numbers ({error}); draw the map again"
        ) from error
    if not isinstance(positions, np.ndarray) or positions.dtype != np.float32 or positions.shape[1:] != (2,):
        raise ProjectionError(f"{path} does not hold two float32 coordinates an item; draw the map again")
    if expected_rows is not None and len(positions) != expected_rows:
        raise ProjectionError(
            f"{path} holds {len(positions)} items, the pool has {expected_rows}; draw the map again"
        )
    return positions


def _principal_positions(vectors: npt.NDArray[np.floating], seed: int) -> npt.NDArray[np.float64]:
    """Return (n, 2): coordinates on the two principal axes of a seeded choice of rows; read in chunks."""
    n = len(vectors)
    rows = np.arange(n)
    if n > PCA_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(n, PCA_ROWS, replace=False))
    values = np.asarray(vectors[rows], dtype=np.float64)
    readable = values.any(axis=1)
    values = values[readable] if readable.any() else values
    mean = values.mean(axis=0)
    axes = _two_axes(values - mean)
    result = np.zeros((n, 2))
    for low in range(0, n, CHUNK_ROWS):
        chunk = np.asarray(vectors[low : low + CHUNK_ROWS], dtype=np.float64)
        result[low : low + CHUNK_ROWS, : axes.shape[1]] = (chunk - mean) @ axes
    return result


def _two_axes(centred: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (d, min(2, d)) axes of largest variance, each with its largest entry positive."""
    if not np.isfinite(centred).all():
        raise ProjectionError("the vectors hold NaN or infinite numbers; make the vectors again")
    if len(centred) < centred.shape[1]:
        _, _, found = np.linalg.svd(centred, full_matrices=False)
        axes = found[:2].T
    else:
        _, vectors = np.linalg.eigh(centred.T @ centred)
        axes = vectors[:, ::-1][:, :2]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return axes * np.where(largest < 0, -1.0, 1.0)


def _worth_tsne(vectors: npt.NDArray[np.floating], positions: npt.NDArray[np.float64]) -> bool:
    return 10 <= len(vectors) <= TSNE_ITEMS and vectors.shape[1] > 2 and bool(np.ptp(positions, axis=0).any())


def _neighbour_positions(
    vectors: FloatArray, start: npt.NDArray[np.float64], seed: int
) -> npt.NDArray[np.float64]:
    """t-SNE (van der Maaten and Hinton 2008) from the principal axes, on one thread.

    On several threads scikit-learn's loop spins while it waits: on a busy machine 9 times as slow.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    first = start / max(float(start[:, 0].std()), 1e-12) * 1e-4
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    layout = TSNE(
        2, init=first.astype(np.float32), perplexity=perplexity, max_iter=TSNE_STEPS, random_state=seed
    )
    with threadpool_limits(1):
        return np.asarray(layout.fit_transform(vectors), dtype=np.float64)


def _fit_to_square(positions: npt.NDArray[np.float64], seed: int) -> FloatArray:
    """Bring each axis to -1 to 1; an axis on which all items coincide gets a small seeded spread."""
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


def _save(positions: FloatArray, folder: Path) -> None:
    temporary = folder / f"{FILE}.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            # Not numpy.save: on a full disk that raises no system error.
            np.lib.format.write_array_header_1_0(
                file, {"descr": "<f4", "fortran_order": False, "shape": positions.shape}
            )
            file.write(positions.astype("<f4").tobytes())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, folder / FILE)
    except OSError as error:
        raise ProjectionError(f"the map cannot be written to {folder}: {error.strerror or error}") from error
    finally:
        # Where even this fails, the error on its way out says more.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
