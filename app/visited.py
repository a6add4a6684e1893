"""The items that one tab has looked at, newest first."""

from __future__ import annotations

VISITED_MAX = 50


class Visited:
    """Rows of the items looked at last; each stands once, where it was looked at last."""

    def __init__(self) -> None:
        """Start with none."""
        self._rows: dict[int, None] = {}

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows, newest first."""
        return tuple(reversed(self._rows))

    def add(self, row: int) -> bool:
        """Note that an item is looked at; return whether the list is another one now."""
        if row < 0 or self.rows[:1] == (row,):
            return False
        self._rows.pop(row, None)
        self._rows[row] = None
        while len(self._rows) > VISITED_MAX:
            self._rows.pop(next(iter(self._rows)))
        return True
