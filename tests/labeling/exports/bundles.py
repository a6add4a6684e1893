"""Bundles to export, with every value that tends to break a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from safetensors.numpy import save_file

from config.schema import PoolSection
from labeling.exports.contract import LABEL_COLUMNS, ExportBundle, TrainedModel
from labeling.exports.registry import exports
from labeling.pools.pool import Pool
from labeling.pools.snapshot import make_snapshot
from models.portable.files import open_head, write_weights
from models.portable.onnx_graph import write_onnx
from tests.labeling.pools.files import image_bytes

WHEN = datetime(2026, 11, 21, 12, 30, 15, 250_000, tzinfo=UTC)
NASTY = (
    "a,b",
    'say "no"',
    "two\nlines",
    "carriage\r\nreturn",
    "🦀 é 漢字",
    "=SUM(A1)",
    "NA",
    "null",
    " spaces ",
    "0012",
    "\ttab",
)


def make_bundle(**changes: Any) -> ExportBundle:
    """Return a bundle of eleven labelled items with awkward keys, one skipped and one that left the pool."""
    rows: list[tuple[object, ...]] = [
        (
            key,
            number,
            ("common", "rare, odd", "=class")[number % 3],
            "label",
            "Ada, Countess",
            WHEN,
            1,
            "prospect",
            "balance",
        )
        for number, key in enumerate(NASTY)
    ]
    rows.append(("skipped", 90, None, "skip", "bob", WHEN, 2, "prospect", "refine"))
    rows.append(("gone", None, "common", "label", "bob", WHEN.replace(microsecond=0), None, None, None))
    labels = pd.DataFrame(rows, columns=list(LABEL_COLUMNS))
    classes = pd.DataFrame(
        {
            "class_name": ["common", "rare, odd", "=class", "unused"],
            "colour": ["#ff0000", None, "#00ff00", None],
        }
    )
    values: dict[str, Any] = {
        "project": "pröject", "config_hash": "c" * 64, "pool_hash": "p" * 64, "vectors_hash": "v" * 64, "revision": 17,
        "round_number": 3, "labels": labels, "classes": classes, "created_at": WHEN, "licence": "CC BY 4.0", "seed": 5,
    }  # fmt: skip
    return ExportBundle(**(values | changes))


BROKEN = "broken"
"""Key of an item that has a label and cannot be read, in pools of images and series."""

POOL_KEYS = (*NASTY, "skipped", BROKEN, "a/b.png", "a/b.PNG", "CON", "k" * 500)
DIMENSIONS = 6


def make_pool(kind: str, folder: Path) -> Pool:
    """Make a pool of a kind whose items have awkward keys; the item BROKEN cannot be read where that is possible."""
    section: dict[str, Any] = {"path": "items.parquet", "key": "id"}
    count, numbers = len(POOL_KEYS), np.random.default_rng(2)
    columns: dict[str, Any] = {"id": list(POOL_KEYS)}
    if kind == "image":
        formats = ("PNG", "JPEG", "GIF")
        columns["image"] = [
            b"no image" if key == BROKEN else image_bytes(i, kind=formats[i % 3])
            for i, key in enumerate(POOL_KEYS)
        ]
        section["image"] = "image"
    elif kind == "text":
        columns["text"] = [f"text {i}: \u2028 “{key}”\nline" for i, key in enumerate(POOL_KEYS)]
        section["text"] = "text"
    elif kind == "series":
        columns["flux"] = [None if key == BROKEN else [1.5, float(i)] for i, key in enumerate(POOL_KEYS)]
        section["series"] = ("flux",)
    elif kind == "vectors":
        columns["embedding"] = list(numbers.normal(size=(count, 4)).astype(np.float32))
        section["vectors"] = "embedding"
    else:
        columns["size"] = [None if i == 3 else i / 7 for i in range(count)]
        columns["Class_Name"] = ["" if i == 4 else f"é{i % 5}" for i in range(count)]
    pa.parquet.write_table(pa.table(columns), folder / "items.parquet")
    return make_snapshot(PoolSection.model_validate(section), folder=folder / "pool", base=folder)


def pool_bundle(pool: Pool, folder: Path, changes: dict[str, Any]) -> ExportBundle:
    """Return the bundle of `make_bundle` with a pool, vectors and a model; five items more have labels."""
    plain = make_bundle()
    more = [
        (key, None, "rare, odd", "label", "bob", WHEN, 2, "prospect", "refine")
        for key in POOL_KEYS[len(NASTY) + 1 :]
    ]
    labels = pd.concat([plain.labels, pd.DataFrame(more, columns=list(LABEL_COLUMNS))], ignore_index=True)
    rows = pool.rows(labels["item_key"].tolist())
    labels["row"] = pd.array([None if row < 0 else int(row) for row in rows], dtype="Int64")
    vectors = np.random.default_rng(1).normal(size=(pool.n, DIMENSIONS)).astype(np.float32)
    model = make_model(folder / "head.safetensors", tuple(plain.classes["class_name"]))
    return make_bundle(**({"labels": labels, "pool": pool, "vectors": vectors, "model": model} | changes))


def make_model(path: Path, class_names: tuple[str, ...]) -> TrainedModel:
    """Write the file of a linear head of two members, if it is not there yet; return it as an export gets it."""
    generator, k = np.random.default_rng(3), len(class_names)
    tensors = {
        "mean": generator.normal(size=DIMENSIONS),
        "size": np.asarray(1.5),
        "mask": np.zeros((2, k)),
        "label_counts": np.ones(k),
        "parameter.weight": generator.normal(size=(2, DIMENSIONS, k)),
        "parameter.bias": generator.normal(size=(2, k)),
    }
    names = json.dumps(class_names)
    meta = {"head": "logistic", "class_names": names, "temperature": "1.25", "dimensions": str(DIMENSIONS)}
    if not path.exists():  # safetensors writes its metadata in another order each time
        save_file({name: each.astype(np.float32) for name, each in tensors.items()}, path, metadata=meta)
    head = open_head(path, prior=[0.4, 0.3, 0.2, 0.1])
    assert head is not None
    return TrainedModel(
        round_number=3,
        head=head.head,
        class_names=head.class_names,
        dimensions=head.dimensions,
        write_weights=lambda folder: write_weights(head, folder, facts={"encoder": "given"}),
        write_onnx=lambda target: write_onnx(head, target, description="a test"),
    )


Make = Callable[..., ExportBundle]
"""`make(**changes)`: a bundle that suits an export, with some values changed."""


def suited_kind(name: str) -> str:
    """Return a kind of pool that an export suits."""
    return (*exports.get(name).kinds, "table")[0]
