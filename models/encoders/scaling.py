"""Principal axes and overall scale, in numpy: what the learned encoders end with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.encoders.contract import FloatArray


@dataclass(frozen=True)
class Axes:
    """A linear map onto principal axes.

    Attributes:
        mean: (f,) float32; subtracted first.
        matrix: (f, d) float32; the axes as columns, scaled.
    """

    mean: FloatArray
    matrix: FloatArray

    def __post_init__(self) -> None:
        """Lay the matrix out by rows, as a file gives it back: another layout may multiply to other last digits."""
        object.__setattr__(self, "matrix", np.ascontiguousarray(self.matrix))

    @property
    def dimensions(self) -> int:
        """Length d of the result."""
        return int(self.matrix.shape[1])

    def apply(self, values: npt.NDArray[np.floating]) -> FloatArray:
        """Map values.

        Args:
            values: (b, f) float.

        Returns:
            (b, d) float32.
        """
        return np.asarray((values.astype(np.float32) - self.mean) @ self.matrix, dtype=np.float32)


def principal_axes(
    values: npt.NDArray[np.floating], *, dimensions: int, whitening: float, floor: float = 1e-6
) -> Axes:
    """Find the axes of largest variance, partly evened out, with 1 as root mean square per dimension.

    Whitening fully (0.5) blows up axes that hold noise where there are many; docs/encoders.md has the figures that
    the encoders' choices rest on.

    Args:
        values: (m, f) float; rows to learn from, m may be 1.
        dimensions: axes to keep at most; fewer where there are fewer rows or columns.
        whitening: each axis is divided by its variance to this power, 0 to 0.5.
        floor: share of the largest variance below which an axis counts as having this much.

    Returns:
        The map; axes are signed so that their largest entry is positive, which makes them repeatable.
    """
    mean = values.mean(axis=0, dtype=np.float64)
    centred = values.astype(np.float64) - mean
    variances, axes = _largest(centred, max(1, dimensions))
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    if variances[0] <= 1e-12:
        return Axes(mean.astype(np.float32), np.zeros_like(axes, dtype=np.float32))
    # A floor keeps an axis without variance from being divided by nothing.
    evened = axes / np.maximum(variances, floor * variances[0]) ** whitening
    spread = np.square(centred @ evened).mean()
    return Axes(mean.astype(np.float32), (evened / np.sqrt(spread)).astype(np.float32))


def _largest(
    centred: npt.NDArray[np.float64], wanted: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the largest variances, descending, and their axes (f, at most `wanted`) as columns."""
    from scipy.linalg import eigh

    rows, width = centred.shape
    by_rows = rows < width
    # With fewer rows than columns the rows' inner products hold the same, in a smaller matrix.
    products = (centred @ centred.T if by_rows else centred.T @ centred) / rows
    size = len(products)
    found, axes = eigh(products, subset_by_index=(max(0, size - wanted), size - 1))
    variances, axes = found[::-1].clip(min=0), axes[:, ::-1]
    if by_rows:
        kept = max(1, int((variances > 1e-10 * variances[0]).sum()))
        variances, axes = variances[:kept], centred.T @ axes[:, :kept]
        axes = axes / np.maximum(np.linalg.norm(axes, axis=0), 1e-12)
    return variances, axes.copy()
