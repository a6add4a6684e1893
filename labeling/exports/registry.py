"""The exports by name; each fills a new folder as a whole, with a manifest, or leaves nothing behind."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from config.registry import Registry
from labeling.exports.coco import write_coco
from labeling.exports.contract import ExportBundle, Write, check_bundle
from labeling.exports.csv import write_csv
from labeling.exports.errors import ExportFolderError, ExportUnfitError
from labeling.exports.fits import write_fits
from labeling.exports.huggingface import write_huggingface
from labeling.exports.image_folder import write_image_folder
from labeling.exports.jsonl import write_jsonl
from labeling.exports.label_studio import write_label_studio
from labeling.exports.manifest import write_manifest
from labeling.exports.model import write_model, write_onnx
from labeling.exports.npz import write_npz
from labeling.exports.parquet import write_parquet
from labeling.exports.selection import write_selection
from labeling.exports.webdataset import write_webdataset
from labeling.pools.contract import Kind

Need = Literal["pool", "vectors", "model"]
NEEDS: Mapping[Need, str] = MappingProxyType(
    {
        "pool": "the items themselves, which are not at hand",
        "vectors": "the items' vectors, which are not made yet",
        "model": "a trained model of a head that can be written (all but sklearn); a round with two classes trains one",
    }
)
"""What an export may need of a bundle beside the labels, and how to say that it is missing."""


@dataclass(frozen=True)
class Export:
    """One export: `exports.get("csv")(bundle, folder)`.

    Attributes:
        name: as in the registry.
        title: what the person gets, in a few words.
        write: writes its files into an empty folder.
        kinds: the kinds of pools it suits; empty for all.
        needs: what of the bundle must be there.
        library: module that must be installed, and the extra of goldpan that brings it; "" for none.
        extra: the name of that extra.
    """

    name: str
    title: str
    write: Write
    kinds: tuple[Kind, ...] = ()
    needs: tuple[Need, ...] = ()
    library: str = ""
    extra: str = ""

    def __call__(self, bundle: ExportBundle, folder: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
        """Write this export alone; see `write_exports`.

        Raises:
            ExportFolderError: the folder has files in it, or cannot be written.
            ExportBundleError: the bundle is not complete.
            ExportUnfitError: see `why_not`.
        """
        return write_exports(bundle, folder, names=(self.name,), overwrite=overwrite)

    def why_not(self, *, kind: Kind | None, present: Collection[Need]) -> str:
        """Return why this export cannot be made here, "" where it can.

        Args:
            kind: what the pool's items are; None where there is no pool at hand.
            present: what there is of `NEEDS`.
        """
        if self.kinds and kind is not None and kind not in self.kinds:
            suited = " or ".join(PLURALS[each] for each in self.kinds)
            return f"is for pools of {suited}, this one is of {PLURALS[kind]}"
        missing = next((need for need in self.needs if need not in present), None)
        if missing is not None:
            return f"needs {NEEDS[missing]}"
        if self.library and importlib.util.find_spec(self.library) is None:
            return f"needs {self.library}, which is not installed: pip install 'goldpan[{self.extra}]'"
        return ""


PLURALS: Mapping[Kind, str] = MappingProxyType(
    {"table": "table rows", "image": "images", "text": "texts", "series": "time series", "vectors": "vectors"}
)

exports: Registry[Export] = Registry("export")
for _export in (
    Export("csv", "labels and classes as CSV", write_csv),
    Export("parquet", "labels and classes as Parquet", write_parquet),
    Export("selection", "a class-balanced selection of the labelled items", write_selection),
    Export("jsonl", "labels and classes as JSON lines", write_jsonl),
    Export("npz", "vectors and classes for scikit-learn", write_npz, needs=("vectors",)),
    Export(
        "image_folder",
        "a folder of images for each class",
        write_image_folder,
        kinds=("image",),
        needs=("pool",),
    ),
    Export("coco", "images and classes as COCO JSON", write_coco, kinds=("image",), needs=("pool",)),
    Export("label_studio", "tasks with their labels for Label Studio", write_label_studio, needs=("pool",)),
    Export("fits", "labels as a FITS table", write_fits, library="astropy", extra="fits"),
    Export("huggingface", "a data set folder for Hugging Face", write_huggingface, needs=("pool",)),
    Export("webdataset", "tar shards for WebDataset", write_webdataset, needs=("pool",)),
    Export("model", "the model's weights and a predictor", write_model, needs=("model",)),
    Export("onnx", "the model as ONNX", write_onnx, needs=("model",), library="onnx", extra="onnx"),
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
        ExportUnfitError: an export does not suit the pool, or needs what is not there; all of them are named.
        SelectionError: no selection can be made with these targets.
    """
    chosen = [exports.get(name) for name in dict.fromkeys(names)]
    check_bundle(bundle)
    _check_fit(bundle, chosen)
    _check_folder(folder, overwrite)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        build = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent))
    except OSError as error:
        raise ExportFolderError(f"{folder} cannot be written ({error}); choose another folder") from error
    try:
        build.chmod(0o755)
        written = {export.name: export.write(bundle, build) for export in chosen}
        files = [path for each in written.values() for path in each.files]
        left_out = {name: each.left_out for name, each in written.items()}
        files.append(write_manifest(bundle, build, list(written), files, left_out))
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


def _check_fit(bundle: ExportBundle, chosen: Sequence[Export]) -> None:
    kind = None if bundle.pool is None else bundle.pool.kind
    present = [need for need in NEEDS if getattr(bundle, need) is not None]
    problems = [
        f"{export.name} {reason}"
        for export in chosen
        if (reason := export.why_not(kind=kind, present=present))
    ]
    if problems:
        raise ExportUnfitError(f"nothing was exported: {'; '.join(problems)}")


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
