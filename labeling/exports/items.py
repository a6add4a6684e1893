"""The labelled items of a bundle and what they hold, read one at a time or by the chunk."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from labeling.exports.contract import ExportBundle, plain_labels
from labeling.exports.errors import ExportBundleError
from labeling.pools.contract import Column
from labeling.pools.images import inspect_image
from labeling.pools.pool import Pool

GONE = "it is no longer in the pool"
AUDITED = "it is of the audit set, which nobody trains on"
UNREADABLE = "it cannot be read"
_CHUNK = 16_384

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelledItems:
    """The items of a bundle that have a class and are in the pool, in the order of their keys.

    Attributes:
        keys: m item keys.
        rows: (m,) int64; their rows in the pool.
        classes: (m,) int64; place of the class in the bundle's table of classes, -1 for none.
        class_names: the names of all classes of that table, in its order.
        left_out: item key → why, for the items with a class that are not among them.
        sources: where each label comes from, `PERSON` or `AUTO`.
        probabilities: (m,) float64; of the latter how probable the model finds it, NaN otherwise.
    """

    keys: tuple[str, ...]
    rows: IntArray
    classes: IntArray
    class_names: tuple[str, ...]
    left_out: dict[str, str]
    sources: tuple[str, ...] = ()
    probabilities: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def marks(self, place: int) -> dict[str, Any]:
        """Return what marks a label of the model, for a JSON object: its source and probability; None for people's."""
        chance = float(self.probabilities[place])
        return {"label_source": self.sources[place], "probability": None if np.isnan(chance) else chance}


@dataclass(frozen=True)
class StoredImage:
    """An image as it was given.

    Attributes:
        data: the file's bytes.
        suffix: what such files end with, by their content: `.png`, `.jpg`, …
        width: in pixels.
        height: in pixels.
    """

    data: bytes
    suffix: str
    width: int
    height: int


def labelled_items(bundle: ExportBundle, *, classless: bool = False) -> LabelledItems:
    """Return the items of a bundle that have a class, can be read, and are not of the audit set.

    Args:
        bundle: what is exported.
        classless: whether those that were skipped, flagged or left unsure are among them.
    """
    labels = plain_labels(bundle)
    if not classless:
        labels = labels[labels["class_name"].notna()]
    there = labels["row"].notna().to_numpy(dtype=bool)
    left_out = dict.fromkeys(labels.loc[~there, "item_key"].tolist(), GONE)
    labels = labels[there]
    held_out = labels["audit_set"].to_numpy(dtype=bool)
    left_out |= dict.fromkeys(labels.loc[held_out, "item_key"].tolist(), AUDITED)
    labels = labels[~held_out]
    rows = labels["row"].to_numpy(dtype=np.int64)
    if bundle.pool is not None and len(rows):
        readable = np.asarray(bundle.pool.readable)[rows]
        left_out |= dict.fromkeys(labels.loc[~readable, "item_key"].tolist(), UNREADABLE)
        labels, rows = labels[readable], rows[readable]
    names = tuple(str(name) for name in bundle.classes["class_name"])
    place = {name: number for number, name in enumerate(names)}
    classes = np.asarray([place.get(name, -1) for name in labels["class_name"]], dtype=np.int64)
    return LabelledItems(
        keys=tuple(labels["item_key"]),
        rows=rows,
        classes=classes,
        class_names=names,
        left_out=left_out,
        sources=tuple(labels["label_source"]),
        probabilities=labels["probability"].to_numpy(np.float64, na_value=np.nan),
    )


def pool_of(bundle: ExportBundle) -> Pool:
    """Return the bundle's pool.

    Raises:
        ExportBundleError: it has none.
    """
    if bundle.pool is None:
        raise ExportBundleError("the bundle has no pool; give it the project's")
    return bundle.pool


def text_of(pool: Pool, row: int) -> str:
    """Return one item's text, "" where it cannot be read."""
    return pool.texts(row, row + 1)[0]


def image_of(pool: Pool, row: int) -> StoredImage | None:
    """Return one item's image as it was given, None where it cannot be read by now."""
    data = pool.images(row, row + 1)[0]
    if data is None or inspect_image(data) is not None:
        return None
    with Image.open(io.BytesIO(data)) as image:
        suffix = {"JPEG": ".jpg", "TIFF": ".tif"}.get(str(image.format), f".{str(image.format).lower()}")
        return StoredImage(data, suffix, image.width, image.height)


def stored_columns(pool: Pool) -> tuple[Column, ...]:
    """Return the pool's columns beside the text that a text item is."""
    return pool.columns[1:] if pool.kind == "text" else pool.columns


def columns_of(pool: Pool, rows: Sequence[int] | IntArray) -> pd.DataFrame:
    """Return every stored column for some rows: float64 or str, NaN where missing.

    Args:
        pool: the pool.
        rows: m rows of it, in any order.

    Returns:
        m rows, in the order asked for.
    """
    wanted = np.asarray(rows, dtype=np.int64)
    names = [column.name for column in stored_columns(pool)]
    if not names:
        return pd.DataFrame(index=range(len(wanted)))
    order = np.argsort(wanted, kind="stable")
    ordered, parts = wanted[order], []
    for start in range(0, pool.n, _CHUNK):
        low, high = np.searchsorted(ordered, [start, start + _CHUNK])
        if high > low:
            block = pool.frame(start, min(start + _CHUNK, pool.n), columns=names)
            parts.append(block.iloc[ordered[low:high] - start])
    found = pd.concat(parts, ignore_index=True) if parts else pool.frame(0, 0, columns=names)
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return found.iloc[back].reset_index(drop=True)


def names_apart(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Return a name for each of the pool's columns beside those that are taken; upper and lower case are one.

    Args:
        names: the columns' names.
        taken: names that they must not have; such a column gets `pool_` before its own.
    """
    folded = {name.casefold() for name in taken}
    apart = {}
    for name in names:
        own = name
        while own.casefold() in folded:
            own = f"pool_{own}"
        folded.add(own.casefold())
        apart[name] = own
    return apart


def content_of(pool: Pool, row: int) -> dict[str, Any]:
    """Return what JSON can hold of an item: its text, and its stored columns by name, None where missing."""
    stored = pool.values(row, [column.name for column in stored_columns(pool)])
    told: dict[str, Any] = {name: None if _missing(value) else value for name, value in stored.items()}
    if pool.kind == "text":
        told["text"] = text_of(pool, row)
    return told


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and not np.isfinite(value))
