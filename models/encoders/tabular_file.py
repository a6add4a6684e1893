"""A fitted tabular encoder as named arrays and back: what was learned of each column, as data alone.

Numbers are arrays; names, levels and settings are JSON in an array of bytes, so that safetensors holds all of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.encoders.filling import Filling
from models.encoders.scaling import Axes

if TYPE_CHECKING:
    from models.encoders.columns import LevelColumn, TextColumn
    from models.encoders.tabular import FittedTabular

Arrays = Mapping[str, npt.NDArray[Any]]

SPEC = "columns"
"""Name of the array that holds the JSON."""


def tabular_arrays(fitted: FittedTabular) -> dict[str, npt.NDArray[Any]]:
    """Return what a fitted encoder learned.

    Args:
        fitted: the encoder.
    """
    arrays: dict[str, npt.NDArray[Any]] = {
        f"filling.{name}": np.asarray(value) for name, value in vars(fitted.filling).items()
    }
    if fitted.axes is not None:
        arrays |= {"axes.mean": fitted.axes.mean, "axes.matrix": fitted.axes.matrix}
    others = []
    for place, column in enumerate(fitted.others):
        told, more = _packed(column, f"text{place}")
        others.append(told)
        arrays |= more
    spec = {"numeric": [asdict(column) for column in fitted.numeric], "others": others}
    # JSON has no infinity; Python's writes it as such and reads it back.
    arrays[SPEC] = np.frombuffer(json.dumps(spec, ensure_ascii=False).encode(), dtype=np.uint8).copy()
    return arrays


def tabular_from_arrays(arrays: Arrays) -> FittedTabular:
    """Return the encoder that arrays of `tabular_arrays` describe.

    Raises:
        KeyError: something is missing.
        ValueError: the arrays do not fit together.
    """
    from models.encoders.columns import NumericColumn
    from models.encoders.tabular import FittedTabular

    spec = json.loads(bytes(np.asarray(arrays[SPEC], np.uint8)).decode())
    filling = {
        name.removeprefix("filling."): array for name, array in arrays.items() if name.startswith("filling.")
    }
    return FittedTabular(
        numeric=tuple(NumericColumn(**entry) for entry in spec["numeric"]),
        others=tuple(_unpacked(entry, arrays, f"text{place}") for place, entry in enumerate(spec["others"])),
        filling=Filling(**filling),
        axes=Axes(arrays["axes.mean"], arrays["axes.matrix"]) if "axes.matrix" in arrays else None,
    )


def _packed(
    column: LevelColumn | TextColumn, prefix: str
) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    from models.encoders.columns import LevelColumn

    if isinstance(column, LevelColumn):
        return {"kind": "levels", **asdict(column)}, {}
    arrays: dict[str, npt.NDArray[Any]] = {f"{prefix}.matrix": column.axes.matrix}
    counters = []
    for number, counter in enumerate(column.axes.counters):
        fitted: Any = counter
        terms = sorted(fitted.vocabulary_, key=fitted.vocabulary_.__getitem__)
        counters.append({"analyzer": fitted.analyzer, "terms": terms})
        arrays[f"{prefix}.idf{number}"] = np.asarray(fitted.idf_)
    return {"kind": "text", "name": column.name, "weight": column.weight, "counters": counters}, arrays


def _unpacked(entry: Mapping[str, Any], arrays: Arrays, prefix: str) -> LevelColumn | TextColumn:
    from models.encoders.columns import LevelColumn, TextColumn
    from models.encoders.text_tfidf import TextAxes, revived_counter

    if entry["kind"] == "levels":
        return LevelColumn(str(entry["name"]), tuple(entry["levels"]), float(entry["weight"]))
    counters = tuple(
        revived_counter(str(told["analyzer"]), list(told["terms"]), arrays[f"{prefix}.idf{number}"])
        for number, told in enumerate(entry["counters"])
    )
    return TextColumn(
        str(entry["name"]), TextAxes(counters, arrays[f"{prefix}.matrix"]), float(entry["weight"])
    )
