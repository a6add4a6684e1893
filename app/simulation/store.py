"""Finished runs on disk: one Parquet file a run, written at once or not at all, found again by its key."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import models
import strategies
from app.simulation.errors import SimulationError
from app.simulation.pools import LabelledPool
from app.version import VERSION

_METADATA = b"goldpan"
_FORMAT = 1
_LOOP = ("labelling", "measures", "model", "oracle", "run", "running")


@dataclass(frozen=True)
class StoredRun:
    """One finished run, as it is kept.

    Attributes:
        key: sha256 of all that it depends on; see `run_key`.
        pool: the pool's name.
        strategy: what labelled, as on the command line; "" for the head trained on the whole pool.
        head: the head's name in the grid.
        seed: of the pool and of the run.
        plan: the plan as plain values.
        summary: the measures by name; for the whole pool's head `balanced_accuracy` alone.
        rows: rows of the pool in the order of their labels.
        steps: the curve, see `app.simulation.run.RunResult`; empty for the whole pool's head.
    """

    key: str
    pool: str
    strategy: str
    head: str
    seed: int
    plan: Mapping[str, Any]
    summary: Mapping[str, float]
    rows: tuple[int, ...]
    steps: pd.DataFrame

    @property
    def title(self) -> str:
        """What ran, in a few words."""
        return f"{self.pool}, {self.strategy or 'whole pool'}, {self.head}, seed {self.seed}"

    @property
    def file_name(self) -> str:
        """The name of its file: readable, and told apart by the key."""
        words = f"{self.pool}-{self.strategy or 'whole'}-{self.head}-{self.seed}"
        return f"{re.sub(r'[^A-Za-z0-9_+.-]+', '_', words)}-{self.key[:16]}.parquet"


def run_key(pool_hash: str, plan: Mapping[str, Any], *, whole: bool) -> str:
    """Return the sha256 of all a run depends on: the pool, the plan, and goldpan's own code.

    Args:
        pool_hash: of the pool, see `hash_pool`.
        plan: as plain values.
        whole: whether the head is trained on the whole pool.
    """
    parts = {
        "format": _FORMAT, "version": VERSION, "code": code_hash(), "pool": pool_hash, "plan": plan, "whole": whole,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def hash_pool(pool: LabelledPool) -> str:
    """Return the sha256 of everything in a pool but its name."""
    digest = hashlib.sha256(json.dumps([pool.class_names, pool.rare]).encode())
    arrays: list[npt.NDArray[Any]] = [pool.vectors, pool.truth, pool.held_out, pool.held_out_truth]
    if pool.seeds is not None:
        arrays += [pool.seeds.scores, pool.seeds.classes]
        arrays += [] if pool.seeds.vectors is None else [pool.seeds.vectors]
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@cache
def code_hash() -> str:
    """Return the sha256 of the code that decides how a run ends: strategies, models and the simulation's loop.

    Changed code makes runs anew: a figure of an older strategy must not pass for the new one's.
    """
    folders = [Path(package.__path__[0]) for package in (models, strategies)]
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    files += [Path(__file__).with_name(f"{name}.py") for name in _LOOP]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.parent.name}/{file.name}\x00".encode() + file.read_bytes())
    return digest.hexdigest()


def write_run(folder: Path, run: StoredRun) -> Path:
    """Write a run; the file is there whole or not at all.

    Args:
        folder: where runs are kept; it exists.
        run: what to keep.

    Returns:
        The file.

    Raises:
        SimulationError: it cannot be written.
    """
    described = {
        "key": run.key, "pool": run.pool, "strategy": run.strategy, "head": run.head, "seed": run.seed,
        "plan": dict(run.plan), "summary": dict(run.summary), "rows": list(run.rows),
    }  # fmt: skip
    table = pa.Table.from_pandas(run.steps, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _METADATA: json.dumps(described)})
    path = folder / run.file_name
    write_table(path, table)
    return path


def write_table(path: Path, table: pa.Table) -> None:
    """Write a Parquet file at once or not at all.

    Raises:
        SimulationError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        try:
            pq.write_table(table, part)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as problem:
        raise SimulationError(f"{path}: cannot be written: {problem.strerror or problem}") from problem


def read_run(path: Path, *, key: str) -> StoredRun | None:
    """Read a run that was kept.

    Args:
        path: its file.
        key: what it must have been made from.

    Returns:
        The run; None where the file is missing, damaged, or of another run.
    """
    try:
        table = pq.read_table(path)
        described = json.loads(table.schema.metadata[_METADATA])
        if described["key"] != key:
            return None
        described["rows"] = tuple(described["rows"])
        return StoredRun(**described, steps=table.replace_schema_metadata(None).to_pandas())
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None
