"""What curation found, in plain words, and as files."""

from __future__ import annotations

from pathlib import Path

from app.curating import NEIGHBOUR_WORDS, Curated
from app.errors import ProjectError
from labeling.exports.csv import write_table

_SHOWN = 5


def curated_words(found: Curated) -> list[str]:
    """Return the report: a line for each thing that was looked for, found or not."""
    return [
        _duplicates(found),
        *_conflicts(found),
        _outliers(found, "pool"),
        *_odd(found),
        _unreadable(found),
    ]


def write_curated(found: Curated, folder: Path) -> tuple[Path, ...]:
    """Write `duplicates.csv`, `outliers.csv` and `unreadable.csv`.

    Args:
        found: what was found.
        folder: a new or empty folder.

    Raises:
        ProjectError: the folder has files in it, or is a file.
        OSError: it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProjectError(f"{folder} is a file or has files in it; choose a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "duplicates": found.duplicates,
        "outliers": found.outliers,
        "unreadable": found.unreadable,
    }
    return tuple(write_table(table, folder / f"{name}.csv") for name, table in tables.items())


def _duplicates(found: Curated) -> str:
    table = found.duplicates
    how = (
        f"near: less than {100 * found.ratio:.0f} % of {NEIGHBOUR_WORDS}"
        if found.ratio > 0
        else "no two vectors are nearer than chance has it"
    )
    if not len(table):
        return f"Duplicates: none among {found.n:,} items ({how})."
    sets = table.groupby("set")
    exact = len(sets) - int(table.loc[table["kind"] != "exact", "set"].nunique())
    count, extra = len(sets), len(table) - len(sets)
    return (
        f"Duplicates: {_counted(count, 'set')} of items that are the same or nearly so, {len(table):,} items in all; "
        f"{extra:,} could go. {exact:,} {'is' if exact == 1 else 'are'} exact, {count - exact:,} near ({how}). "
        f"The largest has {int(sets.size().max()):,}: {_named(table[table['set'] == 1]['item_key'].tolist())}."
    )


def _conflicts(found: Curated) -> list[str]:
    torn = found.duplicates[found.duplicates["conflict"]]
    if not len(torn):
        return []
    first = torn[(torn["set"] == torn["set"].iloc[0]) & torn["class_name"].notna()]
    each = [f"{row.item_key} is {row.class_name}" for row in first.itertuples()]
    return [
        f"Labels of copies: {_counted(torn['set'].nunique(), 'set')} with more than one class, as {_named(each)}. "
        "One of the labels is wrong, or the vectors do not see what tells them apart."
    ]


def _outliers(found: Curated, scope: str) -> str:
    table = found.outliers[found.outliers["scope"] == scope]
    if not len(table):
        return "Outliers: no item is far from all others."
    return (
        f"Outliers: {_counted(len(table), 'item')} far from all others, the farthest first: "
        f"{_named(table['item_key'].tolist())}. Rare things are among them, and so is what does not belong here."
    )


def _odd(found: Curated) -> list[str]:
    table = found.outliers[found.outliers["scope"] == "class"]
    if not len(table):
        return []
    each = [f"{row.item_key} ({row.class_name})" for row in table.head(_SHOWN + 1).itertuples()]
    return [
        f"Odd for their class: {_counted(len(table), 'labelled item')}, the oddest first: {_named(each, len(table))}."
    ]


def _unreadable(found: Curated) -> str:
    table = found.unreadable
    if not len(table):
        return "Unreadable: no item."
    each = [f"{row.item_key} ({row.problem})" for row in table.head(_SHOWN + 1).itertuples()]
    return f"Unreadable: {_counted(len(table), 'item')}, as {_named(each, len(table))}."


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _named(names: list[str], count: int | None = None) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if (count or len(names)) > _SHOWN else "")
