"""Bundles to export, with every value that tends to break a file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from labeling.exports.contract import LABEL_COLUMNS, ExportBundle

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
