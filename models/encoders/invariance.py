"""Axes along which items differ and views of one item do not, in numpy.

Joint embedding without contrast (VICReg, Barlow Twins) asks that views of one item lie together and that what is said
of the items spreads over all axes. Of a linear map the best answer is known in closed form (Balestriero and LeCun 2022,
*Contrastive and non-contrastive self-supervised learning recover global and local spectral embedding methods*): the
generalised eigenvectors of the spread of all views against the spread of the views of one item. It is found at once,
without steps or a rate to choose.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.encoders.contract import FloatArray
from models.encoders.scaling import Axes
from models.errors import EncoderError

RIDGE = 0.3
"""Added to the spread of the views, as a share of its mean: axes along which views hardly move are mostly noise."""

NO_SPREAD = 1e-12


class ViewSpread:
    """Sums over views, batch by batch: how views of one item differ, and how views of all do.

    Args:
        width: f, numbers that describe a view.
    """

    def __init__(self, width: int) -> None:
        """Start with no views."""
        self._within = np.zeros((width, width))
        self._all = np.zeros((width, width))
        self._sum = np.zeros(width)
        self._items, self._views = 0, 0

    def add(self, views: FloatArray) -> None:
        """Take in a batch.

        Args:
            views: (v, b, f) float; v views of each of b items, v at least 2.
        """
        count, items, width = views.shape
        apart = (views - views.mean(axis=0)).reshape(-1, width)
        flat = views.reshape(-1, width)
        self._within += (apart.T @ apart) / (count - 1)
        self._all += flat.T @ flat
        self._sum += flat.sum(axis=0, dtype=np.float64)
        self._items += items
        self._views += count * items

    def within(self) -> npt.NDArray[np.float64]:
        """Return (f, f): the covariance of the views of one item, averaged over items."""
        return self._within / self._items

    def overall(self) -> npt.NDArray[np.float64]:
        """Return (f, f): the covariance of all views."""
        mean = self._sum / self._views
        return self._all / self._views - np.outer(mean, mean)


def invariant_axes(values: FloatArray, spread: ViewSpread, *, dimensions: int) -> Axes:
    """Find the axes along which items differ most, measured by how far the views of one item lie apart.

    Args:
        values: (m, f) float; the items themselves, not views, m at least 1.
        spread: of views of the same items.
        dimensions: axes to keep at most; fewer where there are fewer items or columns.

    Returns:
        The map, with 1 as root mean square per dimension over `values`; an axis counts the more the better items can
        be told apart by it. All zeros where the items do not differ. Each axis is signed so that its largest entry is
        positive, which makes the map repeatable.

    Raises:
        EncoderError: a number is NaN or infinite.
    """
    from scipy.linalg import eigh

    within, overall = spread.within(), spread.overall()
    if not (np.isfinite(within).all() and np.isfinite(overall).all() and np.isfinite(values).all()):
        raise EncoderError(
            "learning from views of the images gave NaN or infinite numbers; set encoder.device to 'cpu', or use the"
            " encoder 'image_conv'"
        )
    mean, width = values.mean(axis=0, dtype=np.float64), len(within)
    kept = max(1, min(dimensions, width, len(values) - 1))
    level = np.trace(within) / width
    # With views that do not move at all (images of one colour) the spread of all views is the measure.
    ridge = (RIDGE * level if level > NO_SPREAD else max(np.trace(overall) / width, 1.0)) * np.eye(width)
    _, axes = eigh(overall, within + ridge, subset_by_index=(width - kept, width - 1))
    axes = axes[:, ::-1]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(kept)] < 0, -1.0, 1.0)
    size = float(np.square((values - mean) @ axes).mean())
    if float(np.square(values - mean).mean()) <= NO_SPREAD or size <= 0:
        return Axes(mean.astype(np.float32), np.zeros((width, 1), dtype=np.float32))
    return Axes(mean.astype(np.float32), (axes / np.sqrt(size)).astype(np.float32))
