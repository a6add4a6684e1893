"""Opening what a pool is made from: the file, what is joined to it, and what is calculated from both."""

from __future__ import annotations

from pathlib import Path

from config.fetching import is_address
from config.schema import PoolSection
from labeling.pools.combined_rows import CombinedRows
from labeling.pools.errors import PoolColumnsError, PoolMissingError
from labeling.pools.fits_rows import FITS_SUFFIXES, FitsRows
from labeling.pools.folder_rows import KEY, FolderRows
from labeling.pools.joined_rows import JoinedRows
from labeling.pools.rows import Rows, open_rows
from labeling.pools.spread_rows import SpreadRows


def locate_path(given: str, base: Path, *, part: str) -> Path:
    """Return where a file or folder of the configuration is.

    Args:
        given: as the configuration has it; a relative path counts from `base`.
        base: the folder of the project's configuration.
        part: the key that holds it, for messages.

    Raises:
        PoolMissingError: there is nothing, or it is an address on a network.
    """
    if is_address(given):
        raise PoolMissingError(
            f"{part} {given!r} is an address, and what is joined is not fetched; download it and name the file"
        )
    path = base / Path(given).expanduser()
    try:
        found = path.exists()
    except OSError as error:
        raise PoolMissingError(f"{part} {given!r} cannot be opened ({error})") from error
    if not found:
        raise PoolMissingError(f"{path} does not exist; set {part} to a file or folder (relative to {base})")
    return path


def join_paths(section: PoolSection, base: Path) -> list[Path]:
    """Return where the joined sources are.

    Raises:
        PoolMissingError: one is not there.
    """
    return [locate_path(each.path, base, part="pool.join.path") for each in section.join]


def with_located_joins(section: PoolSection, base: Path) -> PoolSection:
    """Return the configuration with the joined sources' paths made absolute, as readers need them.

    Raises:
        PoolMissingError: one is not there.
    """
    if not section.join:
        return section
    paths = join_paths(section, base)
    joins = tuple(
        each.model_copy(update={"path": str(path.absolute())})
        for each, path in zip(section.join, paths, strict=True)
    )
    return section.model_copy(update={"join": joins})


def open_source(section: PoolSection, path: Path) -> Rows:
    """Open a pool's table with what is joined to it and calculated from it.

    Args:
        section: the configuration; paths of joined sources are absolute.
        path: the pool's own file.

    Raises:
        PoolReaderError: the ending is unknown, or astropy is missing.
        PoolContentError: a file is not what its ending says.
        PoolEmptyError: there is nothing in one.
        PoolColumnsError: names clash, keys are no columns, or formulas cannot be read.
        PoolMissingError: a joined source is not there.
    """
    rows = _opened(path, section.hdu, section)
    for join in section.join:
        other = _opened(Path(join.path), join.hdu, section)
        whole = join
        if isinstance(other, FolderRows) and join.their_key is None:
            whole = join.model_copy(update={"their_key": KEY})
        rows = JoinedRows(rows, other, whole)
    return CombinedRows(rows, section.combine, truth=section.truth) if section.combine else rows


def _opened(path: Path, hdu: str | None, section: PoolSection) -> Rows:
    """Open one source; short columns of several numbers are spread where a table is wanted."""
    if not path.exists():
        raise PoolMissingError(f"{path} does not exist; set pool.join.path to a file or folder")
    if path.is_dir():
        return FolderRows(path)
    if path.suffix.lower() not in FITS_SUFFIXES:
        return open_rows(path)
    rows = FitsRows(path, hdu)
    named = {
        section.key,
        section.text,
        section.truth,
        section.group,
        *section.extra,
        *(section.columns or ()),
    }
    unfit = [name for name in rows.left_out if name in {*named, section.vectors, *section.series}]
    if unfit:
        raise PoolColumnsError(
            f"{path}: {unfit[0]!r} holds {rows.left_out[unfit[0]]}, which goldpan cannot use; name another column"
        )
    if section.reader in ("series", "vectors"):
        return rows
    return SpreadRows(rows, keep=[name for name in (section.vectors, *section.series) if name is not None])
