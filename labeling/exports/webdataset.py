"""Labelled items in tar shards, as WebDataset reads them one after the other."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from labeling.exports.contract import ExportBundle, Written
from labeling.exports.items import UNREADABLE, content_of, image_of, labelled_items, pool_of
from labeling.pools.pool import Pool

SHARD_ITEMS = 1000
"""Items of one shard."""

Files = dict[str, bytes]
"""What there is of an item, by suffix."""


def write_webdataset(bundle: ExportBundle, folder: Path) -> Written:
    """Write `webdataset/shard-000000.tar` and so on, and `webdataset/classes.json`, the class names in order.

    An item's files are named by its row, nine digits: `.cls` the place of its class, `.json` key, class, where the
    label comes from, and columns, and its content: the image as it was given, `.txt` a text, `.npy` a time series
    (t, c) or a vector (d,), float32.

    Args:
        bundle: what to write, with its pool.
        folder: an empty folder.

    Returns:
        The files; items that are gone or cannot be read are left out.

    Raises:
        ExportBundleError: the bundle has no pool.
    """
    place = folder / "webdataset"
    place.mkdir()
    names = [str(name) for name in bundle.classes["class_name"]]
    classes = place / "classes.json"
    classes.write_text(json.dumps(names, ensure_ascii=False) + "\n", encoding="utf-8")
    left_out: dict[str, str] = {}
    shards: list[Path] = []
    archive: tarfile.TarFile | None = None
    try:
        for number, (row, files) in enumerate(_samples(bundle, left_out)):
            if archive is None or number % SHARD_ITEMS == 0:
                if archive is not None:
                    archive.close()
                shards.append(place / f"shard-{len(shards):06d}.tar")
                archive = tarfile.open(shards[-1], "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed below
            for suffix, data in files.items():
                _add(archive, f"{row:09d}{suffix}", data)
    finally:
        if archive is not None:
            archive.close()
    return Written((classes, *shards), left_out)


def _samples(bundle: ExportBundle, left_out: dict[str, str]) -> Iterator[tuple[int, Files]]:
    """Yield row and files of each item with a class; whom it leaves out is put into `left_out`."""
    pool, items = pool_of(bundle), labelled_items(bundle)
    left_out |= items.left_out
    for number, (key, row) in enumerate(zip(items.keys, items.rows.tolist(), strict=True)):
        place = int(items.classes[number])
        content = _content(pool, row)
        if content is None:
            left_out[key] = UNREADABLE
            continue
        fields = content_of(pool, row)
        fields.pop("text", None)
        told: dict[str, Any] = {"item_key": key, "class_name": items.class_names[place], "row": row}
        told |= items.marks(number)
        if fields:
            told["fields"] = fields
        text = json.dumps(told, ensure_ascii=False, allow_nan=False)
        yield row, {".cls": str(place).encode(), ".json": text.encode(), **content}


def _content(pool: Pool, row: int) -> Files | None:
    """Return an item's own file, none for a table row; None where it cannot be read by now."""
    if pool.kind == "image":
        image = image_of(pool, row)
        return None if image is None else {image.suffix: image.data}
    if pool.kind == "text":
        return {".txt": pool.texts(row, row + 1)[0].encode()}
    if pool.kind == "table":
        return {}
    array = pool.series(row, row + 1)[0] if pool.kind == "series" else pool.vectors(row, row + 1)[0]
    if array is None:
        return None
    target = io.BytesIO()
    np.save(target, array, allow_pickle=False)
    return {".npy": target.getvalue()}


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file whose time and owner do not depend on when and by whom."""
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))
