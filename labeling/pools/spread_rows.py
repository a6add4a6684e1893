"""Rows in which short columns of several numbers are spread over as many columns, so that a table can use them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from labeling.pools.errors import PoolColumnsError
from labeling.pools.rows import Rows

SPREAD_MAX = 64
"""Numbers in a row up to which they are columns of a table; longer ones are a series."""


class SpreadRows:
    """A source with `mag_1`, `mag_2`, … in the place of a column `mag` of a few numbers in a row."""

    def __init__(self, base: Rows, *, keep: Collection[str] = ()) -> None:
        """Name the columns.

        Args:
            base: the source.
            keep: columns that stay as they are.

        Raises:
            PoolColumnsError: a name is taken.
        """
        self.path, self.total, self.unnamed_first = base.path, base.total, base.unnamed_first
        self._base = base
        self.names: list[str] = []
        self.types: dict[str, pa.DataType] = {}
        self.spread: dict[str, tuple[str, ...]] = {}
        self._places: dict[str, tuple[str, int]] = {}
        for name in base.names:
            kind = base.types[name]
            if name in keep or not _is_short(kind):
                self.names.append(name)
                self.types[name] = kind
                continue
            parts = tuple(f"{name}_{place}" for place in range(1, kind.list_size + 1))
            taken = [part for part in parts if part in base.names]
            if taken:
                raise PoolColumnsError(
                    f"{self.path}: {name!r} holds {kind.list_size} numbers in a row and {taken[0]!r} is a column "
                    "already; rename one of them"
                )
            self.spread[name] = parts
            for place, part in enumerate(parts):
                self.names.append(part)
                self.types[part] = kind.value_type
                self._places[part] = (name, place)

    def batches(self, names: Sequence[str], *, rows: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield Arrow batches of the named columns."""
        own = list(dict.fromkeys(self._places.get(name, (name, 0))[0] for name in names))
        for batch in self._base.batches(own, rows=rows):
            yield pa.record_batch([self._array(batch, own, name) for name in names], names=list(names))

    def remarks(self) -> list[str]:
        """Return what was spread, after what the source has to say."""
        said = [
            f"column {name!r} holds {len(parts)} numbers in a row: they are the columns {parts[0]} to {parts[-1]}"
            for name, parts in self.spread.items()
        ]
        return [*self._base.remarks(), *said]

    def class_names(self, name: str) -> list[str] | None:
        """Return the names behind a whole-number column, where the source gives them."""
        return self._base.class_names(name)

    def _array(self, batch: pa.RecordBatch, own: list[str], name: str) -> pa.Array:
        if name not in self._places:
            return batch.column(own.index(name))
        source, place = self._places[name]
        return pc.list_element(batch.column(own.index(source)), place)


def _is_short(kind: pa.DataType) -> bool:
    if not pa.types.is_fixed_size_list(kind) or kind.list_size > SPREAD_MAX:
        return False
    return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))
