"""The readers of tables: rows of numbers, names and texts, and tables of which one column is the text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from config.schema import PoolSection
from labeling.pools.beside import BATCH_ROWS, Beside, beside_of
from labeling.pools.columns import (
    TEXT_NAMES,
    check_columns,
    choose_key,
    extra_columns,
    index_columns,
    key_candidates,
    row_keys,
    row_numbers,
    shown_columns,
    truth_values,
)
from labeling.pools.contract import Column, Part, Reading
from labeling.pools.errors import PoolColumnsError, PoolEmptyError
from labeling.pools.hashing import hash_strings
from labeling.pools.inference import ColumnSurvey, decide, survey_rows
from labeling.pools.rows import Rows
from labeling.pools.sources import open_source
from labeling.pools.values import Converter, as_strings, no_value


def read_table(section: PoolSection, path: Path) -> Reading:
    """Read a CSV, TSV, Parquet or JSON-lines table whose columns the model uses.

    Args:
        section: `columns` are the model's (all suitable ones where None), with those that are calculated; `extra` are
            only shown, and so are an `image` or `series` beside each row.
        path: the file.

    Raises:
        PoolColumnsError: columns that do not exist, clash, or cannot be used; or none is left for the model.
        PoolContentError: a row is broken or the file is not what it should be.
        PoolEmptyError: there is no row.
    """
    rows = open_source(section, path)
    check_columns(section, rows)
    notes: list[str] = []
    wanted = [name for name in rows.names if name != section.truth]
    key, surveys, total = _survey(section, rows, wanted, notes)
    asked = section.columns
    if asked is not None:
        asked = (*asked, *(each.name for each in section.combine))
    beside = beside_of(section, rows)
    decided: dict[str, Column | None] = {}
    aside = {key, *index_columns(rows)} | _other_keys(section, rows, key, surveys, notes)
    for name in wanted:
        if beside is not None and name in beside.names:
            continue
        if name in shown_columns(section) or (
            name not in aside if asked is None else name in asked and name != key
        ):
            decided[name] = decide(name, rows.types[name], surveys[name], notes)
    model = [
        column
        for name, column in decided.items()
        if column is not None and name not in shown_columns(section)
    ]
    unfit = [name for name in asked or () if decided.get(name) is None and name != key]
    if unfit or not model:
        raise PoolColumnsError(_no_column(path, rows.names, unfit))
    columns = (*model, *extra_columns(section, decided))
    parts = _parts(section, rows, key, columns, notes, beside)
    shown = Beside() if beside is None else beside
    return Reading(
        "table", columns, parts, total, notes, channels=shown.series, pictures=shown.image is not None
    )


def read_text(section: PoolSection, path: Path) -> Reading:
    """Read texts: a column of a table, the lines of a `.txt` file, or a key of a `.jsonl` file.

    The text is the column that `text` names, else one called text, sentence, content, … Other columns are left out,
    but for `extra`.

    Raises:
        PoolColumnsError: columns that do not exist or clash, or none that is the text.
        PoolContentError: a row is broken or the file is not what it should be.
        PoolEmptyError: there is no row.
    """
    rows = open_source(section, path)
    check_columns(section, rows)
    text = section.text or find_text(section, rows)
    if text is None:
        raise PoolColumnsError(
            f"{path}: no column is named as the text; set pool.text to one of: {', '.join(rows.names)}"
        )
    notes: list[str] = []
    candidates = [name for name in key_candidates(section, rows) if name != text]
    surveys, total = survey_rows(rows, [text, *candidates, *shown_columns(section)], candidates)
    _refuse_empty(path, total)
    key = choose_key(section, rows, candidates, surveys, notes)
    decided = {name: decide(name, rows.types[name], surveys[name], []) for name in shown_columns(section)}
    columns = (Column(text, "text"), *extra_columns(section, decided))
    return Reading("text", columns, _parts(section, rows, key, columns, notes), total, notes)


def find_text(section: PoolSection, rows: Rows) -> str | None:
    """Return the column that is taken for the text when none is named: the first of `TEXT_NAMES` that is there."""
    taken = {section.key, section.truth, *shown_columns(section)}
    named = {name.lower(): name for name in reversed(rows.names) if name not in taken}
    return next((named[name] for name in TEXT_NAMES if name in named), None)


def _other_keys(
    section: PoolSection, rows: Rows, key: str | None, surveys: dict[str, ColumnSurvey], notes: list[str]
) -> set[str]:
    """Return further columns that identify items and teach a model nothing."""
    unnamed = section.model_copy(update={"key": None})
    names = {name for name in key_candidates(unnamed, rows) if name != key and surveys[name].unique()}
    notes.extend(
        f"column {name!r} identifies the items and is left out of the model" for name in sorted(names)
    )
    return names


def _survey(
    section: PoolSection, rows: Rows, names: list[str], notes: list[str]
) -> tuple[str | None, dict[str, ColumnSurvey], int]:
    candidates = key_candidates(section, rows)
    others = key_candidates(section.model_copy(update={"key": None}), rows)
    surveys, total = survey_rows(rows, names, list(dict.fromkeys([*candidates, *others])))
    _refuse_empty(rows.path, total)
    return choose_key(section, rows, candidates, surveys, notes), surveys, total


def _refuse_empty(path: Path, total: int) -> None:
    if total == 0:
        raise PoolEmptyError(f"{path} has a header and no rows; a pool needs at least one item")


def _parts(
    section: PoolSection,
    rows: Rows,
    key: str | None,
    columns: tuple[Column, ...],
    notes: list[str],
    beside: Beside | None = None,
) -> Iterator[Part]:
    """Yield the items, then add to the notes what was missing."""
    converters = [Converter(column) for column in columns]
    named = [column.name for column in columns] + [name for name in (key, section.truth) if name]
    names = list(dict.fromkeys([*named, *(() if beside is None else beside.names)]))
    numbers = row_numbers()
    for batch in rows.batches(names, rows=None if beside is None else BATCH_ROWS):
        arrays = [
            each.convert(batch.column(batch.schema.get_field_index(each.column.name))) for each in converters
        ]
        keys = (
            row_keys(numbers, batch.num_rows) if key is None else as_strings(batch.column(names.index(key)))
        )
        used = [values for column, values in zip(columns, arrays, strict=True) if column.use == "model"]
        truth = truth_values(rows, section.truth, batch)
        media = None if beside is None else beside.media(batch)
        content = None if media is None else hash_strings(media)
        problems = _problems(used, batch.num_rows)
        yield Part(keys, tuple(arrays), problems, content=content, media=media, truth=truth)
    notes.extend([*rows.remarks(), *(note for note in (each.note() for each in converters) if note)])


def _problems(used: list[pa.Array], size: int) -> pa.Array:
    """Return an Arrow string array: null where one of the model's columns has a value."""
    problem = "there is no value in any of its columns" if len(used) > 1 else "it is empty"
    return pc.if_else(pa.array(no_value(used, size)), pa.scalar(problem), pa.scalar(None, pa.string()))


def _no_column(path: Path, names: list[str], unfit: list[str]) -> str:
    if unfit:
        return (
            f"{path}: pool.columns: {', '.join(map(repr, unfit))} cannot be used in a table (the key, a column without "
            "any value, lists, structures or bytes); choose numeric, categorical or text columns"
        )
    return (
        f"{path}: no column is left for the model once the key, the truth, pool.extra and empty columns are taken away "
        f"(columns: {', '.join(names)}); name another key or fewer extra columns"
    )
