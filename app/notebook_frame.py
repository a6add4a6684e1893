"""From a DataFrame to a pool's file, and from rows of one to vectors by the encoder of a project."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from app.errors import FrameError
from app.project import Project

if TYPE_CHECKING:
    from models.encoders.contract import FittedEncoder, FloatArray, Role

KEY, VECTORS = "item_key", "item_vectors"
"""Columns of the file for an index that is the key, and for vectors that stand beside the frame."""
SHOWN = 3
"""Values that an error names."""


def frame_table(
    frame: pd.DataFrame,
    *,
    key: str | None = None,
    image: str | None = None,
    vectors: str | npt.NDArray[np.floating] | None = None,
) -> pa.Table:
    """Return a frame as a table that can be a pool's file.

    Args:
        frame: one row an item.
        key: column that names the items; None for the frame's index, which becomes the column `KEY`.
        image: column with images: files as bytes, Pillow images, or arrays of 8-bit numbers.
        vectors: column with a vector in each row, or an array (n, d), which becomes the column `VECTORS`.

    Raises:
        FrameError: it cannot be; everything that is wrong is told.
    """
    _check_shape(frame)
    column = vectors if isinstance(vectors, str) else None
    problems = _name_problems(frame, key=key, image=image, vectors=vectors)
    arrays: dict[str, pa.Array] = {}
    keys = pd.Series(frame.index) if key is None else frame.get(key)
    if keys is not None:
        arrays[KEY if key is None else key] = _key_array(keys, problems)

    def add(name: str, said: str, make: Callable[[Any], pa.Array], values: Any) -> None:  # noqa: ANN401
        try:
            arrays[name] = make(values)
        except FrameError as problem:
            problems.append(f"{said} {problem}")

    for name in frame.columns.drop(key or [], errors="ignore"):
        make = _image_array if name == image else _vector_array if name == column else _plain_array
        add(name, f"column {name!r}", make, frame[name])
    if isinstance(vectors, np.ndarray):
        add(VECTORS, "vectors", partial(_beside, count=len(frame)), vectors)
    if problems:
        raise FrameError("this frame cannot be a pool: " + "; ".join(problems))
    return pa.table(arrays)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet; whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    try:
        pq.write_table(table, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def encode_frame(project: Project, frame: pd.DataFrame, fitted: FittedEncoder) -> FloatArray:
    """Return (m, d) float32, the vectors of rows that need not be in the pool.

    Args:
        project: the project whose encoder is asked.
        frame: m rows with the columns that the pool's items have.
        fitted: the encoder, as `fitted_encoder` gives it.

    Raises:
        FrameError: a column is missing, or of another kind than in the pool.
        PoolError: the rows cannot be read as items.
    """
    from labeling.pools.snapshot import make_snapshot

    section, roles = project.config.pool, project.pool.roles
    missing = [
        name for name in (*roles, section.text, section.image, section.vectors) if name and name not in frame
    ]
    if missing:
        raise FrameError(
            f"the pool's items have {_listed(missing)} and this frame has {_listed(frame.columns)}; give the "
            "same columns"
        )
    used = [name for name in frame.columns if name in (*roles, section.text, section.image, section.vectors)]
    table = frame_table(frame[used].reset_index(drop=True), image=section.image, vectors=section.vectors)
    asked: dict[str, Any] = {
        "path": "rows.parquet",
        "hash": None,
        "key": KEY,
        "truth": None,
        "extra": (),
        "group": None,
    }
    if roles:
        # A column without any value has no kind; `_AsInPool` puts it back.
        asked["columns"] = tuple(name for name in roles if table[name].null_count < len(table))
        if not asked["columns"]:
            raise FrameError(f"the rows have no value in any of {_listed(list(roles))}")
    with tempfile.TemporaryDirectory(prefix="goldpan-rows-", ignore_cleanup_errors=True) as place:
        write_table(table, Path(place) / "rows.parquet")
        pool = make_snapshot(section.model_copy(update=asked), folder=Path(place) / "pool", base=Path(place))
        return fitted.transform(_AsInPool(pool, roles), 0, pool.n)


def fitted_encoder(project: Project) -> FittedEncoder:
    """Return the encoder that made a project's vectors: taken up where it was kept, else fitted to the pool again.

    Raises:
        EncoderUnavailableError: a package or the weights are missing.
    """
    from threadpoolctl import threadpool_limits

    from models.encoders.kept import revive_encoder
    from models.encoders.registry import encoders
    from models.vectors import open_vectors

    file, section, seed = (
        open_vectors(project.paths.vectors),
        project.config.encoder,
        project.config.project.seed,
    )
    encoder = encoders.get(file.encoder)
    # As when the vectors were made: another number of threads may add the same numbers in another order.
    with threadpool_limits(1, user_api="blas"):
        kept = revive_encoder(
            encoder, project.pool, section=section, seed=seed, settings=file.settings_hash,
            folder=project.paths.vectors,
        )  # fmt: skip
        return kept or encoder.fit(
            project.pool, section=section, seed=seed, progress=lambda share, what: None
        )


class _AsInPool:
    """Rows whose columns have the kinds that they have in the pool: of few rows it could be told otherwise."""

    def __init__(self, pool: Any, roles: Any) -> None:  # noqa: ANN401 - a Pool, and its roles
        self._pool = pool
        self.kind, self.readable, self.roles = pool.kind, pool.readable, dict(roles)
        self.texts, self.images, self.vectors = pool.texts, pool.images, pool.vectors
        self.series = pool.series

    def __len__(self) -> int:
        return int(self._pool.n)

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        given = self._pool.frame(start, stop)
        columns = {
            name: _as_role(name, role, given.get(name), stop - start) for name, role in self.roles.items()
        }
        return pd.DataFrame(columns)


def _as_role(name: str, role: Role, values: pd.Series | None, count: int) -> pd.Series:
    if values is None:  # nothing but missing values
        return pd.Series(np.full(count, np.nan), dtype=float if role == "numeric" else object)
    numeric = pd.api.types.is_numeric_dtype(values)
    if role == "numeric" and not numeric:
        raise FrameError(f"column {name!r} holds numbers in the pool and other values here, {_some(values)}")
    return values if numeric == (role == "numeric") else values.map(_plain_number, na_action="ignore")


def _plain_number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _check_shape(frame: pd.DataFrame) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise FrameError(
            f"given {type(frame).__name__}; a pool is made from a pandas DataFrame, one row an item"
        )
    if not len(frame):
        raise FrameError("the frame has no rows; a pool needs at least one item")
    if isinstance(frame.columns, pd.MultiIndex) or isinstance(frame.index, pd.MultiIndex):
        raise FrameError(
            "the frame has several levels of names; give it plain ones, by reset_index() for one"
        )
    odd = [name for name in frame.columns if not isinstance(name, str)]
    if odd:
        raise FrameError(
            f"names of columns are texts, got {_listed(odd)}; rename them with frame.rename(columns=str)"
        )
    twice = frame.columns[frame.columns.duplicated()].tolist()
    if twice:
        raise FrameError(f"several columns are called {_listed(twice)}; give each a name of its own")


def _name_problems(
    frame: pd.DataFrame, *, key: str | None, image: str | None, vectors: str | npt.NDArray[Any] | None
) -> list[str]:
    """Return what is wrong with the names of columns that were given."""
    named = {"key": key, "image": image, "vectors": vectors if isinstance(vectors, str) else None}
    problems = [
        f"{part}: there is no column {name!r}; the frame has {_listed(frame.columns)}"
        for part, name in named.items()
        if name is not None and name not in frame.columns
    ]
    if key is None and KEY in frame.columns:
        problems.append(f"the frame has a column {KEY!r} and its index would get that name; say key={KEY!r}")
    if isinstance(vectors, np.ndarray) and VECTORS in frame.columns:
        problems.append(f"the frame has a column {VECTORS!r}, which the array would be; rename the column")
    return problems


def _key_array(keys: pd.Series, problems: list[str]) -> pa.Array:
    """Return the keys as texts; what is wrong with them goes to the problems."""
    missing = int(keys.isna().sum())
    if missing:
        problems.append(f"{missing} items have no key; name another column with key=")
    texts = pd.Series([str(value) for value in keys], dtype=object)
    twice = texts[texts.duplicated() & keys.notna().to_numpy()].unique().tolist()
    if twice:
        problems.append(
            f"{len(twice)} keys come more than once ({_listed(twice)}); name a column with key= in which each is "
            "different, or give the frame a new index"
        )
    return pa.array(texts.tolist(), pa.string())


def _plain_array(values: pd.Series) -> pa.Array:
    """Return a column of numbers, texts, dates, yes or no."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError) as problem:
        raise FrameError(f"holds {_some(values)}, which is no one kind of value; {_LEAVE_OUT}") from problem
    if not any(test(array.type) for test in _STORED):
        raise FrameError(f"holds {_some(values)}; {_LEAVE_OUT}")
    return array


