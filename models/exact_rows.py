"""Nearest rows by comparing all of them, as products of matrices on a GPU: exact, and faster there than cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

BLOCK_NUMBERS = 1 << 27
"""Distances held at once: half a GB of float32."""

LEAST_QUERIES = 16
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


class ExactRows:
    """Rows that can be searched for the nearest to others; the same interface as `models.near_rows.NearRows`."""

    def __init__(self, rows: FloatArray, *, device: torch.device, block_numbers: int = BLOCK_NUMBERS) -> None:
        """Copy the rows to a device.

        Args:
            rows: (m, d) float32, m at least 1, finite.
            device: where they are compared.
            block_numbers: distances held at once.

        Raises:
            torch.OutOfMemoryError: there is no room for the rows.
        """
        self._rows = torch.from_numpy(np.ascontiguousarray(rows, np.float32)).to(device)
        self._squares = self._rows.square().sum(dim=1)
        self._block_numbers = block_numbers

    @torch.inference_mode()
    def nearest(self, queries: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
        """Return the nearest rows of each query.

        Where memory runs out, fewer queries are compared at once.

        Args:
            queries: (q, d) float32, finite.
            count: how many.

        Returns:
            (q, k) int64 rows and (q, k) float32 distances, the nearest first, of equal ones the lower row; k is
            `count`, or m where that is less.

        Raises:
            torch.OutOfMemoryError: not even a few queries fit.
        """
        count = min(count, len(self._rows))
        found = np.empty((len(queries), count), np.int64)
        distances = np.empty((len(queries), count), np.float32)
        block = max(LEAST_QUERIES, self._block_numbers // len(self._rows))
        low = 0
        while low < len(queries):
            high = min(low + block, len(queries))
            try:
                near, apart = self._compare(queries[low:high], count)
            except torch.OutOfMemoryError:
                if block <= LEAST_QUERIES:
                    raise
                block = max(LEAST_QUERIES, block // 4)
                continue
            found[low:high], distances[low:high] = near, apart
            low = high
        return found, distances

    def neighbours(self, count: int) -> tuple[IntArray, FloatArray]:
        """Return the nearest other rows of each of the rows themselves, as `nearest` does.

        Args:
            count: how many; less than m.
        """
        found, distances = self.nearest(self._rows.cpu().numpy(), count + 1)
        own = found == np.arange(len(found))[:, None]
        # Among more equal rows than are asked for, the row itself may not be named: then the last one goes.
        own[~own.any(axis=1), -1] = True
        shape = (len(found), found.shape[1] - 1)
        return found[~own].reshape(shape), distances[~own].reshape(shape)

    def _compare(self, queries: FloatArray, count: int) -> tuple[IntArray, FloatArray]:
        given = torch.from_numpy(np.ascontiguousarray(queries, np.float32)).to(self._rows.device)
        gaps = torch.addmm(self._squares, given, self._rows.T, alpha=-2.0)
        least, near = torch.topk(gaps, count, dim=1, largest=False)
        squared = (least + given.square().sum(dim=1, keepdim=True)).clamp_min(0.0)
        rows, apart = near.cpu().numpy(), squared.sqrt().cpu().numpy()
        order = np.lexsort((rows, apart))
        return np.take_along_axis(rows, order, axis=1), np.take_along_axis(apart, order, axis=1)
