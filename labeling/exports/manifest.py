"""`manifest.json`: which files an export holds, their checksums, and how the labels came to be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from labeling.exports.contract import AUTO, ExportBundle
from labeling.exports.errors import ExportDamagedError

MANIFEST_FILE = "manifest.json"
MANIFEST_VERSION = 1
NAMED = 1000
"""Items left out that the manifest names; beyond it counts them alone."""


def write_manifest(
    bundle: ExportBundle,
    folder: Path,
    names: Sequence[str],
    files: Sequence[Path],
    left_out: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> Path:
    """Write the manifest of a folder.

    Args:
        bundle: what was exported.
        folder: where the files are.
        names: the exports that wrote them.
        files: the files.
        left_out: export → item key → why it is not in that export.

    Returns:
        The manifest's path.
    """
    labelled = _by_people(bundle)["class_name"].dropna()
    counts = {str(name): int((labelled == name).sum()) for name in bundle.classes["class_name"]}
    content = {
        "version": MANIFEST_VERSION,
        "project": bundle.project,
        "created_at": bundle.created_at.isoformat(),
        "licence": bundle.licence,
        "exports": list(names),
        "hashes": {"config": bundle.config_hash, "pool": bundle.pool_hash, "vectors": bundle.vectors_hash},
        "revision": bundle.revision,
        "round": bundle.round_number,
        "seed": bundle.seed,
        "targets": {str(name): float(weight) for name, weight in bundle.targets.items()},
        "counts": dict(bundle.counts),
        "budget": bundle.budget,
        "splits": {str(name): float(share) for name, share in bundle.splits.items()},
        "labels_per_class": counts,
        "acts": _tally(_by_people(bundle)["act"].tolist()),
        "annotators": _tally(bundle.labels["annotator"].dropna().tolist()),
        "left_out": {name: _told(items) for name, items in left_out.items() if items},
        "audit_set": int(bundle.labels["audit_set"].sum()) if "audit_set" in bundle.labels else 0,
        "team": None if bundle.team is None else asdict(bundle.team),
        "auto_labels": None if bundle.auto is None else {**asdict(bundle.auto), "added": bundle.auto.added},
        "figures": dict(bundle.figures),
        "files": [
            {
                "name": path.relative_to(folder).as_posix(),
                "bytes": path.stat().st_size,
                "sha256": file_hash(path),
            }
            for path in sorted(files)
        ],
    }
    path = folder / MANIFEST_FILE
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def left_out_count(folder: Path) -> int:
    """Return how many labelled items are missing from the export of a folder that misses the most of them.

    Raises:
        ExportDamagedError: the folder has no manifest that can be read.
    """
    told = read_manifest(folder).get("left_out", {})
    return max((int(entry["count"]) for entry in told.values()), default=0)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a folder's manifest.

    Raises:
        ExportDamagedError: there is none, or it cannot be read.
    """
    path = folder / MANIFEST_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ExportDamagedError(f"{path} cannot be read ({error}); export again") from error
    if not isinstance(content, dict) or not isinstance(content.get("files"), list):
        raise ExportDamagedError(f"{path} is not a manifest; export again")
    return content


def verify_manifest(folder: Path) -> None:
    """Check every file of an export against its manifest.

    Raises:
        ExportDamagedError: a file is missing or has other content; all of them are named.
    """
    problems = []
    for entry in read_manifest(folder)["files"]:
        path = folder / str(entry["name"])
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            problems.append(f"{entry['name']} is missing")
        elif file_hash(path) != entry["sha256"]:
            problems.append(f"{entry['name']} has other content")
    if problems:
        raise ExportDamagedError(
            f"{folder} does not agree with its manifest: {'; '.join(problems)}; export again"
        )


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    total = sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            total.update(chunk)
    return total.hexdigest()


def _by_people(bundle: ExportBundle) -> pd.DataFrame:
    """Return the labels without predictions that were added as labels."""
    if "label_source" not in bundle.labels:
        return bundle.labels
    return bundle.labels[bundle.labels["label_source"] != AUTO]


def _told(items: Mapping[str, str]) -> dict[str, Any]:
    """Return what the manifest says of the items that an export left out."""
    named = [{"item_key": key, "why": items[key]} for key in sorted(items)[:NAMED]]
    return {"count": len(items), "reasons": _tally(list(items.values())), "items": named}


def _tally(names: Sequence[object]) -> dict[str, int]:
    """Return how often each name occurs, in alphabetical order."""
    return dict(sorted(Counter(str(name) for name in names).items()))
