"""The answers of a round on disk: what its model says of every item, as halves, written part by part in any order.

Nothing here imports torch: the web server reads these files, and the workers of a cluster write their parts of them.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

PART_ROWS = 65_536
"""Rows of a large pool whose answers are written together."""

ANSWERS, PREDICTED, UNCERTAINTY = "predictions.npy", "predicted.npy", "uncertainty.npy"


@dataclass(frozen=True)
class AnswerHalves:
    """What is stored of the answers on b items, k classes.

    Attributes:
        probabilities: (b, k) float16.
        predicted: (b,) int16; the likeliest column.
        uncertainty: (b,) float16; entropy of the probabilities as a share of the largest possible.
    """

    probabilities: npt.NDArray[np.float16]
    predicted: npt.NDArray[np.int16]
    uncertainty: npt.NDArray[np.float16]


def begin_answers(folder: Path, *, rows: int, classes: int) -> None:
    """Make the files of a round's answers, with their headers and nothing in them yet.

    Args:
        folder: of the round.
        rows: items of the pool.
        classes: columns of the probabilities.
    """
    shapes = {ANSWERS: ("<f2", (rows, classes)), PREDICTED: ("<i2", (rows,)), UNCERTAINTY: ("<f2", (rows,))}
    for name, (descr, shape) in shapes.items():
        with (folder / name).open("wb") as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": descr, "fortran_order": False, "shape": shape}
            )
            file.truncate(file.tell() + 2 * int(np.prod(shape)))


def put_answers(folder: Path, first: int, halves: AnswerHalves) -> None:
    """Write the answers on some items in their place; the same ones may be written again.

    Args:
        folder: of the round, with the files that `begin_answers` made.
        first: the row of the first of them.
        halves: the answers.

    Raises:
        OSError: the files are not there or cannot be written.
    """
    parts = {ANSWERS: halves.probabilities, PREDICTED: halves.predicted, UNCERTAINTY: halves.uncertainty}
    with ExitStack() as stack:
        for name, part in parts.items():
            # Ordinary writes: on a full disk they raise, where writing through a memory map would kill the process.
            file = stack.enter_context((folder / name).open("r+b"))
            version = np.lib.format.read_magic(file)
            assert version == (1, 0)
            np.lib.format.read_array_header_1_0(file)
            width = part.shape[1] if part.ndim > 1 else 1
            file.seek(2 * first * width, 1)
            file.write(np.ascontiguousarray(part).tobytes())


def to_halves(probabilities: npt.NDArray[np.floating]) -> AnswerHalves:
    """Return what is stored of answers, worked out a part at a time.

    Args:
        probabilities: (b, k) float32.
    """
    count, k = probabilities.shape
    halves = AnswerHalves(np.empty((count, k), "<f2"), np.empty(count, "<i2"), np.empty(count, "<f2"))
    for low in range(0, count, PART_ROWS):
        part = probabilities[low : low + PART_ROWS]
        halves.probabilities[low : low + PART_ROWS] = part
        halves.predicted[low : low + PART_ROWS] = part.argmax(axis=1)
        halves.uncertainty[low : low + PART_ROWS] = entropy_share(part)
    return halves


def save_answers(folder: Path, probabilities: npt.NDArray[np.floating]) -> None:
    """Save the answers and what the web server colours the map with, a part at a time: it only looks these up.

    Args:
        folder: of the round.
        probabilities: (n, k) float32 of the whole pool.
    """
    count, k = probabilities.shape
    begin_answers(folder, rows=count, classes=k)
    for low in range(0, count, PART_ROWS):
        put_answers(folder, low, to_halves(probabilities[low : low + PART_ROWS]))


def entropy_share(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return the entropy of each row as a share of the largest possible, (n,) float32 from 0 (sure) to 1."""
    k = probabilities.shape[1]
    if k < 2:
        return np.zeros(len(probabilities), dtype=np.float32)
    held = np.clip(probabilities.astype(np.float32), 1e-9, 1.0)
    share: npt.NDArray[np.float32] = -(held * np.log(held)).sum(axis=1) / np.float32(np.log(k))
    return np.clip(share, 0.0, 1.0)
