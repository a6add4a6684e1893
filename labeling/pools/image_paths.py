"""The reader of tables in which a column says where each item's image is: a path, or an address."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pyarrow as pa

from config.fetching import is_address
from config.schema import PoolSection
from labeling.fetching.errors import FetchError, FetchStalledError
from labeling.fetching.fetcher import Fetcher
from labeling.pools.columns import (
    check_columns,
    choose_key,
    extra_columns,
    key_candidates,
    row_keys,
    row_numbers,
    shown_columns,
    truth_values,
)
from labeling.pools.contract import Column, Known, Part, Reading
from labeling.pools.errors import PoolColumnsError
from labeling.pools.hashing import hash_bytes
from labeling.pools.image_folder import read_file
from labeling.pools.images import inspect_image
from labeling.pools.inference import decide, survey_rows
from labeling.pools.rows import Rows, open_rows
from labeling.pools.values import Converter, as_strings

FETCHED_AT_ONCE = 16
MOST_STALLED = 20
"""So many images in a row that do not come are no fault of the images."""

_PART_ITEMS = 512
_NOT_THERE = "its image is not there, or lies outside of the table's folder"


def read_image_paths(section: PoolSection, path: Path) -> Reading:
    """Read a table whose column `image_path` has paths below the table's folder, or addresses; images stay there.

    Of a table that was itself fetched, paths count from its address. Other columns are left out, but for `extra`.

    Raises:
        PoolColumnsError: no column is named as `image_path`, or columns do not exist or clash.
        PoolContentError: the table is damaged.
        FetchRefusedError: the column names an address that is not allowed.
        FetchError: too many images in a row do not come.
    """
    if section.image_path is None:
        raise PoolColumnsError(
            f"{path}: the reader image_paths needs pool.image_path, the column with the images' paths or addresses"
        )
    rows = open_rows(path)
    check_columns(section, rows)
    notes: list[str] = []
    candidates = key_candidates(section, rows)
    shown = list(dict.fromkeys([*candidates, *shown_columns(section)]))
    surveys = survey_rows(rows, shown, candidates)[0] if shown else {}
    key = choose_key(section, rows, candidates, surveys, notes)
    decided = {name: decide(name, rows.types[name], surveys[name], []) for name in shown_columns(section)}
    columns = tuple(extra_columns(section, decided))
    known = Known()
    parts = _parts(section, rows, key, columns, notes, known)
    return Reading("image", columns, parts, rows.total, notes, known=known)


class _Looking:
    """Looks at the image behind each path."""

    def __init__(self, section: PoolSection, folder: Path) -> None:
        self._folder = folder
        self._base = section.path if is_address(section.path) else None
        self._fetcher = Fetcher()
        self._stalled = 0

    def place(self, name: str | None) -> str | None:
        """Return a path or an address as it is stored."""
        if name is None or not name.strip():
            return None
        if self._base is not None and not is_address(name):
            return urljoin(self._base, name)
        return name.strip() if is_address(name) else name

    def look(self, place: str | None) -> tuple[str | None, int]:
        """Return what is wrong with an image, None where it can be read, and its hash.

        Raises:
            FetchRefusedError: the address is not allowed.
            FetchError: too many in a row did not come.
        """
        if place is None:
            return "the row names no image", hash_bytes(b"")
        if not is_address(place):
            data = read_file(self._folder, place)
        else:
            try:
                data = self._fetcher.read(place)
            except FetchStalledError as error:
                self._stalled += 1
                if self._stalled >= MOST_STALLED:
                    raise FetchError(
                        f"{self._stalled} images in a row did not come, the last one: {error}. See to the network and "
                        "run the same command again; what has come is kept"
                    ) from error
                return f"its image did not come: {error}", hash_bytes(b"")
            except FetchError as error:
                return f"its image did not come: {error}", hash_bytes(b"")
            self._stalled = 0
        return _NOT_THERE if data is None else inspect_image(data), hash_bytes(data or b"")


def _parts(
    section: PoolSection,
    rows: Rows,
    key: str | None,
    columns: tuple[Column, ...],
    notes: list[str],
    known: Known,
) -> Iterator[Part]:
    converters = [Converter(column) for column in columns]
    wanted = (section.image_path, *shown_columns(section), key, section.truth)
    names = list(dict.fromkeys(name for name in wanted if name))
    numbers, walked = row_numbers(), 0
    looking = _Looking(section, rows.path.parent)
    with ThreadPoolExecutor(FETCHED_AT_ONCE, "goldpan-fetch") as threads:
        for batch in _small_batches(rows, names):
            values = dict(zip(names, batch.columns, strict=True))
            places = [looking.place(name) for name in as_strings(values[str(section.image_path)]).to_pylist()]
            distant = any(place is not None and is_address(place) for place in places)
            look = looking.look if walked >= known.items else lambda place: (None, 0)
            found = list((threads.map if distant else map)(look, places))
            walked += batch.num_rows
            yield Part(
                row_keys(numbers, batch.num_rows) if key is None else as_strings(values[key]),
                tuple(each.convert(values[each.column.name]) for each in converters),
                pa.array([problem for problem, _ in found], type=pa.string()),
                content=np.asarray([each for _, each in found], dtype=np.uint64),
                paths=pa.array(places, type=pa.string()),
                truth=truth_values(rows, section.truth, batch),
            )
    notes.extend(note for note in (each.note() for each in converters) if note)


def _small_batches(rows: Rows, names: list[str]) -> Iterator[pa.RecordBatch]:
    for batch in rows.batches(names):
        for start in range(0, batch.num_rows, _PART_ITEMS):
            yield batch.slice(start, _PART_ITEMS)
