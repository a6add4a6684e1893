"""What every export keeps."""

from __future__ import annotations

import copy
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from goldpan_contracts.errors import require, told
from labeling.exports.contract import LABEL_COLUMNS, ExportBundle, Write
from labeling.exports.registry import Export

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AWKWARD = ("a,b", 'say "no"', "two\nlines", "🦀 漢字", "=SUM(A1)", "0012", "../up", "NA")
"""Keys that tend to break a file."""


def check_export(export: Write | Export) -> None:
    """Check that an export keeps the contract of `labeling.exports.contract`.

    Args:
        export: the function that writes, or an `Export`.

    Raises:
        ContractBrokenError: a promise is not kept.
    """
    write = export.write if isinstance(export, Export) else export
    called = export.name if isinstance(export, Export) else getattr(export, "__name__", "the export")
    for what, bundle in (("labels with awkward names", sample_bundle()), ("no labels", empty_bundle())):
        first, second = (_written(write, bundle, f"{called}, {what}") for _ in range(2))
        require(first, f"{called}, {what}: it writes at least one file")
        require(
            first == second, f"{called}, {what}: the same labels give the same bytes; leave out times of day"
        )


def sample_bundle() -> ExportBundle:
    """Return labels whose keys and classes tend to break files, one skipped item and one that left the pool."""
    names = ("common", "rare, odd", "=class")
    rows: list[tuple[object, ...]] = [
        (key, row, names[row % 3], "label", "Ada, Countess", WHEN, 1, "prospect", "balance")
        for row, key in enumerate(AWKWARD)
    ]
    rows.append(("skipped", 90, None, "skip", "bob", WHEN, 2, "prospect", "refine"))
    rows.append(("gone", None, "common", "label", "bob", WHEN, None, None, None))
    return _bundle(pd.DataFrame(rows, columns=list(LABEL_COLUMNS)))


def empty_bundle() -> ExportBundle:
    """Return a project in which nothing is labelled yet."""
    return _bundle(pd.DataFrame([], columns=list(LABEL_COLUMNS)))


def _bundle(labels: pd.DataFrame) -> ExportBundle:
    colours = ["#ff0000", None, "#00ff00", None]
    return ExportBundle(
        project="pröject",
        config_hash="c" * 64,
        pool_hash="p" * 64,
        vectors_hash="v" * 64,
        revision=10,
        round_number=2,
        labels=labels.astype({"row": "Int64", "round": "Int64"}),
        classes=pd.DataFrame({"class_name": ["common", "rare, odd", "=class", "unused"], "colour": colours}),
        created_at=WHEN,
        seed=5,
    )


def _written(write: Write, bundle: ExportBundle, where: str) -> dict[str, bytes]:
    before = copy.deepcopy(bundle.labels)
    with tempfile.TemporaryDirectory(prefix="goldpan-contract-") as place:
        folder = Path(place)
        with told(where):
            files = write(bundle, folder).files
        require(bundle.labels.equals(before), f"{where}: the labels are left unchanged")
        found = {path for path in folder.rglob("*") if path.is_file()}
        told_of = {Path(path) for path in files}
        require(
            told_of <= found and len(told_of) == len(files),
            f"{where}: it returns the files it wrote into the folder",
        )
        require(found == told_of, f"{where}: it returns every file it wrote, {len(found - told_of)} were not")
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}
