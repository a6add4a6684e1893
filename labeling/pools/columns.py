"""Which columns play which part: what the configuration names is checked, the key is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import pyarrow as pa

from config.names import closest
from config.schema import PoolSection
from labeling.pools.contract import Column
from labeling.pools.errors import PoolColumnsError
from labeling.pools.inference import ColumnSurvey
from labeling.pools.rows import Rows
from labeling.pools.values import as_strings

KEY_NAMES = (
    "id", "key", "item_id", "item_key", "uid", "uuid", "guid", "identifier", "index", "objid", "obj_id", "object_id",
    "source_id", "row_id", "filename", "file_name", "file", "path", "name",
)  # fmt: skip
"""Column names, in lower case, that are taken for the key when none is named; the first that is unique wins."""

_PLAIN_PARTS = ("pool.key", "pool.text", "pool.truth", "pool.extra", "pool.group", "pool.image_path")

TEXT_NAMES = (
    "text",
    "sentence",
    "content",
    "body",
    "message",
    "comment",
    "question",
    "title",
    "utterance",
    "review",
)
"""Column names, in lower case, that are taken for the text when none is named."""


def check_columns(section: PoolSection, rows: Rows) -> None:
    """Check every column that the configuration names.

    Raises:
        PoolColumnsError: some are not in the file, hold what cannot be used, or play two parts that exclude each
            other; all of them are reported, each with the closest column.
    """
    problems = []
    for part, name in _named(section):
        if name not in rows.names:
            problems.append(f"{part}: {name!r} is not a column{closest(name, rows.names)}")
        elif part in _PLAIN_PARTS and not can_be_shown(rows.types[name]):
            problems.append(f"{part}: {name!r} holds {rows.types[name]}, which has no plain text form")
        elif part != "pool.truth" and name == section.truth:
            problems.append(
                f"{part}: {name!r} is the hidden truth, which is never shown nor used by the model"
            )
        elif part == "pool.columns" and name in section.extra:
            problems.append(
                f"{part}: {name!r} is in pool.extra too, which the model never uses; keep it in one"
            )
        elif part == "pool.group" and name in {section.key, *(section.columns or ())}:
            other = (
                "pool.key, so that every item" if name == section.key else "pool.columns, so that the model"
            )
            does = "would be a group of its own" if name == section.key else "could tell the groups"
            problems.append(f"{part}: {name!r} is in {other} {does}; name another column")
    if problems:
        lines = "\n  ".join(problems)
        raise PoolColumnsError(f"{rows.path}:\n  {lines}\n  (columns: {_listed(rows.names)})")


def key_candidates(section: PoolSection, rows: Rows) -> list[str]:
    """Return the columns that may be the key, best first.

    The one that `pool.key` names; else, in the order of `KEY_NAMES`, the columns so named in any case, and last an
    index as pandas writes it. Those that are the text, the image, the vectors, the truth or asked for as a model's
    column are none.
    """
    if section.key is not None:
        return [section.key]
    taken = {
        name for part, name in _named(section) if part not in ("pool.extra", "pool.group", "pool.image_path")
    }
    free = [name for name in rows.names if name not in taken and _can_be_key(rows.types[name])]
    named = (name for name in free if name.lower() in KEY_NAMES)
    ranked = sorted(named, key=lambda name: KEY_NAMES.index(name.lower()))
    return ranked + [name for name in index_columns(rows) if name in free and name not in ranked]


def index_columns(rows: Rows) -> list[str]:
    """Return the columns that only number the rows, as pandas writes them: without a name, or `__index_level_0__`."""
    unnamed = rows.names[:1] if rows.unnamed_first else []
    return unnamed + [name for name in rows.names if name.startswith("__index_level_")]


def choose_key(
    section: PoolSection,
    rows: Rows,
    candidates: Sequence[str],
    surveys: dict[str, ColumnSurvey],
    notes: list[str],
) -> str | None:
    """Return the column to take keys from, None to number the rows.

    A column that `pool.key` names is taken as it is; whether its values are unique is checked when they are stored.
    Otherwise the first candidate whose values are unique, unless they are paths that tell the hidden truth.
    """
    for name in candidates:
        told = tells_truth(rows, name, section.truth)
        if section.key is not None:
            if told:
                notes.append(
                    f"the keys in {name!r} contain the hidden truth; whoever labels can read it there"
                )
            return name
        if told:
            notes.append(
                f"column {name!r} was not taken as the key: its paths tell the hidden truth (name it as key to insist)"
            )
        elif surveys[name].unique():
            return name
        else:
            notes.append(
                f"column {name!r} was not taken as the key: its values repeat or are empty (name it as key to insist)"
            )
    return None


def tells_truth(rows: Rows, key: str, truth: str | None) -> bool:
    """Return whether keys are paths with the hidden truth as a folder (train/cat/0001.png); the first rows tell."""
    if truth is None or key == truth:
        return False
    batch = next(rows.batches([key, truth]), None)
    if batch is None:
        return False
    keys = as_strings(batch.column(0)).to_pylist()
    truths = (truth_values(rows, truth, batch) or pa.nulls(0)).to_pylist()
    plain = as_strings(batch.column(1)).to_pylist()
    told = [
        bool({label, written} & set(path.replace("\\", "/").split("/")[:-1]))
        for path, label, written in zip(keys, truths, plain, strict=True)
        if path is not None and label is not None
    ]
    return bool(told) and all(told)


def row_keys(numbers: Iterator[int], size: int) -> pa.Array:
    """Return an Arrow string array of the next `size` keys by row number: row-000001, row-000002, and so on."""
    return pa.array([f"row-{next(numbers):06d}" for _ in range(size)], type=pa.string())


def row_numbers() -> Iterator[int]:
    """Return 1, 2, 3, …: rows as people count them."""
    return count(1)


def truth_values(rows: Rows, name: str | None, batch: pa.RecordBatch) -> pa.Array | None:
    """Return the hidden truth of a batch as an Arrow string array, None where there is none.

    Whole numbers are given their names where the file itself has them.
    """
    if name is None:
        return None
    column = batch.column(batch.schema.get_field_index(name))
    names = rows.class_names(name)
    if names and pa.types.is_integer(column.type):
        known = [
            names[value] if value is not None and 0 <= value < len(names) else None
            for value in column.to_pylist()
        ]
        return pa.array(known, type=pa.string())
    return as_strings(column)


def shown_columns(section: PoolSection) -> tuple[str, ...]:
    """Return the columns that are stored and shown, and that the model never uses: `extra`, and the group."""
    return section.extra if section.group in {None, *section.extra} else (*section.extra, str(section.group))


def extra_columns(section: PoolSection, decided: dict[str, Column | None]) -> list[Column]:
    """Return the columns that are only shown; what has no role of its own is shown as text.

    The group is stored as it is written: of numbers beyond 2^53 some would become one.
    """
    found = [(name, decided.get(name) if name != section.group else None) for name in shown_columns(section)]
    return [
        Column(name, column.role if column else "text", column.unit if column else None, "extra")
        for name, column in found
    ]


def can_be_shown(kind: pa.DataType) -> bool:
    """Return whether values of an Arrow type have a plain text form."""
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
                or pa.types.is_fixed_size_binary(kind) or pa.types.is_binary_view(kind))  # fmt: skip


def _can_be_key(kind: pa.DataType) -> bool:
    return can_be_shown(kind) and not (pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _named(section: PoolSection) -> Iterator[tuple[str, str]]:
    for part in ("key", "text", "image", "image_path", "vectors", "group", "truth"):
        name = getattr(section, part)
        if name is not None:
            yield f"pool.{part}", name
    for name in section.series:
        yield "pool.series", name
    for name in section.columns or ():
        yield "pool.columns", name
    for name in section.extra:
        yield "pool.extra", name


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:40]) + (f", … {len(names)} in all" if len(names) > 40 else "")
