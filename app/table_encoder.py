"""The fitted preprocessing of a table as a file: with it the exported model reads raw rows, not vectors alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from app.errors import ProjectError
from app.project import Project
from labeling.pools.contract import Column
from labeling.pools.values import Converter
from models.portable.files import HeadFile, write_weights

if TYPE_CHECKING:
    import pandas as pd

    from models.encoders.contract import ItemSource
    from models.encoders.tabular import FittedTabular

log = logging.getLogger("goldpan.exports")

FILE = "encoder.safetensors"
TABULAR = "tabular"

CHECKED_ROWS = 256
"""Rows by which an encoder that was fitted again is held against the vectors there are."""

CLOSE = 1e-4


@dataclass(frozen=True)
class TableEncoder:
    """Turns raw rows into the vectors that a model reads.

    Attributes:
        columns: the columns it reads, with what the pool took each for.
        fitted: the encoder.
    """

    columns: tuple[Column, ...]
    fitted: FittedTabular

    def encode(self, frame: pd.DataFrame) -> npt.NDArray[np.float32]:
        """Return (b, d) float32 vectors of b rows, read as goldpan reads a pool's.

        Args:
            frame: the columns under the names that the pool has, in any order; others are left alone.

        Raises:
            ProjectError: a column is missing.
        """
        missing = [column.name for column in self.columns if column.name not in frame]
        if missing:
            told = ", ".join(map(repr, missing[:5]))
            raise ProjectError(
                f"{len(missing)} of the {len(self.columns)} columns that the model reads are missing: {told}; it reads "
                f"{', '.join(column.name for column in self.columns)}"
            )
        import pandas as pd

        levels = {each.name: set(getattr(each, "levels", ())) for each in self.fitted.others}
        values = {
            column.name: _converted(column, frame[column.name], levels.get(column.name, set()))
            for column in self.columns
        }
        plain = pd.DataFrame(values, index=range(len(frame)))
        return self.fitted.transform(cast("ItemSource", _Rows(plain)), 0, len(frame))


class _Rows:
    """Rows in memory as an encoder reads a pool."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self.readable = np.ones(len(frame), np.bool_)

    def __len__(self) -> int:
        return len(self._frame)

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        return self._frame.iloc[start:stop].reset_index(drop=True)


def write_portable(
    project: Project, head: HeadFile, folder: Path, *, facts: Mapping[str, Any]
) -> tuple[Path, ...]:
    """Write a head for programs without goldpan, and beside it what reads raw rows where the pool is a table.

    Args:
        project: the opened project.
        head: the head.
        folder: where to; it is there.
        facts: what `model.json` shall say.

    Returns:
        The files.
    """
    why_not = f"its pool is of another kind ({project.pool.kind}), or its vectors were given"
    try:
        files = write_table_encoder(project, folder)
    except ProjectError as problem:
        log.warning("the exported model reads no raw rows: %s", problem)
        files, why_not = (), str(problem)
    told = {**facts, "reads_rows": bool(files), "why_no_rows": "" if files else why_not}
    return (*write_weights(head, folder, facts=told), *files)


def write_table_encoder(project: Project, folder: Path) -> tuple[Path, ...]:
    """Write the encoder of a table's project into a folder; nothing where the pool is no table.

    Args:
        project: the opened project.
        folder: where to; it is there.

    Returns:
        The file, or none.

    Raises:
        ProjectError: the encoder gives other vectors than the project has.
    """
    from safetensors.numpy import save

    from models.encoders.tabular_file import tabular_arrays
    from models.vectors import open_vectors

    if project.pool.kind != "table" or open_vectors(project.paths.vectors).encoder != TABULAR:
        return ()
    arrays = {name: np.ascontiguousarray(array) for name, array in tabular_arrays(_fitted(project)).items()}
    columns = [asdict(column) for column in project.pool.columns if column.use == "model"]
    path = folder / FILE
    path.write_bytes(save(arrays, metadata={"pool_columns": json.dumps(columns, ensure_ascii=False)}))
    return (path,)


def read_table_encoder(path: Path | str) -> TableEncoder:
    """Read the encoder of an exported model.

    Args:
        path: the file `encoder.safetensors` beside the model.

    Raises:
        ProjectError: the file cannot be read, or is not such a file.
    """
    from safetensors import SafetensorError, safe_open

    from models.encoders.tabular_file import tabular_from_arrays

    try:
        with safe_open(path, framework="numpy") as opened:
            told = json.loads((opened.metadata() or {})["pool_columns"])
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
        fitted = tabular_from_arrays(arrays)
        columns = tuple(Column(**entry) for entry in told)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ProjectError(f"{path} cannot be read as a table's encoder ({error!r}); export again") from error
    used = {column.name for column in (*fitted.numeric, *fitted.others)}
    return TableEncoder(tuple(column for column in columns if column.name in used), fitted)


def _fitted(project: Project) -> FittedTabular:
    """Fit the encoder as it was fitted for the pool: the same rows and seed give the same numbers.

    Raises:
        ProjectError: they do not; the vectors were made by another version, say.
    """
    from models.encoders.tabular import TabularEncoder
    from models.vectors import open_vectors

    config, pool = project.config, project.pool
    fitted = TabularEncoder().fit(
        pool, section=config.encoder, seed=config.project.seed, progress=lambda share, text: None
    )
    stored = open_vectors(project.paths.vectors, expected_rows=pool.n).array[:CHECKED_ROWS]
    again = fitted.transform(pool, 0, len(stored))
    if again.shape != stored.shape or not np.allclose(again, stored, atol=CLOSE):
        raise ProjectError(
            "the table's preprocessing, fitted again, gives other vectors than the project has, so that raw rows would "
            "be predicted wrongly; give the model vectors, as the export npz holds them"
        )
    return fitted


def _converted(column: Column, values: pd.Series[Any], levels: set[str]) -> Any:  # noqa: ANN401 - an array
    """Return a column as the pool would store it: float64, or texts, missing ones as NaN or None.

    Args:
        column: what the pool took it for.
        values: (b,) as they are given.
        levels: the frequent levels of a categorical column.
    """
    if column.role == "categorical" and values.dtype != object:
        values = values.map(lambda value: _level(value, levels), na_action="ignore").astype(object)
    try:
        arrow = pa.Array.from_pandas(values)
    except pa.ArrowException:
        # Mixed types, as a column of an object frame may have them: by their texts, as from a CSV file.
        arrow = pa.array(
            [None if gone else str(value) for value, gone in zip(values, values.isna(), strict=True)]
        )
    if isinstance(arrow, pa.ChunkedArray):
        arrow = arrow.combine_chunks()
    found = Converter(column).convert(arrow)
    if column.role == "numeric":
        return found.to_numpy(zero_copy_only=False).astype(np.float64)
    return np.asarray(found.to_pylist(), dtype=object)


def _level(value: object, levels: set[str]) -> str:
    """Return a level as the pool has it: pandas makes True of the text "True", and 1.0 of "1" beside a gap."""
    told = str(value)
    if isinstance(value, float) and value.is_integer():
        told = str(int(value))
    return next((each for each in (str(value), told, told.lower()) if each in levels), told)
