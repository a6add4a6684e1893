"""The page that `benchmarks.map` measures: a pool map of blobs, served by a process of its own."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import panel as pn

from app.components import map_picture
from app.components.pool_map import PoolMap
from app.components.theme import class_colour

CLASSES = 10


def blobs(count: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]]:
    """Return positions (n, 2) float32 and class codes (n,) int16 of ten blobs, each half as large as the one before."""
    generator = np.random.default_rng(0)
    share = 0.5 ** np.arange(CLASSES)
    codes = generator.choice(CLASSES, count, p=share / share.sum()).astype(np.int16)
    centres = 4 * generator.normal(size=(CLASSES, 2))
    spread = generator.normal(size=(count, 2)) * (0.4 + generator.random((count, 1)))
    return (centres[codes] + spread).astype(np.float32), codes


def main(port: int, count: int) -> None:
    """Serve the map of `count` points until the process is stopped."""
    positions, codes = blobs(count)
    map_picture.warm_up()

    def page() -> Any:  # noqa: ANN401
        pool_map = PoolMap(positions, keys=lambda rows: [str(row) for row in rows])
        names = [f"class {place}" for place in range(CLASSES)]
        pool_map.paint(codes, [class_colour(place) for place in range(CLASSES)], names)
        pool_map.view.param.update(width=760, height=640, sizing_mode="fixed")
        return pool_map.view

    pn.serve({"map": page}, port=port, address="127.0.0.1", show=False, verbose=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
