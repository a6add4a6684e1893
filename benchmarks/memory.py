"""How much memory another process takes beyond the files that it maps, sampled while it works (Linux)."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

SAMPLE_S = 0.01
_PARTS = ("RssAnon:", "RssShmem:")


def own_memory_gb(pid: int) -> float | None:
    """Return the gigabytes (10⁹) of memory that are a process's own, mapped files left out.

    Args:
        pid: the process.

    Returns:
        None where the system does not tell, or the process is gone.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    found = [int(line.split()[1]) for line in lines if line.startswith(_PARTS)]
    return sum(found) * 1024 / 1e9 if found else None


class MemoryWatch:
    """Samples a process's own memory in a thread; a context manager.

    Attributes:
        peak_gb: the most that was seen; None where the system does not tell.
    """

    def __init__(self, pid: int, *, every_s: float = SAMPLE_S) -> None:
        """Name the process.

        Args:
            pid: the process.
            every_s: seconds between two samples.
        """
        self.peak_gb: float | None = None
        self._pid, self._every_s = pid, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every_s):
            self._look()

    def _look(self) -> None:
        found = own_memory_gb(self._pid)
        if found is not None:
            self.peak_gb = max(found, self.peak_gb or 0.0)
