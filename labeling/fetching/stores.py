"""Object stores (S3, Google Cloud, Azure, OSS) by fsspec, which has a library for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labeling.fetching.errors import FetchError, FetchStalledError
from labeling.fetching.web import CHUNK_BYTES, Answer

_MARKS = (
    "ETag",
    "etag",
    "md5Hash",
    "generation",
    "LastModified",
    "mtime",
    "updated",
    "last_modified",
    "created",
)


def describe(address: str) -> tuple[int | None, str]:
    """Return the size of a file in a store, None where it does not say, and what changes when the file does.

    Args:
        address: `s3://bucket/name`; that it is allowed has been seen to.

    Raises:
        FetchError: it is not there, may not be read, or the store's library is missing.
        FetchStalledError: the store does not answer.
    """
    files, path = _open_store(address)
    try:
        found = files.info(path)
    except Exception as error:  # each store's library has errors of its own
        raise _told(address, error) from error
    size = found.get("size")
    return None if size is None else int(size), " ".join(str(found[name]) for name in _MARKS if name in found)


def read(address: str, *, start: int = 0, length: int | None = None) -> Answer:
    """Return a file of a store, or a part of it, as `labeling.fetching.web.opened` does.

    Args:
        address: of the file.
        start: first byte wanted.
        length: how many; None for all.

    Raises:
        FetchError: it is not there, may not be read, or the store's library is missing.
        FetchStalledError: the store does not answer.
    """
    size, mark = describe(address)
    return Answer(size, mark, False, _chunks(address, start, length, size))


def _chunks(address: str, start: int, length: int | None, size: int | None) -> Iterator[bytes]:
    files, path = _open_store(address)
    wanted = length if length is not None else None if size is None else size - start
    got = 0
    try:
        with files.open(path, "rb") as file:
            file.seek(start)
            while wanted is None or got < wanted:
                chunk = file.read(CHUNK_BYTES if wanted is None else min(CHUNK_BYTES, wanted - got))
                if not chunk:
                    break
                got += len(chunk)
                yield chunk
    except GeneratorExit:
        raise
    except Exception as error:  # each store's library has errors of its own
        raise _told(address, error) from error
    if wanted is not None and got < wanted:
        raise FetchStalledError(f"{address} is cut short: {got:,} of {wanted:,} bytes came; try again")


def _open_store(address: str) -> tuple[Any, str]:
    try:
        import fsspec

        files, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise FetchError(
            f"{address} needs a library that is not installed ({error}); install goldpan[remote] and the library of "
            "the store: s3fs for s3, gcsfs for gs, adlfs for az"
        ) from error
    except Exception as error:  # each store's library has errors of its own
        raise _told(address, error) from error
    return files, str(path)


def _told(address: str, error: Exception) -> FetchError:
    words = f"{type(error).__name__}: {str(error)[:300]}"
    if isinstance(error, FileNotFoundError):
        return FetchError(f"{address} is not there ({words}); mend the address")
    if isinstance(error, PermissionError):
        return FetchError(f"{address} may not be read ({words}); see to the store's credentials")
    return FetchStalledError(f"{address} cannot be read ({words}); see to the network and try again")
