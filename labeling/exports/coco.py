"""Images with their class in the JSON of COCO: one annotation an image, whose box is the whole image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from labeling.exports.contract import ExportBundle, Written
from labeling.exports.images import ImageFile, ImageFiles, write_images


def write_coco(bundle: ExportBundle, folder: Path) -> Written:
    """Write `coco/annotations.json` and the images under `coco/images/`.

    Ids count from 1, images in the order of their keys, categories in the order of the classes. Beside COCO's own
    fields an image has `item_key`, an annotation `label_source` and `probability`. `annotations` have no segmentation:
    only the class was asked for.

    Args:
        bundle: what to write; its pool is of images.
        folder: an empty folder.

    Returns:
        The files; items whose image cannot be read are left out.

    Raises:
        ExportBundleError: the bundle has no pool.
    """
    written = write_images(bundle, folder / "coco" / "images")
    path = folder / "coco" / "annotations.json"
    path.write_text(
        json.dumps(_content(bundle, written), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    return Written((path, *(each.path for each in written.images)), written.left_out)


def _content(bundle: ExportBundle, written: ImageFiles) -> dict[str, Any]:
    numbered = list(enumerate(written.images, start=1))
    return {
        "info": {
            "description": bundle.project,
            "version": str(bundle.revision),
            "year": bundle.created_at.year,
            "date_created": bundle.created_at.isoformat(),
        },
        "licenses": [{"id": 1, "name": bundle.licence, "url": ""}] if bundle.licence else [],
        "images": [_image(number, each, bundle) for number, each in numbered],
        "annotations": [_annotation(number, each) for number, each in numbered],
        "categories": [
            {"id": number, "name": name, "supercategory": ""}
            for number, name in enumerate(written.items.class_names, start=1)
        ],
    }


def _image(number: int, image: ImageFile, bundle: ExportBundle) -> dict[str, Any]:
    told = {
        "id": number,
        "file_name": image.path.name,
        "width": image.width,
        "height": image.height,
        "item_key": image.item_key,
    }
    return {**told, "license": 1} if bundle.licence else told


def _annotation(number: int, image: ImageFile) -> dict[str, Any]:
    return {
        "id": number,
        "image_id": number,
        "category_id": image.class_place + 1,
        "bbox": [0, 0, image.width, image.height],
        "area": image.width * image.height,
        "segmentation": [],
        "iscrowd": 0,
        **image.marks,
    }
