"""A folder for each class with its images, as torchvision, Keras and others read them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from labeling.exports.contract import ExportBundle, Written
from labeling.exports.csv import write_table
from labeling.exports.file_names import safe_names
from labeling.exports.images import write_images


def write_image_folder(bundle: ExportBundle, folder: Path) -> Written:
    """Write `image_folder/CLASS/ITEM.png` and two tables that say which names stand for what.

    Names of classes and keys of items may hold anything, file names may not: `image_folder_items.csv` (file,
    item_key, class_name, row, label_source, probability) and `image_folder_classes.csv` (folder, class_name) keep the
    true ones. A class without an image has no folder.

    Args:
        bundle: what to write; its pool is of images.
        folder: an empty folder.

    Returns:
        The files; items whose image cannot be read are left out.

    Raises:
        ExportBundleError: the bundle has no pool.
    """
    root = folder / "image_folder"
    names = [str(name) for name in bundle.classes["class_name"]]
    folders = safe_names(names)
    written = write_images(bundle, root, class_folders=[folders[name] for name in names])
    items = pd.DataFrame(
        {
            "file": [each.path.relative_to(root).as_posix() for each in written.images],
            "item_key": [each.item_key for each in written.images],
            "class_name": [names[each.class_place] for each in written.images],
            "row": [each.row for each in written.images],
            "label_source": [each.marks["label_source"] for each in written.images],
            "probability": [each.marks["probability"] for each in written.images],
        }
    )
    classes = pd.DataFrame({"folder": [folders[name] for name in names], "class_name": names})
    tables = (
        write_table(items, folder / "image_folder_items.csv"),
        write_table(classes, folder / "image_folder_classes.csv"),
    )
    return Written((*(each.path for each in written.images), *tables), written.left_out)
