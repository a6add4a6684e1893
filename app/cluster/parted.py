"""An array whose rows lie in parts on the workers of a cluster: the rows that are asked for are fetched, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Fetch = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]
"""Given distinct rows, ascending, returns their values in that order."""


class PartedRows(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for an (n, …) float32 array. Indexed by rows it fetches those; anything else fetches all of it.

    Attributes:
        shape: of the whole.
        dtype: float32.
    """

    def __init__(self, shape: tuple[int, ...], fetch: Fetch) -> None:
        """Make one; nothing is fetched yet.

        Args:
            shape: of the whole, rows first.
            fetch: how rows are had.
        """
        self.shape = shape
        self.dtype = np.dtype(np.float32)
        self._fetch = fetch
        self._rows = np.empty(0, np.int64)
        self._values = np.empty((0, *shape[1:]), np.float32)

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        """Return how many rows it has."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - as numpy's
        """Return what the whole array would, by fetching the rows concerned."""
        first, rest = (index[0], index[1:]) if isinstance(index, tuple) else (index, ())
        if isinstance(first, int | np.integer):
            row = int(first) + (len(self) if first < 0 else 0)
            found = self._take(np.asarray([row], np.int64))[0]
            return found[rest] if rest else found
        rows = self._to_rows(first)
        if rows is None:
            return self.whole()[index]
        taken = self._take(rows)
        if not rest:
            return taken
        both = isinstance(rest[0], np.ndarray | list)
        return taken[(np.arange(rows.size), *rest)] if both else taken[(slice(None), *rest)]

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[np.floating]:
        """Return all of it."""
        return self.whole().astype(dtype or np.float32, copy=bool(copy))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:  # noqa: ANN401
        """Compute with all of it."""
        whole = [part.whole() if isinstance(part, PartedRows) else part for part in inputs]
        return getattr(ufunc, method)(*whole, **options)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever an array has
        """Return an attribute of all of it, such as `max`."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.whole(), name)

    def whole(self) -> npt.NDArray[np.float32]:
        """Return all of it, fetched once."""
        return self._take(np.arange(len(self), dtype=np.int64))

    def _to_rows(self, index: Any) -> npt.NDArray[np.int64] | None:  # noqa: ANN401 - as numpy's
        if isinstance(index, slice):
            return np.arange(*index.indices(len(self)), dtype=np.int64)
        array = np.asarray(index)
        if array.ndim != 1:
            return None
        if array.dtype == bool:
            return np.flatnonzero(array).astype(np.int64)
        if array.size and array.dtype.kind not in "iu":
            return None
        rows = array.astype(np.int64)
        return np.where(rows < 0, rows + len(self), rows)

    def _take(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        wanted = np.unique(rows)
        if wanted.size and not (wanted[0] >= 0 and wanted[-1] < len(self)):
            raise IndexError(f"rows run from {wanted[0]} to {wanted[-1]}; there are {len(self)}")
        missing = np.setdiff1d(wanted, self._rows, assume_unique=True)
        if missing.size:
            values = np.concatenate([self._values, self._fetch(missing)])
            known = np.concatenate([self._rows, missing])
            order = np.argsort(known, kind="stable")
            self._rows, self._values = known[order], values[order]
        return self._values[np.searchsorted(self._rows, rows)]
