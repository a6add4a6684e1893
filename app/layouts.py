"""The layouts of the pool that one server's pages show: the principal axes, and the better one once it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from app.project import Project
from models.arranging import open_arrangement
from models.errors import ModelError, ProjectionError
from models.projection import open_projection
from models.vectors import open_vectors

LayoutName = Literal["arranged", "principal"]
LAYOUTS: tuple[LayoutName, ...] = ("arranged", "principal")

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LayoutState:
    """What the pages show of the better layout.

    Attributes:
        version: counts up when a better layout can be shown; 0 before the first.
        share: how much of the one that is being made is done, 0 to 1; None while none is.
        problem: why it could not be made; empty if it could.
    """

    version: int = 0
    share: float | None = None
    problem: str = ""


class Layouts:
    """Opens each layout once for all pages; safe to use from several threads.

    Attributes:
        version: as of `LayoutState`.
    """

    def __init__(self, project: Project) -> None:
        """Open the better layout where there is one."""
        self._folder = project.paths.vectors
        self._items = project.pool.n
        self._principal: FloatArray | None = None
        self._arranged: FloatArray | None = None
        self.version = 0
        try:
            self._vectors_hash: str | None = open_vectors(
                self._folder, expected_rows=project.pool.n, pool_hash=project.pool.hash
            ).hash
        except (ModelError, OSError):
            self._vectors_hash = None
        self.look()

    @property
    def can_be_arranged(self) -> bool:
        """Whether there are vectors of this pool."""
        return self._vectors_hash is not None

    def positions(self, name: LayoutName) -> FloatArray:
        """Return (n, 2) float32, read-only: the better layout if it is asked for and there, else the principal axes.

        The same array is returned until another layout takes its place.

        Raises:
            ProjectionError: there are no principal axes either.
        """
        arranged = self._arranged
        if name == "arranged" and arranged is not None:
            return arranged
        if self._principal is None:
            self._principal = open_projection(self._folder, expected_rows=self._items)
        return self._principal

    def look(self) -> bool:
        """Take over the better layout of these vectors if there is one now; return whether there is."""
        if self._vectors_hash is None:
            return False
        try:
            found = open_arrangement(self._folder, expected_rows=self._items, vectors_hash=self._vectors_hash)
        except ProjectionError:
            return False
        self._arranged = found
        self.version += 1
        return True
