"""The exports by name; each fills a new folder as a whole, with a manifest, or leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.registry import Registry
from labeling.exports.contract import ExportBundle, Write, check_bundle
from labeling.exports.csv import write_csv
from labeling.exports.errors import ExportFolderError
from labeling.exports.manifest import write_manifest
from labeling.exports.parquet import write_parquet
from labeling.exports.selection import write_selection


@dataclass(frozen=True)
class Export:
    """One export: `exports.get("csv")(bundle, folder)`.

    Attributes:
        name: as in the registry.
        title: what the person gets, in a few words.
        write: writes its files into an empty folder.
    """

    name: str
    title: str
    write: Write

    def __call__(self, bundle: ExportBundle, folder: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
        """Write this export alone; see `write_exports`.

        Raises:
            ExportFolderError: the folder has files in it, or cannot be written.
            ExportBundleError: the bundle is not complete.
        """
        return write_exports(bundle, folder, names=(self.name,), overwrite=overwrite)


exports: Registry[Export] = Registry("export")
for _export in (
    Export("csv", "labels and classes as CSV", write_csv),
    Export("parquet", "labels and classes as Parquet", write_parquet),
    Export("selection", "a class-balanced selection of the labelled items", write_selection),
):
    exports.register(_export.name)(_export)
exports.seal()


def write_exports(
    bundle: ExportBundle, folder: Path, *, names: Sequence[str], overwrite: bool = False
) -> tuple[Path, ...]:
    """Write one or several exports into one folder, with one manifest.

    Everything is written into a temporary folder beside it, which takes its name at the end.

    Args:
        bundle: what to export.
        folder: where; new or empty, unless `overwrite`, which replaces the whole folder.
        names: exports of the registry.
        overwrite: whether a folder with files in it may be replaced. Only one that an export made is.

    Returns:
        The files, the manifest last.

    Raises:
        UnknownNameError: there is no export of such a name.
        ExportFolderError: the folder has files in it, or cannot be written.
        ExportBundleError: the bundle is not complete.
        SelectionError: no selection can be made with these targets.
    """
    chosen = [exports.get(name) for name in dict.fromkeys(names)]
    check_bundle(bundle)
    _check_folder(folder, overwrite)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        build = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent))
    except OSError as error:
        raise ExportFolderError(f"{folder} cannot be written ({error}); choose another folder") from error
    try:
        build.chmod(0o755)
        files = [path for export in chosen for path in export.write(bundle, build)]
        files.append(write_manifest(bundle, build, [export.name for export in chosen], files))
        names_written = [path.relative_to(build) for path in files]
        _flush(files)
        _replace(build, folder)
    except OSError as error:
        raise ExportFolderError(
            f"{folder} cannot be written ({error}); make room or choose another"
        ) from error
    finally:
        shutil.rmtree(build, ignore_errors=True)
    return tuple(folder / name for name in names_written)


def _check_folder(folder: Path, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ExportFolderError(f"{folder} is a file; an export needs a folder of its own")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not overwrite:
        raise ExportFolderError(f"{folder} has files in it; choose a new folder, or ask to overwrite")
    if not (folder / "manifest.json").exists():
        raise ExportFolderError(f"{folder} has files in it that no export wrote; choose another folder")


def _flush(files: Sequence[Path]) -> None:
    for path in files:
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _replace(build: Path, folder: Path) -> None:
    """Give the finished folder its name; what was there is moved aside first and removed last."""
    if not folder.exists():
        build.rename(folder)
        return
    aside = build.with_suffix(".old")
    folder.rename(aside)
    try:
        build.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)
