"""The pool's vectors as one memory-mapped file, written once and read by everyone.

Reading needs numpy alone: the web server opens vectors without torch or scikit-learn. `vectors.npy` is an ordinary
numpy file, `vectors.json` beside it says how it came about and is written last: without it there are no vectors.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import (
    EncoderError,
    VectorsDamagedError,
    VectorsError,
    VectorsMismatchError,
    VectorsMissingError,
)

if TYPE_CHECKING:
    from config.schema import EncoderSection
    from models.encoders.contract import FittedEncoder, ItemSource
    from models.encoders.elsewhere import Elsewhere
    from models.known_vectors import KnownVectors

FILE, INFO = "vectors.npy", "vectors.json"
VERSION = 1
CHUNK_ROWS = 4096
FIT_SHARE = 0.3
"""Share of the progress that fitting stands for."""


@dataclass(frozen=True)
class VectorFile:
    """The vectors of a pool on disk.

    Attributes:
        path: the `.npy` file.
        shape: (n, d).
        hash: SHA-256 of shape and numbers as float32, hexadecimal; the same however they are stored.
        encoder: name of the encoder that made them.
        settings_hash: SHA-256 of encoder, its settings and seed; the same means the same vectors for the same pool.
        pool_hash: hash of the pool they were made from; "" if it was not given.
        state: what the encoder had learned (`models.encoders.kept.encoder_state`); None where that cannot be told.
        reason: why this encoder.
        seconds: how long it took.
    """

    path: Path
    shape: tuple[int, int]
    hash: str
    encoder: str
    settings_hash: str
    pool_hash: str
    reason: str
    seconds: float
    state: str | None = None

    @property
    def array(self) -> npt.NDArray[np.floating]:
        """(n, d) float32 or float16, a read-only memory map; row i is item i, zeros where it is unreadable."""
        return _open_array(self.path)

    def verify(self) -> None:
        """Read every number and compare with the hash.

        Raises:
            VectorsDamagedError: the numbers are not those that were written.
        """
        array = self.array
        digest = _start_hash(self.shape)
        for low in range(0, self.shape[0], CHUNK_ROWS):
            digest.update(np.ascontiguousarray(array[low : low + CHUNK_ROWS], dtype="<f4").tobytes())
        if digest.hexdigest() != self.hash:
            raise VectorsDamagedError(f"{self.path} was altered since it was written; make the vectors again")


def write_vectors(
    source: ItemSource,
    *,
    section: EncoderSection,
    seed: int,
    folder: Path,
    progress: Callable[[float, str], None],
    pool_hash: str = "",
    known: KnownVectors | None = None,
    elsewhere: Elsewhere | None = None,
) -> VectorFile:
    """Encode a pool into a folder; what was there stays until the new vectors are complete.

    An encoder that was kept beside earlier vectors of the same settings is taken up again, where it still suits.

    Args:
        source: the pool.
        section: the encoder's settings; "auto" is decided here.
        seed: of every random choice.
        folder: where `vectors.npy` and `vectors.json` go; made if missing.
        progress: called with the share done, 0 to 1, and what is being done.
        pool_hash: hash of the pool, kept beside the vectors.
        known: vectors that items have from before; they are taken over where the encoder would give the same again.
        elsewhere: encodes in place of this process, unless vectors are taken over.

    Returns:
        The file.

    Raises:
        UnknownNameError: the encoder is not registered.
        EncoderError: the pool has no items, cannot be encoded, or the encoder broke its contract.
        DeviceError: the device is not there.
        VectorsError: the folder cannot be written (read-only, disk full).
    """
    from threadpoolctl import threadpool_limits

    from models.encoders.elsewhere import wish_for
    from models.encoders.kept import encoder_state, revive_encoder
    from models.encoders.registry import choose_encoder, encoders
    from models.known_vectors import reuse_vectors

    if not len(source):
        raise EncoderError("the pool has no items; vectors need at least one")
    started = time.perf_counter()
    choice = choose_encoder(source, section)
    encoder = encoders.get(choice.name)
    settings = settings_hash(section, seed=seed, encoder=choice.name)
    # Another number of threads may add the same numbers in another order.
    with threadpool_limits(1, user_api="blas"):
        kept = revive_encoder(encoder, source, section=section, seed=seed, settings=settings, folder=folder)
        fitted = kept or encoder.fit(
            source, section=section, seed=seed, progress=lambda share, text: progress(FIT_SHARE * share, text)
        )
        state = encoder_state(fitted)
        info: dict[str, object] = {
            "version": VERSION,
            "encoder": choice.name,
            "reason": f"{choice.reason}; as learned before" if kept else choice.reason,
            "settings_hash": settings,
            "n": len(source),
            "dimensions": fitted.dimensions,
            "dtype": stored_dtype(fitted).name,
            "pool_hash": pool_hash,
            "state": state,
        }
        giving = reuse_vectors(fitted, known, settings=settings, state=state, items=len(source))
        ranges = [(low, min(low + CHUNK_ROWS, len(source))) for low in range(0, len(source), CHUNK_ROWS)]
        chunks: Iterator[npt.NDArray[np.float32]] = (
            giving.transform(source, low, high) for low, high in ranges
        )
        if elsewhere is not None and giving is fitted:
            wish = wish_for(choice.name, fitted, source, section=section, seed=seed, ranges=ranges)
            chunks = elsewhere(wish)
        _write(folder, chunks, fitted, info, progress=progress, started=started)
    progress(1.0, "vectors written")
    return open_vectors(folder, expected_rows=len(source))


def open_vectors(
    folder: Path, *, expected_rows: int | None = None, pool_hash: str | None = None
) -> VectorFile:
    """Open the vectors of a folder; nothing of the numbers is read yet.

    Args:
        folder: where they were written.
        expected_rows: items of the pool; None does not check.
        pool_hash: hash of the pool; None does not check.

    Returns:
        The file.

    Raises:
        VectorsMissingError: there are none, or their writing was not finished.
        VectorsDamagedError: a file is cut short, or is not what `write_vectors` writes.
        VectorsMismatchError: they were made from another pool, or are of another length.
    """
    path, info = folder / FILE, _read_info(folder)
    if not path.exists():
        raise VectorsMissingError(f"{path} is missing; make the vectors again")
    array = _open_array(path)
    if array.shape != (info["n"], info["dimensions"]):
        raise VectorsDamagedError(
            f"{path} holds {array.shape[0]} x {array.shape[1]} numbers, {INFO} says {info['n']} x"
            f" {info['dimensions']}; make the vectors again"
        )
    if expected_rows is not None and len(array) != expected_rows:
        raise VectorsMismatchError(
            f"{path} holds {len(array)} vectors, the pool has {expected_rows} items; make the vectors again"
        )
    if pool_hash is not None and info["pool_hash"] != pool_hash:
        raise VectorsMismatchError(f"{path} was made from another state of the pool; make the vectors again")
    return VectorFile(
        path=path,
        shape=(int(array.shape[0]), int(array.shape[1])),
        hash=str(info["hash"]),
        encoder=str(info["encoder"]),
        settings_hash=str(info["settings_hash"]),
        pool_hash=str(info["pool_hash"]),
        reason=str(info["reason"]),
        seconds=float(info["seconds"]),
        # Earlier versions did not tell.
        state=None if info.get("state") is None else str(info["state"]),
    )


def stored_dtype(fitted: FittedEncoder) -> np.dtype[np.floating]:
    """Return how the vectors of an encoder are stored: float16 where it says that nothing is lost by that.

    Args:
        fitted: the encoder; one with an attribute `halves` that is True gives numbers that float16 holds exactly.
    """
    return np.dtype(np.float16 if getattr(fitted, "halves", False) else np.float32)


def settings_hash(section: EncoderSection, *, seed: int, encoder: str) -> str:
    """Return the SHA-256 of what decides the vectors of a given pool.

    Args:
        section: the encoder's settings; batch size and device do not count.
        seed: of every random choice.
        encoder: the encoder chosen.

    Returns:
        64 hexadecimal digits.
    """
    decides: dict[str, object] = {
        "encoder": encoder,
        "dimensions": section.dimensions,
        "model": section.model,
        "seed": seed,
    }
    if section.any_orientation:
        decides["any_orientation"] = True
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _write(
    folder: Path,
    chunks: Iterator[npt.NDArray[np.float32]],
    fitted: FittedEncoder,
    info: dict[str, object],
    *,
    progress: Callable[[float, str], None],
    started: float,
) -> None:
    from models.encoders.kept import keep_encoder

    temporary = folder / f"{FILE}.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        digest = _write_chunks(temporary, chunks, fitted, int(str(info["n"])), progress)
        keep_encoder(fitted, settings=str(info["settings_hash"]), folder=folder)
        seconds = round(time.perf_counter() - started, 3)
        _publish(temporary, folder, info | {"hash": digest.hexdigest(), "seconds": seconds})
    except OSError as error:
        raise VectorsError(f"vectors cannot be written to {folder}: {error.strerror or error}") from error
    finally:
        # Where even this fails, the error on its way out says more.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _write_chunks(
    path: Path,
    chunks: Iterator[npt.NDArray[np.float32]],
    fitted: FittedEncoder,
    rows: int,
    progress: Callable[[float, str], None],
) -> hashlib._Hash:
    shape, stored = (rows, fitted.dimensions), stored_dtype(fitted)
    digest = _start_hash(shape)
    # Ordinary writes: on a full disk they raise, where writing through a memory map would kill the process.
    with path.open("wb") as file:
        header = {"descr": f"<f{stored.itemsize}", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for low, chunk in zip(range(0, rows, CHUNK_ROWS), chunks, strict=True):
            high = min(low + CHUNK_ROWS, rows)
            _check_chunk(chunk, (high - low, shape[1]))
            data = np.ascontiguousarray(chunk, dtype="<f4")
            file.write(data.astype(stored.newbyteorder("<")).tobytes())
            digest.update(data.tobytes())
            progress(FIT_SHARE + (1 - FIT_SHARE) * high / shape[0], "writing vectors")
        file.flush()
        os.fsync(file.fileno())
    return digest


def _check_chunk(chunk: npt.NDArray[np.float32], shape: tuple[int, int]) -> None:
    if chunk.shape != shape or chunk.dtype != np.float32:
        raise EncoderError(
            f"the encoder gave {chunk.dtype} of shape {chunk.shape} instead of float32 {shape}"
        )
    if not np.isfinite(chunk).all():
        raise EncoderError("the encoder gave NaN or infinite numbers; this is a defect of the encoder")


def _publish(temporary: Path, folder: Path, info: dict[str, object]) -> None:
    # The description goes first and comes last, so that it never describes another file's numbers.
    (folder / INFO).unlink(missing_ok=True)
    os.replace(temporary, folder / FILE)
    described = folder / f"{INFO}.{os.getpid()}.tmp"
    described.write_text(json.dumps(info, indent=2) + "\n", encoding="utf-8")
    os.replace(described, folder / INFO)


def _read_info(folder: Path) -> dict[str, Any]:
    path = folder / INFO
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise VectorsMissingError(f"{folder} holds no finished vectors; make them first") from error
    except (OSError, ValueError) as error:
        raise VectorsDamagedError(f"{path} cannot be read ({error}); make the vectors again") from error
    wanted = {
        "version",
        "encoder",
        "reason",
        "settings_hash",
        "n",
        "dimensions",
        "hash",
        "pool_hash",
        "seconds",
    }
    if not isinstance(info, dict) or not wanted <= info.keys():
        raise VectorsDamagedError(f"{path} lacks what describes the vectors; make the vectors again")
    if info["version"] != VERSION:
        raise VectorsDamagedError(
            f"{path} has version {info['version']!r}, this goldpan reads {VERSION}; make the vectors again"
        )
    return info


def _open_array(path: Path) -> npt.NDArray[np.floating]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise VectorsDamagedError(
            f"{path} is cut short or not an array of numbers ({error}); make the vectors again"
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype not in (np.float32, np.float16) or array.ndim != 2:
        raise VectorsDamagedError(
            f"{path} is not a table of float32 or float16 numbers; make the vectors again"
        )
    return array


def _start_hash(shape: tuple[int, int]) -> hashlib._Hash:
    return hashlib.sha256(f"float32 {shape[0]} {shape[1]}\n".encode())
