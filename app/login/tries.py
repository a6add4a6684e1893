"""A limit on guessing: after a few wrong passwords, each further try has to wait longer."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5
"""Wrong tries before the first wait."""
LONGEST_S = {"name": 60.0, "address": 900.0}
"""The longest wait: short for a name, or a stranger could lock a person out; long for who tries many names."""
FORGOTTEN_S = 3600.0
MOST = 20_000
"""Names and addresses that are remembered; beyond it those that tried longest ago are forgotten."""


@dataclass
class _Record:
    """Tries of one name or address.

    Attributes:
        count: wrong tries in a row.
        at_s: when the last one was.
    """

    count: int
    at_s: float


class Tries:
    """The wrong tries of one server, by name and by address. Safe to use from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing yet.

        Args:
            clock: returns seconds that never go back.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._records: OrderedDict[tuple[str, str], _Record] = OrderedDict()

    def begin(self, *, name: str, address: str) -> float:
        """Begin a try, which counts as a wrong one until `passed` says otherwise.

        Counting first keeps a hundred tries at once from being one.

        Args:
            name: who is said to sign in.
            address: from where.

        Returns:
            The seconds to wait before the next try is allowed; 0 where this one may go on.
        """
        with self._lock:
            wait_s = max(self._wait_s(key) for key in _keys(name, address))
            if wait_s <= 0:
                for key in _keys(name, address):
                    self._count(key)
            return max(wait_s, 0.0)

    def passed(self, *, name: str, address: str) -> None:
        """Forget the wrong tries of a name and an address: the password was right."""
        with self._lock:
            for key in _keys(name, address):
                self._records.pop(key, None)

    def _wait_s(self, key: tuple[str, str]) -> float:
        record = self._records.get(key)
        if record is None or record.count < FREE:
            return 0.0
        # 2.0 ** 1024 overflows, and the longest wait is reached long before.
        delay_s = min(2.0 ** min(record.count - FREE, 30), LONGEST_S[key[0]])
        return record.at_s + delay_s - self._clock()

    def _count(self, key: tuple[str, str]) -> None:
        now_s = self._clock()
        record = self._records.pop(key, None)
        if record is None or now_s - record.at_s > FORGOTTEN_S:
            record = _Record(0, now_s)
        self._records[key] = _Record(record.count + 1, now_s)
        while len(self._records) > MOST:
            self._records.popitem(last=False)


def _keys(name: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("name", name.casefold()[:200]), ("address", address)
