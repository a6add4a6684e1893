"""Tasks with their classes as Label Studio imports them, and the labelling interface that fits them.

`labeling.imports.label_studio` reads them back, with what was changed there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from labeling.exports.contract import AUTO, ExportBundle, Written
from labeling.exports.images import write_images
from labeling.exports.items import GONE, UNREADABLE, content_of, pool_of
from labeling.exports.jsonl import label_objects

FROM_NAME, TO_NAME, KEY_FIELD = "label", "item", "item_key"
"""Names of the choice and of what is shown in the interface, and the field of a task that has the item's key."""

LOCAL_FILES = "/data/local-files/?d=label_studio/images/"
"""Where Label Studio serves images from, when its document root is the export's folder."""


def write_label_studio(bundle: ExportBundle, folder: Path) -> Written:
    """Write `label_studio/tasks.json`, `label_studio/interface.xml`, and of images `label_studio/images/`.

    A task is an item that somebody annotated. A label is an annotation with one choice, a skip a cancelled one; what is
    unsure or flagged is a task without annotation, to be decided there; a prediction added as a label is a prediction.

    Args:
        bundle: what to write, with its pool.
        folder: an empty folder.

    Returns:
        The files; items that are gone or cannot be read are left out.

    Raises:
        ExportBundleError: the bundle has no pool.
    """
    pool, place = pool_of(bundle), folder / "label_studio"
    place.mkdir()
    left_out: dict[str, str] = {}
    images: dict[str, Path] = {}
    if pool.kind == "image":
        written = write_images(bundle, place / "images", classless=True)
        left_out |= written.left_out
        images = {each.item_key: each.path for each in written.images}
    tasks: list[dict[str, Any]] = []
    for entry in label_objects(bundle):
        key, row = entry["item_key"], entry["row"]
        reason = GONE if row is None else UNREADABLE if not pool.readable[row] else left_out.get(key, "")
        if reason:
            left_out[key] = reason
            continue
        tasks.append(_task(len(tasks) + 1, entry, _data(bundle, entry, images)))
    files = (place / "tasks.json", place / "interface.xml")
    files[0].write_text(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    files[1].write_text(
        interface(pool.kind, [str(name) for name in bundle.classes["class_name"]]), encoding="utf-8"
    )
    return Written((*files, *images.values()), left_out)


def interface(kind: str, class_names: list[str]) -> str:
    """Return the labelling interface for a kind of pool: the item, and one choice among the classes."""
    shown = {
        "image": f'<Image name="{TO_NAME}" value="$image"/>',
        "text": f'<Text name="{TO_NAME}" value="$text"/>',
        "table": f'<Table name="{TO_NAME}" value="$fields"/>',
    }.get(kind, f'<Text name="{TO_NAME}" value="${KEY_FIELD}"/>')
    choices = "".join(f"    <Choice value={quoteattr(name)}/>\n" for name in class_names)
    return (
        f'<View>\n  {shown}\n  <Choices name="{FROM_NAME}" toName="{TO_NAME}" choice="single" required="true">\n'
        f"{choices}  </Choices>\n</View>\n"
    )


def _data(bundle: ExportBundle, entry: Mapping[str, Any], images: Mapping[str, Path]) -> dict[str, Any]:
    pool, key = pool_of(bundle), entry["item_key"]
    data: dict[str, Any] = {KEY_FIELD: key}
    if pool.kind == "image":
        return {**data, "image": LOCAL_FILES + quote(images[key].name)}
    fields = content_of(pool, entry["row"])
    if pool.kind == "text":
        data["text"] = fields.pop("text")
    return {**data, "fields": fields} if fields else data


def _task(number: int, entry: Mapping[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    chosen = entry["class_name"] is not None
    annotation = {
        "id": number,
        "result": [_choice(number, entry["class_name"])] if chosen else [],
        "was_cancelled": not chosen,
        "created_at": entry["labelled_at"],
    }
    told = [annotation] if chosen or entry["act"] == "skip" else []
    if entry["label_source"] == AUTO:
        return {"id": number, "data": data, "annotations": [], "predictions": [_prediction(number, entry)]}
    circumstances = {
        name: entry[name]
        for name in ("act", "annotator", "round", "strategy", "kind")
        if entry[name] is not None
    }
    return {"id": number, "data": data, "annotations": told, "meta": circumstances}


def _prediction(number: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a prediction that was added as a label: Label Studio knows these apart from annotations."""
    return {
        "result": [_choice(number, entry["class_name"])],
        "score": entry["probability"],
        "model_version": f"goldpan round {entry['round']}",
    }


def _choice(number: int, name: str) -> dict[str, Any]:
    return {
        "id": f"goldpan{number}",
        "from_name": FROM_NAME,
        "to_name": TO_NAME,
        "type": "choices",
        "value": {"choices": [name]},
    }
