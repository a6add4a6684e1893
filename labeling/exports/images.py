"""The images of labelled items as files, under names that every system takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labeling.exports.contract import ExportBundle
from labeling.exports.file_names import safe_names
from labeling.exports.items import UNREADABLE, LabelledItems, image_of, labelled_items, pool_of
from labeling.pools.image_folder import SUFFIXES


@dataclass(frozen=True)
class ImageFile:
    """An image that was written.

    Attributes:
        path: the file.
        item_key: of which item.
        row: its row in the pool.
        class_place: place of its class in the bundle's table of classes, -1 for none.
        width: in pixels.
        height: in pixels.
        marks: where its label comes from and how probable the model finds it (`LabelledItems.marks`).
    """

    path: Path
    item_key: str
    row: int
    class_place: int
    width: int
    height: int
    marks: dict[str, Any]


@dataclass(frozen=True)
class ImageFiles:
    """What `write_images` wrote: the images, in the order of the item keys, and whom it left out and why."""

    images: tuple[ImageFile, ...]
    items: LabelledItems
    left_out: dict[str, str]


def write_images(
    bundle: ExportBundle,
    folder: Path,
    *,
    class_folders: Sequence[str] | None = None,
    classless: bool = False,
) -> ImageFiles:
    """Write the image of each item with a class, as it was given, one at a time.

    Args:
        bundle: what to write; its pool is of images.
        folder: where to; made where there is none.
        class_folders: name of a folder for each class of the bundle's table; None for all images in one.
        classless: whether items without a class are written too; not with `class_folders`.

    Returns:
        What was written; an item whose image cannot be read is left out.

    Raises:
        ExportBundleError: the bundle has no pool.
    """
    pool, items = pool_of(bundle), labelled_items(bundle, classless=classless)
    names = safe_names(items.keys, suffixes=SUFFIXES)
    left_out, images = dict(items.left_out), []
    folder.mkdir(parents=True, exist_ok=True)
    for number, (key, row) in enumerate(zip(items.keys, items.rows.tolist(), strict=True)):
        place = int(items.classes[number])
        image = image_of(pool, row)
        if image is None:
            left_out[key] = UNREADABLE
            continue
        inside = folder if class_folders is None else folder / class_folders[place]
        inside.mkdir(exist_ok=True)
        path = inside / (names[key] + image.suffix)
        path.write_bytes(image.data)
        images.append(ImageFile(path, key, row, place, image.width, image.height, items.marks(number)))
    return ImageFiles(tuple(images), items, left_out)
