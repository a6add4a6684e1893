"""Encoding that is stopped goes on where it was, and gives what it would have given in one run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from config.errors import GoldpanError
from config.schema import EncoderSection
from models import part_vectors
from models.errors import VectorsError
from models.part_vectors import FOLDER, NOTES, part_folder
from models.vectors import CHUNK_ROWS, FILE, INFO, VectorFile, write_vectors
from tests.models.encoders.sources import MemorySource, vector_source

N = 5 * CHUNK_ROWS + 100
VALUES = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)


class StoppedError(GoldpanError):
    """The source does not come any more."""


class StoppingSource(MemorySource):
    """A pool that ends in an error after some chunks, not while it is fitted to, and counts what it is asked for."""

    problem: BaseException | None = None
    after = 3 * CHUNK_ROWS
    asked = 0

    def vectors(self, start: int, stop: int) -> np.ndarray:
        if self.problem is not None and start >= self.after and self.asked >= N:
            raise self.problem
        self.asked += stop - start
        return super().vectors(start, stop)


@pytest.fixture(autouse=True)
def noted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_vectors, "NOTED_EVERY_S", 0.0)


def source(values: np.ndarray = VALUES, problem: BaseException | None = None) -> StoppingSource:
    made = vector_source(values)
    found = StoppingSource(**vars(made))
    found.problem = problem
    return found


def write(pool: MemorySource, folder: Path, *, pool_hash: str = "p", seed: int = 0) -> VectorFile:
    section = EncoderSection(name="given")
    return write_vectors(
        pool,
        section=section,
        seed=seed,
        folder=folder,
        progress=lambda share, text: None,
        pool_hash=pool_hash,
    )


def asked_for(folder: Path, pool_hash: str = "p", values: np.ndarray = VALUES) -> int:
    """Encode once more, and return how many rows were written by that."""
    again = source(values)
    began = again.asked
    made = write(again, folder, pool_hash=pool_hash)
    np.testing.assert_array_equal(made.array, values)
    made.verify()
    assert sorted(path.name for path in folder.iterdir()) == [INFO, FILE]
    return again.asked - began


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), StoppedError("no answer")])
def test_write_vectors__goes_on_after_it_was_stopped(tmp_path: Path, problem: BaseException) -> None:
    whole = write(source(), tmp_path / "whole")
    once = asked_for(tmp_path / "once")
    with pytest.raises(type(problem)):
        write(source(problem=problem), tmp_path / "v")
    assert [path.name for path in (tmp_path / "v").iterdir()] == [FOLDER]  # no vectors that look whole
    # Three chunks are not encoded again, but for the first, by which the encoder is known.
    assert once - asked_for(tmp_path / "v") == 2 * CHUNK_ROWS
    assert write(source(), tmp_path / "v").hash == whole.hash


@pytest.mark.parametrize("change", ["pool", "numbers", "encoder", "noted", "cut"])
def test_write_vectors__begins_anew_where_something_is_another(tmp_path: Path, change: str) -> None:
    once = asked_for(tmp_path / "once")
    with pytest.raises(StoppedError):
        write(source(problem=StoppedError("x")), tmp_path / "v")
    part = tmp_path / "v" / FOLDER
    values = VALUES
    if change == "numbers":  # of the part on disk
        raw = bytearray((part / FILE).read_bytes())
        raw[CHUNK_ROWS * 12 + 500] ^= 1
        (part / FILE).write_bytes(raw)
    elif change == "encoder":  # gives other vectors for the same pool
        values = VALUES + 1
    elif change == "noted":
        told = json.loads((part / NOTES).read_text())
        (part / NOTES).write_text(json.dumps({**told, "dimensions": 4}))
    elif change == "cut":
        (part / FILE).write_bytes((part / FILE).read_bytes()[: 2 * CHUNK_ROWS * 12])
    asked = asked_for(tmp_path / "v", "q" if change == "pool" else "p", values)
    assert asked - once == (CHUNK_ROWS if change == "encoder" else 0)


def test_write_vectors__a_pool_without_a_hash_is_encoded_anew(tmp_path: Path) -> None:
    once = asked_for(tmp_path / "once", "")
    with pytest.raises(StoppedError):
        write(source(problem=StoppedError("x")), tmp_path / "v", pool_hash="")
    assert asked_for(tmp_path / "v", "") == once


def test_write_vectors__a_full_disk_gives_its_room_back(tmp_path: Path) -> None:
    with pytest.raises(VectorsError, match="No space left"):
        write(source(problem=OSError(28, "No space left on device")), tmp_path / "v")
    assert list((tmp_path / "v").iterdir()) == []


def test_part_folder__of_another_process_is_left_alone(tmp_path: Path) -> None:
    with part_folder(tmp_path) as first, part_folder(tmp_path) as second:
        assert first.name == FOLDER and second != first
    with part_folder(tmp_path) as third:
        assert third == first


def test_write_vectors__a_kill_costs_what_was_not_noted(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.models import test_part_vectors as t; from models import part_vectors\n"
        "part_vectors.NOTED_EVERY_S = 0.0\n"
        "class Killed(t.StoppingSource):\n"
        "    def vectors(self, start, stop):\n"
        "        if start >= 3 * t.CHUNK_ROWS and self.asked >= t.N: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return super().vectors(start, stop)\n"
        "t.write(Killed(**vars(t.vector_source(t.VALUES))), Path(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "v")], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    once = asked_for(tmp_path / "once")
    assert once - asked_for(tmp_path / "v") == 2 * CHUNK_ROWS
