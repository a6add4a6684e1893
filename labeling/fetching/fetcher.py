"""What the rest of goldpan asks for a file at an address: allowed, tried again where that helps, kept on disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from config.fetching import WEB, FetchRules, load_rules
from labeling.fetching import stores, web
from labeling.fetching.addresses import check_allowed
from labeling.fetching.cache import DiskCache
from labeling.fetching.errors import FetchError, FetchStalledError
from labeling.pools.hashing import hash_text

PAUSES_S = (0.5, 2.0, 8.0)
"""How long to wait before each further try."""
HURRIED_S = 5.0
"""How long a server may say nothing while a person waits for a picture."""
QUIET_S = 10.0
"""Who did not answer a person that waits is not asked again for so long."""
MOST_MEDIA_BYTES = 512 << 20
"""Largest file that is taken into memory."""

Result = TypeVar("Result")


class Fetcher:
    """Fetches what the person allowed; safe to use from several threads."""

    def __init__(self, rules: FetchRules | None = None) -> None:
        """Say by which rules.

        Args:
            rules: None for the person's own, read when something is first asked for.
        """
        self._given = rules
        self._lock = threading.Lock()
        self._kept: DiskCache | None = None
        self._quiet_until_s = 0.0

    @cached_property
    def rules(self) -> FetchRules:
        """What may be fetched.

        Raises:
            ConfigError: the person's file cannot be read.
        """
        return self._given or load_rules()

    def stamp(self, address: str) -> tuple[int, int]:
        """Return a file's size, 0 where that is not said, and a number that changes when it does.

        A person waits for it when a server starts, so no try is long.

        Raises:
            FetchRefusedError: the address is not allowed.
            FetchError: there is no such file, or no answer.
        """
        size, mark = self._describe(address, silent_s=HURRIED_S)
        if size is None and not mark:  # nothing tells: it may have changed
            mark = str(time.time_ns())
        return size or 0, hash_text(mark) >> 1

    def fetch(self, address: str) -> Path:
        """Return a whole file on this machine; it stays there until `release`.

        Raises:
            FetchRefusedError: the address is not allowed.
            FetchError: it could not be fetched, or is larger than what is kept.
        """
        size, mark = self._describe(address)
        if size is not None and size > self.rules.cache_bytes:
            raise FetchError(
                f"{address} has {size:,} bytes; of fetched files {self.rules.cache_bytes:,} are kept: set cache_gb in "
                "fetch.yaml to more"
            )
        # Without a mark nothing would tell that the file has changed: it is fetched each time.
        key = f"{address} {size} {mark or time.time_ns()}"
        name = name_of(address)
        found = self._cache.get(key, name, hold=True)
        if found is not None:
            return found

        def once() -> Path:
            with self._opened(address) as answer:
                return self._cache.put(key, name, answer.chunks, hold=True)

        return _tried(once)

    def read(
        self,
        address: str,
        *,
        start: int = 0,
        length: int | None = None,
        expected: int | None = None,
        hurry: bool = False,
    ) -> bytes:
        """Return the bytes of a file, or of a part of it. While they are kept on disk nothing is asked.

        Args:
            address: of the file.
            start: first byte.
            length: how many; None for all.
            expected: bytes that the whole file must have; None for any.
            hurry: a person waits: try once, and not for long.

        Raises:
            FetchRefusedError: the address is not allowed.
            FetchError: it could not be fetched, is too large, or is another one than expected.
        """
        check_allowed(address, self.rules)
        key, name = f"{address} {start} {length} {expected}", name_of(address)
        data = self._cache.read(key, name)
        if data is not None:
            return data

        def once() -> bytes:
            with self._opened(address, start=start, length=length, hurry=hurry) as answer:
                if None not in (expected, answer.size) and answer.size != expected:
                    raise FetchError(
                        f"{address} has {answer.size:,} bytes and had {expected:,} when the pool was imported; put the "
                        "old one back, or run `goldpan refresh`"
                    )
                if not answer.whole:
                    return _joined(answer.chunks, address, length)
            with self.fetch(address).open("rb") as file:
                file.seek(start)
                return file.read(MOST_MEDIA_BYTES if length is None else length)

        data = self._hurried(once, address) if hurry else _tried(once)
        if length is not None and len(data) != length:
            raise FetchError(
                f"{address} ends before byte {start + length:,}; it is cut short: put the old one back"
            )
        # A full disk is no reason to keep a picture from who waits for it.
        with suppress(FetchError):
            self._cache.put(key, name, [data])
        return data

    def release(self) -> None:
        """Let fetched files go that were to stay."""
        if self._kept is not None:
            self._kept.release()

    @property
    def _cache(self) -> DiskCache:
        rules = self.rules
        with self._lock:
            if self._kept is None:
                self._kept = DiskCache(rules.cache_folder, rules.cache_bytes)
            return self._kept

    def _hurried(self, once: Callable[[], Result], address: str) -> Result:
        """Try once; who did not answer is not asked again for a while, so that no page waits for each picture."""
        if time.monotonic() < self._quiet_until_s:
            raise FetchStalledError(
                f"{address} is not asked: there was no answer a moment ago; try again later"
            )
        try:
            return once()
        except FetchStalledError:
            self._quiet_until_s = time.monotonic() + QUIET_S
            raise

    def _describe(self, address: str, *, silent_s: float | None = None) -> tuple[int | None, str]:
        origin = check_allowed(address, self.rules)
        if origin.scheme not in WEB:
            return _tried(lambda: stores.describe(address))

        def once() -> tuple[int | None, str]:
            with web.opened(address, self.rules, head=True, silent_s=silent_s or web.SILENT_S) as answer:
                return answer.size, answer.mark

        try:
            return _tried(once)
        except FetchStalledError:
            raise
        except FetchError:
            # Some servers, and addresses that were signed for one kind of request, answer no HEAD.
            return None, ""

    @contextmanager
    def _opened(
        self, address: str, *, start: int = 0, length: int | None = None, hurry: bool = False
    ) -> Iterator[web.Answer]:
        origin = check_allowed(address, self.rules)
        if origin.scheme not in WEB:
            yield stores.read(address, start=start, length=length)
            return
        silent_s = HURRIED_S if hurry else web.SILENT_S
        with web.opened(address, self.rules, start=start, length=length, silent_s=silent_s) as answer:
            yield answer


def name_of(address: str) -> str:
    """Return the name of the file at an address."""
    return urlsplit(address).path.rstrip("/").rsplit("/", 1)[-1] or "file"


def _tried(once: Callable[[], Result]) -> Result:
    for pause_s in PAUSES_S:
        try:
            return once()
        except FetchStalledError as error:
            time.sleep(max(pause_s, error.pause_s or 0.0))
    return once()


def _joined(chunks: Iterator[bytes], address: str, length: int | None) -> bytes:
    most = MOST_MEDIA_BYTES if length is None else length
    kept, got = [], 0
    for chunk in chunks:
        got += len(chunk)
        if got > most:
            raise FetchError(f"{address} sends more than {most:,} bytes; name a smaller file")
        kept.append(chunk)
    return b"".join(kept)