def _vector_array(values: pd.Series) -> pa.Array:
    try:
        rows = [None if _is_missing(value) else np.asarray(value, dtype=np.float32) for value in values]
    except (TypeError, ValueError) as problem:
        raise FrameError(f"holds {_some(values)}, not a vector of numbers in each row") from problem
    lengths = {row.shape for row in rows if row is not None}
    if len(lengths) != 1 or len(next(iter(lengths))) != 1:
        raise FrameError(
            f"holds vectors of the shapes {_listed(sorted(lengths))}; give one of the same length in each row"
        )
    return pa.array([None if row is None else row.tolist() for row in rows], pa.list_(pa.float32()))


def _beside(vectors: npt.NDArray[Any], count: int) -> pa.Array:
    if vectors.ndim != 2 or len(vectors) != count or not np.issubdtype(vectors.dtype, np.number):
        raise FrameError(
            f"have shape {vectors.shape} and type {vectors.dtype}; give numbers (n, d), one row for each of the {count}"
        )
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def _image_array(values: pd.Series) -> pa.Array:
    return pa.array([_image_bytes(value) for value in values], pa.large_binary())


def _image_bytes(value: Any) -> bytes | None:  # noqa: ANN401 - of a frame
    from PIL import Image

    if _is_missing(value):
        return None
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return bytes(value["bytes"])
    if isinstance(value, np.ndarray):
        if value.dtype != np.uint8 or value.ndim not in (2, 3):
            raise FrameError(
                f"holds an array of {value.dtype} {value.shape}; give whole numbers of 8 bits (h, w) or (h, w, 3)"
            )
        value = Image.fromarray(value)
    if not isinstance(value, Image.Image):
        raise FrameError(
            f"holds {type(value).__name__}; give images as bytes of a file, Pillow images or arrays"
        )
    target = io.BytesIO()
    value.save(target, format="PNG")
    return target.getvalue()


_LEAVE_OUT = (
    "a plain column has numbers, texts, dates, or yes and no: name it with image= or vectors= if it is one, leave it "
    "out with frame.drop(columns=…), or make texts of it with astype(str)"
)
_STORED = (
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_temporal,
    pa.types.is_null,
)
"""Of an Arrow type whether a plain column may have it."""


def _is_missing(value: Any) -> bool:  # noqa: ANN401 - of a frame
    return value is None or (isinstance(value, float) and np.isnan(value))


def _some(values: pd.Series) -> str:
    """Return what kinds of value a column holds."""
    kinds = sorted({type(value).__name__ for value in values.head(1000) if not _is_missing(value)})
    return f"values of type {_listed(kinds)}"


def _listed(values: Sequence[Any] | pd.Index) -> str:
    given: Callable[[Any], str] = lambda value: repr(value) if isinstance(value, str) else str(value)  # noqa: E731
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return ", ".join(given(value) for value in list(values)[:SHOWN]) + more
