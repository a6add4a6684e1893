"""What a data set says of itself: a card for people, Croissant metadata for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from labeling.exports.auto_labels import auto_sentences
from labeling.exports.contract import ExportBundle
from labeling.exports.items import pool_of
from labeling.exports.manifest import file_hash

TASKS = {
    "image": "image-classification",
    "text": "text-classification",
    "table": "tabular-classification",
    "series": "other",
    "vectors": "other",
}

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context of Croissant 1.0, as its specification has it."""


def write_card(bundle: ExportBundle, path: Path, *, counts: Mapping[str, int]) -> Path:
    """Write a data set card: a YAML head for the hub, then how the labels came to be.

    Args:
        bundle: what was exported.
        path: the file.
        counts: class name → rows of the data set.

    Returns:
        The path.
    """
    head = {
        "pretty_name": bundle.project,
        **_licence(bundle.licence),
        "task_categories": [TASKS[pool_of(bundle).kind]],
        "tags": ["goldpan"],
        "configs": [
            {"config_name": "default", "data_files": [{"split": "train", "path": "data/train.parquet"}]}
        ],
    }
    # JSON is YAML: a value that came from a person cannot end its line or begin another entry.
    lines = ["---", *(f"{name}: {json.dumps(value)}" for name, value in head.items()), "---", ""]
    path.write_text("\n".join([*lines, *_body(bundle, counts), ""]), encoding="utf-8")
    return path


def write_croissant(bundle: ExportBundle, path: Path, *, data: Path, schema: pa.Schema) -> Path:
    """Write Croissant metadata (JSON-LD) of a Parquet file.

    Args:
        bundle: what was exported.
        path: the file, beside or above `data`.
        data: the Parquet file.
        schema: its columns.

    Returns:
        The path.
    """
    place = data.relative_to(path.parent).as_posix()
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": _slug(bundle.project),
        "description": f"Labels of the project {bundle.project}, made with goldpan.",
        "license": bundle.licence or "unknown",
        "url": place,
        "version": f"1.0.{bundle.revision}",
        "datePublished": bundle.created_at.isoformat(),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "train",
                "name": "train",
                "contentUrl": place,
                "encodingFormat": "application/x-parquet",
                "sha256": file_hash(data),
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "items",
                "name": "items",
                "field": [_field(each) for each in schema],
            }
        ],
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def _body(bundle: ExportBundle, counts: Mapping[str, int]) -> list[str]:
    added = [] if bundle.auto is None else [*(_plain(line) for line in auto_sentences(bundle.auto))]
    who = bundle.labels["annotator"].dropna().value_counts().sort_index()
    return [
        f"# {_plain(bundle.project)}",
        "",
        f"Labels given with goldpan: revision {bundle.revision}, round {bundle.round_number}, exported "
        f"{bundle.created_at.isoformat()}.",
        "",
        "The items were chosen by a strategy that looks for rare classes: their shares here are not those of the pool.",
        "",
        "| class | rows |",
        "|---|---|",
        *(f"| {_plain(name)} | {count} |" for name, count in counts.items()),
        *(line for each in added for line in ("", each) if each),
        "",
        f"Labelled by: {', '.join(f'{_plain(str(name))} ({count})' for name, count in who.items()) or 'nobody yet'}.",
        "",
        f"Licence: {_plain(bundle.licence) or 'not stated'}.",
        "",
        f"Pool: `{bundle.pool_hash}`, configuration: `{bundle.config_hash}`.",
    ]


def _licence(text: str) -> dict[str, str]:
    if not text:
        return {"license": "unknown"}
    known = re.fullmatch(
        r"CC[ -](BY(?:-(?:SA|NC|ND|NC-SA|NC-ND))?)[ -]([34]\.0)", text.strip(), re.IGNORECASE
    )
    if known:
        return {"license": f"cc-{known[1]}-{known[2]}".lower()}
    simple = {"cc0": "cc0-1.0", "cc0 1.0": "cc0-1.0", "mit": "mit", "apache-2.0": "apache-2.0"}.get(
        text.strip().lower()
    )
    return {"license": simple} if simple else {"license": "other", "license_name": _slug(text)}


def _field(field: pa.Field) -> dict[str, Any]:
    source: dict[str, Any] = {"fileObject": {"@id": "train"}, "extract": {"column": field.name}}
    told: dict[str, Any] = {"@type": "cr:Field", "@id": f"items/{field.name}", "name": field.name}
    if pa.types.is_struct(field.type):
        return {
            **told,
            "dataType": "sc:ImageObject",
            "source": {**source, "transform": {"jsonPath": "bytes"}},
        }
    kind, repeated = field.type, pa.types.is_list(field.type)
    while pa.types.is_list(kind):
        kind = kind.value_type
    names = {"string": "sc:Text", "int64": "sc:Integer", "double": "sc:Float", "float": "sc:Float"}
    told |= {"dataType": names.get(str(kind), "sc:DateTime"), "source": source}
    return {**told, "repeated": True} if repeated else told


def _plain(text: str) -> str:
    """Return a text in one line that means nothing to Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~-])", r"\\\1", " ".join(text.split()))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "labels"
