"""How much memory a process and those it started take beyond the files that they map, each by itself (Linux)."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from types import TracebackType

from benchmarks.memory import own_memory_gb

SAMPLE_S = 0.25
"""Seconds between two samples: looking for processes that are new costs milliseconds."""


class TreeWatch:
    """Samples the own memory of a process and of all below it in a thread; a context manager.

    Attributes:
        root_gb: the most that was seen of the process named.
        below_gb: the most that was seen of any one process below it.
        together_gb: the most that was seen of all at once.
    """

    def __init__(self, pid: int, *, every_s: float = SAMPLE_S) -> None:
        """Name the process.

        Args:
            pid: the process.
            every_s: seconds between two samples.
        """
        self.root_gb = self.below_gb = self.together_gb = 0.0
        self._pid, self._every_s = pid, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-tree-watch", daemon=True)

    def __enter__(self) -> TreeWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def figures(self, name: str) -> dict[str, float]:
        """Return `NAME_gb`, `NAME_below_gb` and `NAME_together_gb`.

        Args:
            name: what was watched.
        """
        found = {"": self.root_gb, "_below": self.below_gb, "_together": self.together_gb}
        return {f"{name}{part}_gb": round(value, 3) for part, value in found.items()}

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            taken = {pid: own_memory_gb(pid) or 0.0 for pid in process_tree(self._pid)}
            root = taken.pop(self._pid, 0.0)
            self.root_gb = max(self.root_gb, root)
            self.below_gb = max(self.below_gb, *taken.values(), 0.0)
            self.together_gb = max(self.together_gb, root + sum(taken.values()))


def process_tree(pid: int) -> list[int]:
    """Return a process and all below it, as far as they still live.

    Args:
        pid: the process.
    """
    parents = {child: parent for child, parent in _parents()}
    found, levels = [pid], Counter(parents.values())
    for each in found:
        if levels[each]:
            found += [child for child, parent in parents.items() if parent == each]
    return found


def _parents() -> list[tuple[int, int]]:
    """Return (process, its parent) of all there are."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        # The name stands in parentheses and may hold spaces and parentheses itself.
        found.append((int(path.parent.name), int(text.rpartition(")")[2].split()[1])))
    return found
