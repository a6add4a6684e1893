"""Layouts of the pool on disk: two coordinates an item as a memory map, and beside it how they came about.

A layout is `NAME.npy` with `NAME.json`. Reading needs numpy alone. The description goes first and comes last, so that
it never describes another file's numbers; each file is written under another name and put in place whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import ProjectionError

PRINCIPAL, ARRANGED, CARRIED = "projection", "arranged", "carried"
"""The principal axes; the better layout; old places of a changed pool, which the next better layout starts from."""

VERSION = 1

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LayoutInfo:
    """How a layout came about.

    Attributes:
        method: what laid the items out, in words.
        vectors_hash: hash of the vectors; another one means that the layout is stale.
        pool_hash: hash of the pool that the rows belong to.
        items: n.
        fitted: items that were laid out themselves; the others were placed among them.
        seed: of every random choice.
        spread: standard deviation of the layout's own coordinates before they were brought to the square.
        seconds: how long it took.
    """

    method: str
    vectors_hash: str
    pool_hash: str = ""
    items: int = 0
    fitted: int = 0
    seed: int = 0
    spread: tuple[float, float] = (1.0, 1.0)
    seconds: float = 0.0


def save_layout(positions: FloatArray, folder: Path, name: str, info: LayoutInfo | None = None) -> None:
    """Write a layout; what was there stays until the new one is whole.

    Args:
        positions: (n, 2) float32; row i is item i.
        folder: where; made if missing.
        name: of the layout.
        info: how it came about; None writes no description.

    Raises:
        ProjectionError: the folder cannot be written (read-only, disk full).
    """
    with _written(folder, f"{name}.npy") as temporary, temporary.open("wb") as file:
        # Not numpy.save: on a full disk that raises no system error.
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": positions.shape}
        )
        file.write(positions.astype("<f4").tobytes())
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            (folder / f"{name}.json").unlink()
    if info is not None:
        with _written(folder, f"{name}.json") as temporary:
            temporary.write_text(
                json.dumps({"version": VERSION} | asdict(info), indent=2) + "\n", encoding="utf-8"
            )


def open_layout(folder: Path, name: str, *, expected_rows: int | None = None) -> FloatArray:
    """Open a layout.

    Args:
        folder: where it was written.
        name: of the layout.
        expected_rows: items of the pool; None does not check.

    Returns:
        (n, 2) float32, read-only memory map; row i is item i.

    Raises:
        ProjectionError: there is none, it is cut short or no array of positions, or of another length.
    """
    path = folder / f"{name}.npy"
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


def read_layout_info(folder: Path, name: str) -> LayoutInfo | None:
    """Return how a layout came about; None where nothing that can be read says so."""
    try:
        content: Any = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        if content.pop("version") != VERSION:
            return None
        across, up = content.pop("spread")
        return LayoutInfo(**content, spread=(float(across), float(up)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def remove_layout(folder: Path, name: str) -> None:
    """Remove a layout; what cannot be removed stays, and is stale by its description."""
    for ending in ("json", "npy"):
        with suppress(OSError):
            (folder / f"{name}.{ending}").unlink()


@contextmanager
def _written(folder: Path, name: str) -> Iterator[Path]:
    """Hand out a path to write to, and put what was written in place."""
    temporary = folder / f"{name}.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, folder / name)
    except OSError as error:
        raise ProjectionError(f"the map cannot be written to {folder}: {error.strerror or error}") from error
    finally:
        # Where even this fails, the error on its way out says more.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
