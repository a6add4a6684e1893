"""The readers by name, and the choice among them when the configuration says auto."""

from __future__ import annotations

from pathlib import Path

from config.fetching import is_address
from config.registry import Registry
from config.schema import PoolSection
from labeling.fetching.addresses import check_allowed
from labeling.fetching.fetcher import Fetcher, name_of
from labeling.pools.columns import KEY_NAMES, TEXT_NAMES, shown_columns
from labeling.pools.contract import Reader
from labeling.pools.errors import PoolMissingError, PoolReaderError
from labeling.pools.fits import read_fits
from labeling.pools.fits_rows import FITS_SUFFIXES
from labeling.pools.image_folder import read_image_folder
from labeling.pools.image_paths import read_image_paths
from labeling.pools.image_shards import read_image_shards
from labeling.pools.image_table import image_columns, read_image_table
from labeling.pools.rows import open_rows
from labeling.pools.series import read_series
from labeling.pools.shards import is_pattern, local_shards, names_shards, refuse_packed
from labeling.pools.sources import open_source
from labeling.pools.table import read_table, read_text
from labeling.pools.vectors import list_columns, read_vectors

readers: Registry[Reader] = Registry("reader")
readers.register("table")(read_table)
readers.register("text")(read_text)
readers.register("image_table")(read_image_table)
readers.register("image_folder")(read_image_folder)
readers.register("image_paths")(read_image_paths)
readers.register("image_shards")(read_image_shards)
readers.register("series")(read_series)
readers.register("vectors")(read_vectors)
readers.register("fits")(read_fits)
readers.seal()

_FILE_READERS = ("table", "text", "image_table", "image_paths", "image_shards", "series", "vectors", "fits")
"""Readers that need a file; what a plug-in's reader needs is for that to say."""


def locate(section: PoolSection, base: Path, *, fetcher: Fetcher | None = None) -> Path:
    """Return where the pool's file or folder is; for shards the pattern or the sequence that names them.

    What is at an address is fetched, if the person has allowed it; of shards that happens when they are read.

    Args:
        section: the configuration; a relative path counts from `base`.
        base: the folder of the project's configuration.
        fetcher: keeps what was fetched until it is released; None for one of its own.

    Raises:
        PoolMissingError: there is nothing, or it is an address that is not allowed.
        FetchError: it could not be fetched.
    """
    path = place_of(section, base)
    if not is_address(section.path) or names_shards(path):
        return path
    return (fetcher or Fetcher()).fetch(section.path)


def place_of(section: PoolSection, base: Path) -> Path:
    """Return where the pool's file or folder is, or for an address the bare name of what is there; fetch nothing.

    Args:
        section: the configuration; a relative path counts from `base`.
        base: the folder of the project's configuration.

    Raises:
        PoolMissingError: there is nothing, or it is an address that is not allowed.
    """
    if is_address(section.path):
        check_allowed(section.path.split("{", 1)[0], Fetcher().rules)
        if names_shards(section.path) and "*" in section.path:
            raise PoolMissingError(
                f"pool.path {section.path!r}: an address cannot be listed by *; name a sequence such as {{0000..0099}}"
            )
        return Path(name_of(section.path))
    path = base / Path(section.path).expanduser()
    try:
        if is_pattern(path) and names_shards(path) and not path.is_file():
            local_shards(path)
            return path
        found = path.exists()
    except (OSError, ValueError) as error:
        raise PoolMissingError(f"pool.path {section.path!r} cannot be opened ({error})") from error
    if not found:
        raise PoolMissingError(
            f"{path} does not exist; set pool.path to a file or folder (relative to {base})"
        )
    return path


def choose_reader(section: PoolSection, path: Path) -> str:
    """Return the name of the reader for a path: the one asked for, or by what the path is.

    Auto takes a folder for images, `.tar` and `.zip` for shards of images, `.npy` for vectors, `.fits` for a FITS
    table; otherwise the column that the configuration names decides (image, series, vectors, text), then the file: one
    column of bytes means images, one of number lists vectors; lines of text, and tables in which a column called text
    is the only one left for the model, are texts; all else is a table.

    Raises:
        PoolReaderError: no reader suits, or the one asked for needs a file and got a folder.
        PoolContentError: the file is not what its ending says.
    """
    if path.is_dir() and section.join:
        raise PoolReaderError(
            f"{path} is a folder, and what is joined needs a table to be joined to; take the table as the pool and "
            "join the folder to it, its files named by the table's keys"
        )
    if section.reader != "auto":
        if path.is_dir() and section.reader in _FILE_READERS:
            raise PoolReaderError(
                f"{path} is a folder and the reader {section.reader} needs a file; use image_folder"
            )
        return section.reader
    if path.is_dir():
        return "image_folder"
    if names_shards(path):
        return "image_shards"
    refuse_packed(path)
    if path.suffix.lower() in (".npy", ".npz"):
        return "vectors"
    if path.suffix.lower() in FITS_SUFFIXES and section.image is None:
        return "fits"
    for reader, column in (
        ("image_table", section.image),
        ("image_paths", section.image_path),
        ("series", section.series or None),
        ("vectors", section.vectors),
        ("text", section.text),
    ):
        if column is not None:
            return reader
    return _by_content(section, path)


def _by_content(section: PoolSection, path: Path) -> str:
    if path.suffix.lower() in (".parquet", ".pq") and section.columns is None:
        own = open_rows(path)
        if len(image_columns(own)) == 1:
            return "image_table"
        if len(list_columns(own)) == 1:
            return "vectors"
    rows = open_source(section, path)
    if path.suffix.lower() == ".txt":
        return "text"
    aside = {section.key, section.truth, *shown_columns(section)}
    left = [name for name in rows.names if name not in aside and name.lower() not in KEY_NAMES]
    return "text" if len(left) == 1 and left[0].lower() in TEXT_NAMES and section.columns is None else "table"
