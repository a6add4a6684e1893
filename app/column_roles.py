"""Which column plays which part: what each holds, and the configuration with other parts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.errors import ProjectError
from config.names import closest
from config.schema import PoolSection
from labeling.pools.columns import can_be_shown, choose_key, key_candidates
from labeling.pools.errors import PoolReaderError
from labeling.pools.inference import MISSING, is_textual, survey_rows
from labeling.pools.pool import Pool
from labeling.pools.registry import locate
from labeling.pools.rows import Rows
from labeling.pools.sources import open_source, with_located_joins
from labeling.pools.values import as_strings

ROLES = {
    "model": "used by the model",
    "extra": "shown, never used by the model",
    "key": "identifies the item",
    "group": "keeps items together in a split; shown",
    "truth": "hidden true label: never shown, never used",
    "ignored": "left out",
}
"""What a column can be for, and what that means."""

BESIDE = "beside"
"""The part of a column that is shown above each row: images or a series. It is chosen by pool.image and pool.series."""
SAID = {**ROLES, BESIDE: "shown above the row"}

EXAMPLES, EXAMPLE_CHARACTERS = 3, 24
HIDDEN = "hidden"


@dataclass(frozen=True)
class ColumnFacts:
    """What one column of the source holds.

    Attributes:
        name: the column.
        kind: its type, in a word or two.
        missing: share of the rows without a value, 0 to 1.
        examples: a few of its values; () for the hidden truth.
        role: one of `SAID`.
    """

    name: str
    kind: str
    missing: float
    examples: tuple[str, ...]
    role: str


def describe_columns(section: PoolSection, base: Path, pool: Pool) -> list[ColumnFacts]:
    """Look through the source once and say what each column holds and what it is for.

    Args:
        section: the pool's configuration.
        base: the folder that its paths are relative to.
        pool: the snapshot.

    Raises:
        ProjectError: the pool has no columns.
        PoolError: the source cannot be read.
    """
    rows = _source(section, base)
    uses: dict[str, str] = dict.fromkeys(pool.snapshot.channels, BESIDE)
    uses |= {column.name: column.use for column in pool.columns}
    numeric = {column.name for column in pool.columns if column.role == "numeric"}
    key = _key_of(section, rows)
    tallies = {name: _Tally(name in numeric) for name in rows.names}
    total = 0
    plain = [name for name in rows.names if can_be_shown(rows.types[name])]
    for batch in rows.batches(plain):
        total += batch.num_rows
        for place, name in enumerate(plain):
            tallies[name].add(batch.column(place))
    return [
        ColumnFacts(
            name=name,
            kind="number" if name in numeric and is_textual(rows.types[name]) else kind_of(rows.types[name]),
            missing=tallies[name].missing / max(total, 1) if name in plain else 0.0,
            examples=() if name == section.truth else tuple(tallies[name].examples),
            role=_role(name, section, key, uses),
        )
        for name in rows.names
    ]


def with_roles(
    section: PoolSection, facts: Iterable[ColumnFacts], wanted: Mapping[str, str], *, labelled: bool
) -> PoolSection:
    """Return the configuration with other parts for some columns.

    Args:
        section: as it is.
        facts: of all columns.
        wanted: column → one of `ROLES`.
        labelled: whether there are labels: they belong to keys, which then stay.

    Raises:
        ProjectError: a column or a part is unknown, none is left for the model, two are to be what one can be, or the
            key is to be another one though items are labelled. All that is wrong is told.
    """
    now = {fact.name: fact.role for fact in facts}
    problems = _wrong(now, wanted, labelled)
    if problems:
        raise ProjectError("\n  ".join(["these parts cannot be given:", *problems]))
    single = {role: name for name, role in wanted.items() if role in ("key", "truth", "group")}
    replaced = {name: "ignored" for name, role in now.items() if role in single and name != single[role]}
    after = now | replaced | dict(wanted)
    model = tuple(name for name, role in after.items() if role == "model")
    if not model and section.image is None and not section.series and section.vectors is None:
        raise ProjectError("no column is left for the model; keep one as `model`")
    combined = {each.name for each in section.combine}
    dropped = [name for name in combined if after.get(name) == "ignored"]
    return section.model_copy(
        update={
            "columns": tuple(name for name in model if name not in combined),
            "extra": tuple(name for name, role in after.items() if role == "extra"),
            "key": _named("key", after, section.key),
            "group": _named("group", after, None),
            "truth": _named("truth", after, None),
            "combine": tuple(each for each in section.combine if each.name not in dropped),
        }
    )


def kind_of(kind: pa.DataType) -> str:
    """Return an Arrow type in words."""
    if is_textual(kind):
        return "text"
    if pa.types.is_boolean(kind):
        return "yes or no"
    if pa.types.is_integer(kind):
        return "whole number"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_nested(kind):
        return "list"
    return "bytes" if not can_be_shown(kind) else str(kind)


@dataclass
class _Tally:
    """Counts what is missing, and keeps the first few values that differ."""

    numeric: bool
    missing: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, values: pa.Array) -> None:
        texts = pc.fill_null(as_strings(values), "")
        lower = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
        absent = pc.is_in(lower, value_set=pa.array(MISSING)).to_numpy(zero_copy_only=False)
        self.missing += int(absent.sum())
        if len(self.examples) < EXAMPLES:
            present = texts.filter(pa.array(~np.asarray(absent, bool))).slice(0, 200).to_pylist()
            for text in present:
                shown = _short(text, self.numeric)
                if len(self.examples) < EXAMPLES and shown not in self.examples:
                    self.examples.append(shown)


def _short(text: str, numeric: bool) -> str:
    """Return a value as it can stand in a table."""
    if numeric:
        with contextlib.suppress(ValueError):
            return f"{float(text):.6g}"
    return text if len(text) <= EXAMPLE_CHARACTERS else f"{text[: EXAMPLE_CHARACTERS - 1]}…"


def _source(section: PoolSection, base: Path) -> Rows:
    path = locate(section, base)
    if path.is_dir() or path.suffix.lower() in (".npy", ".npz"):
        raise ProjectError(f"{path} has no columns; only tables have columns with parts to play")
    try:
        return open_source(with_located_joins(section, base), path)
    except PoolReaderError as problem:
        raise ProjectError(f"{problem}") from problem


def _key_of(section: PoolSection, rows: Rows) -> str | None:
    candidates = key_candidates(section, rows)
    surveys = survey_rows(rows, candidates, candidates)[0] if candidates else {}
    return choose_key(section, rows, candidates, surveys, [])


def _role(name: str, section: PoolSection, key: str | None, uses: Mapping[str, str]) -> str:
    for role, one in (("key", key), ("truth", section.truth), ("group", section.group)):
        if name == one:
            return role
    return uses.get(name, "ignored")


def _named(role: str, after: Mapping[str, str], otherwise: str | None) -> str | None:
    return next((name for name, given in after.items() if given == role), otherwise)


def _wrong(now: Mapping[str, str], wanted: Mapping[str, str], labelled: bool) -> list[str]:
    problems = [f"there is no column {name!r}{closest(name, now)}" for name in wanted if name not in now]
    problems += [
        f"{name}={role}: given {role!r}; allowed: {', '.join(ROLES)}{closest(role, ROLES)}"
        for name, role in wanted.items()
        if role not in ROLES
    ]
    for role in ("key", "truth", "group"):
        several = [name for name, given in wanted.items() if given == role]
        if len(several) > 1:
            problems.append(f"only one column can be the {role}; given: {', '.join(several)}")
    moved = [
        name
        for name, role in wanted.items()
        if name in now and "key" in (role, now[name]) and role != now[name]
    ]
    if labelled and moved:
        problems.append(
            f"{moved[0]!r}: items are labelled, and labels belong to keys; make another project to use other keys"
        )
    return problems
