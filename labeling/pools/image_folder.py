"""The reader of folders of images; the files stay where they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from config.schema import PoolSection
from labeling.pools.columns import shown_columns
from labeling.pools.contract import Known, Part, Reading
from labeling.pools.errors import PoolColumnsError, PoolEmptyError, PoolReaderError
from labeling.pools.hashing import hash_bytes, hash_text
from labeling.pools.images import inspect_image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tiff", ".tif")
_BATCH_FILES = 256
_CHUNK = 65536


def read_image_folder(section: PoolSection, path: Path) -> Reading:
    """Read all images below a folder, in the order of their keys.

    A file's key is its path below the folder, with slashes. With `labels_from_folders` the name of the folder it
    lies in is its hidden truth; the key must not tell it, so it is then the file's name with eight hexadecimal
    digits that stand for the path. Hidden files and folders are skipped, and so are symbolic links that lead out
    of the folder and links to folders.

    Raises:
        PoolReaderError: the path is no folder.
        PoolColumnsError: the configuration names columns, which a folder does not have.
        PoolEmptyError: there is no image below it.
    """
    if not path.is_dir():
        raise PoolReaderError(f"{path} is not a folder; the reader image_folder needs one")
    if (
        section.key
        or shown_columns(section)
        or section.truth
        or section.columns
        or section.text
        or section.image
    ):
        raise PoolColumnsError(
            f"{path}: a folder of images has no columns; remove pool.key, text, image, columns, extra and truth "
            "(labels_from_folders takes the sub-folders as the hidden truth)"
        )
    notes: list[str] = []
    paths = list_images(path, notes)
    if not len(paths):
        raise PoolEmptyError(
            f"{path}: no image in it or below ({', '.join(SUFFIXES)}); name the folder that has them"
        )
    keys = paths
    if section.labels_from_folders:
        keys = pa.array([veiled_key(each) for each in paths.to_pylist()], type=pa.string())
    order = pc.sort_indices(pc.cast(keys, pa.binary()))
    known = Known()
    parts = _parts(path, paths.take(order), keys.take(order), section.labels_from_folders, known)
    return Reading("image", (), parts, len(paths), notes, known=known)


def list_images(folder: Path, notes: list[str]) -> pa.Array:
    """Return the POSIX paths of all images below a folder, as an Arrow string array in the order met.

    Args:
        folder: where to begin.
        notes: a remark is added for what was left out.
    """
    root = folder.resolve()
    chunks, chunk = [], []
    outside = unnamed = 0
    for entry in _files(folder):
        if entry.is_symlink() and not lies_inside(root, Path(entry.path)):
            outside += 1
            continue
        name = Path(entry.path).relative_to(folder).as_posix()
        if not _is_utf8(name):
            unnamed += 1
            continue
        chunk.append(name)
        if len(chunk) == _CHUNK:
            chunks.append(pa.array(chunk, type=pa.string()))
            chunk = []
    chunks.append(pa.array(chunk, type=pa.string()))
    if outside:
        notes.append(f"{outside} symbolic links lead out of the folder or nowhere and are left out")
    if unnamed:
        notes.append(f"{unnamed} files have names that are not UTF-8 and are left out; rename them")
    return pa.concat_arrays(chunks)


def read_file(root: Path, name: str) -> bytes | None:
    """Return the bytes of a file below a folder, None where it is gone, cannot be read, or lies outside.

    Args:
        root: the folder.
        name: POSIX path below it; from a snapshot that may come from someone else, hence the check.
    """
    path = root / name
    if not lies_inside(root.resolve(), path):
        return None
    try:
        return path.read_bytes()
    except OSError:
        return None


def folder_stamp(folder: Path) -> tuple[int, int, int]:
    """Return what changes when a file below a folder does: how many images, their bytes, and a hash of their times."""
    count = size = times = 0
    for entry in _files(folder):
        try:
            state = entry.stat()
        except OSError:
            continue
        count += 1
        size += state.st_size
        name = os.fsencode(os.path.relpath(entry.path, folder))
        times ^= hash_bytes(name + b"\0%d\0%d" % (state.st_mtime_ns, state.st_size))
    return count, size, times >> 1


def veiled_key(name: str) -> str:
    """Return a key that does not tell the folder: cat/12.png → 12~0a1b2c3d.png; stable as other files come and go.

    Args:
        name: POSIX path below the pool's folder.
    """
    stem, suffix = os.path.splitext(name.rsplit("/", 1)[-1])
    return f"{stem}~{hash_text(name) & 0xFFFFFFFF:08x}{suffix}"


def lies_inside(root: Path, path: Path) -> bool:
    """Return whether a path is there and lies below a folder once all links are followed.

    Args:
        root: the folder, its own links followed.
        path: the path.
    """
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError, ValueError):  # gone, a link to itself, a NUL in its name
        return False


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the image files below a folder without following links to folders."""
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.lower().endswith(SUFFIXES) and not _is_folder(entry):
                    yield entry


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parts(folder: Path, paths: pa.Array, keys: pa.Array, labelled: bool, known: Known) -> Iterator[Part]:
    for start in range(0, len(paths), _BATCH_FILES):
        names = paths.slice(start, _BATCH_FILES)
        listed = names.to_pylist()
        problems, hashes = [], []
        for name in listed:
            data = read_file(folder, name) if start >= known.items else None
            problems.append("the file cannot be read" if data is None else inspect_image(data))
            hashes.append(hash_bytes(data or b""))
        truth = None
        if labelled:
            truth = pa.array(
                [name.split("/")[-2] if "/" in name else None for name in listed], type=pa.string()
            )
        yield Part(
            keys=keys.slice(start, _BATCH_FILES),
            columns=(),
            problems=pa.array(problems, type=pa.string()),
            content=np.asarray(hashes, dtype=np.uint64),
            paths=names,
            truth=truth,
        )
