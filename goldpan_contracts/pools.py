"""Small pools and labels that parts are tried on: groups of points, some taught, some not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.encoders.contract import Role
from strategies.contract import PoolState

CLASS_NAMES = ("star", "galaxy", "quasar")
SIZES = (60, 30, 10)


def group_vectors(sizes: Sequence[int] = SIZES, *, dimensions: int = 6) -> npt.NDArray[np.float32]:
    """Return (n, d) Gaussian groups of the given sizes, far apart, in order of the groups."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(len(sizes), dimensions)) * 12
    rows = np.repeat(np.arange(len(sizes)), sizes)
    return (centres[rows] + generator.normal(size=(rows.size, dimensions))).astype(np.float32)


def cold_state(vectors: npt.NDArray[np.floating]) -> PoolState:
    """Return a pool without labels or model.

    Args:
        vectors: (n, d).
    """
    count = vectors.shape[0]
    return PoolState(
        vectors=vectors,
        labels=np.full(count, -1, np.int64),
        closed=np.zeros(count, np.bool_),
        class_names=CLASS_NAMES,
        targets=np.full(len(CLASS_NAMES), 1 / len(CLASS_NAMES), np.float32),
    )


def taught_state(vectors: npt.NDArray[np.floating]) -> PoolState:
    """Return a pool with five labels a class and the answer of a model of four members.

    Args:
        vectors: (n, d).
    """
    generator = np.random.default_rng(1)
    count, classes = vectors.shape[0], len(CLASS_NAMES)
    labels = np.full(count, -1, np.int64)
    labelled = generator.permutation(count)[: min(5 * classes, count // 2)]
    labels[labelled] = np.arange(labelled.size) % classes
    members = generator.dirichlet(np.full(classes, 0.5), (4, count)).astype(np.float32)
    balanced = members.mean(axis=0)
    prior = np.array([0.5, 0.3, 0.2], np.float32)
    joint = balanced * prior
    return replace(
        cold_state(vectors),
        labels=labels,
        closed=labels >= 0,
        probabilities=(joint / joint.sum(axis=1, keepdims=True)).astype(np.float32),
        balanced_probabilities=balanced,
        disagreement=members.std(axis=0).mean(axis=1).astype(np.float32),
        prior=prior,
        member_rows=np.arange(count, dtype=np.int64),
        member_probabilities=members,
    )


@dataclass
class MemorySource:
    """Items in memory, as an encoder sees a pool (`models.encoders.contract.ItemSource`)."""

    kind: str
    readable: npt.NDArray[np.bool_]
    roles: Mapping[str, Role] = field(default_factory=dict)
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    all_texts: Sequence[str] = ()
    all_images: Sequence[bytes | None] = ()
    all_vectors: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 1), np.float32))
    all_series: Sequence[npt.NDArray[np.float32] | None] = ()

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self.readable)

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        """Return the columns of `roles` for these rows."""
        return self.table[list(self.roles)].iloc[start:stop].copy()

    def texts(self, start: int, stop: int) -> list[str]:
        """Return the text of these rows."""
        return list(self.all_texts[start:stop])

    def images(self, start: int, stop: int) -> list[bytes | None]:
        """Return the image files of these rows."""
        return list(self.all_images[start:stop])

    def series(self, start: int, stop: int) -> list[npt.NDArray[np.float32] | None]:
        """Return the series of these rows."""
        return list(self.all_series[start:stop])

    def vectors(self, start: int, stop: int) -> npt.NDArray[np.float32]:
        """Return the ready-made vectors of these rows."""
        return self.all_vectors[start:stop].copy()


UNREADABLE = (0, 7)
"""Rows of `make_source` that cannot be read."""


def make_source(kind: str, count: int = 40) -> MemorySource:
    """Return a small pool of a kind, with items that cannot be read and tables with gaps.

    Args:
        kind: "table", "text", "image", "series" or "vectors".
        count: items.
    """
    generator = np.random.default_rng(3)
    readable = np.ones(count, np.bool_)
    readable[list(UNREADABLE)] = False
    source = MemorySource(kind, readable)
    if kind == "table":
        a = generator.normal(size=count)
        a[3] = np.nan
        colours = np.array(["red", "green", "blue"])[generator.integers(0, 3, count)]
        source.table = pd.DataFrame({"a": a, "b": generator.normal(size=count), "colour": colours})
        source.roles = {"a": "numeric", "b": "numeric", "colour": "categorical"}
    elif kind == "text":
        words = ("rain", "wind", "goal", "match", "card", "bank", "lost", "night")
        source.all_texts = ["" if row == 5 else " ".join(generator.choice(words, 6)) for row in range(count)]
    elif kind == "image":
        source.all_images = [None if row in UNREADABLE else _picture(generator) for row in range(count)]
    elif kind == "series":
        source.all_series = [
            None if row in UNREADABLE else generator.normal(size=(50, 2)).astype(np.float32)
            for row in range(count)
        ]
    else:
        source.all_vectors = generator.normal(size=(count, 5)).astype(np.float32)
    return source


def _picture(generator: np.random.Generator) -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(generator.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
