from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from config.errors import UnknownNameError
from config.schema import EncoderSection
from models.errors import (
    EncoderError,
    EncoderInputError,
    VectorsDamagedError,
    VectorsError,
    VectorsMismatchError,
    VectorsMissingError,
)
from models.vectors import FILE, INFO, VectorFile, open_vectors, settings_hash, write_vectors
from tests.models.encoders.sources import MemorySource, make_source, vector_source


def write(source: MemorySource, folder: Path, *, seed: int = 0, pool_hash: str = "p") -> VectorFile:
    return write_vectors(
        source,
        section=EncoderSection(),
        seed=seed,
        folder=folder,
        progress=lambda share, text: None,
        pool_hash=pool_hash,
    )


def test_write_vectors__what_is_read_is_what_was_encoded(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(10_000, 5)).astype(np.float32)
    written = write(vector_source(vectors), tmp_path / "new" / "vectors")
    assert (written.shape, written.encoder, written.pool_hash) == ((10_000, 5), "given", "p")
    np.testing.assert_array_equal(written.array, vectors)
    np.testing.assert_array_equal(np.load(tmp_path / "new" / "vectors" / FILE), vectors)


def test_write_vectors__array_is_a_read_only_memory_map(tmp_path: Path) -> None:
    array = write(make_source("table", 20), tmp_path).array
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable


def test_write_vectors__halves_stay_halves(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(9_000, 5)).astype(np.float16)
    halves = write(vector_source(vectors.astype(np.float32)), tmp_path / "halves")
    assert halves.array.dtype == np.float16
    np.testing.assert_array_equal(halves.array, vectors)
    halves.verify()


def test_write_vectors__one_number_that_is_no_half_keeps_float32(tmp_path: Path) -> None:
    vectors = np.ones((9_000, 5), np.float32)
    vectors[8_999, 4] = 0.1
    written = write(vector_source(vectors), tmp_path)
    assert written.array.dtype == np.float32
    np.testing.assert_array_equal(written.array, vectors)
    written.verify()


def test_verify__altered_halves_are_found(tmp_path: Path) -> None:
    written = write(vector_source(np.ones((20, 4))), tmp_path)
    array = np.load(written.path, mmap_mode="r+")
    array[3, 1] = 2.0
    array.flush()
    with pytest.raises(VectorsDamagedError, match="altered"):
        written.verify()


def test_write_vectors__same_seed_same_hash(tmp_path: Path) -> None:
    first, second = (write(make_source("image", 20), tmp_path / name) for name in "ab")
    assert first.hash == second.hash
    assert first.settings_hash == second.settings_hash


def test_write_vectors__other_numbers_other_hash(tmp_path: Path) -> None:
    first = write(make_source("table", 20, seed=1), tmp_path / "a")
    assert first.hash != write(make_source("table", 20, seed=2), tmp_path / "b").hash


def test_write_vectors__progress_rises_to_one(tmp_path: Path) -> None:
    told: list[float] = []
    write_vectors(
        make_source("vectors", 9000),
        section=EncoderSection(),
        seed=0,
        folder=tmp_path,
        progress=lambda share, text: told.append(share),
    )
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_write_vectors__leaves_nothing_but_the_two_files(tmp_path: Path) -> None:
    write(make_source("table", 20), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [INFO, FILE]


def test_write_vectors__failure_keeps_the_old_and_no_rubbish(tmp_path: Path) -> None:
    old = write(make_source("vectors", 20), tmp_path)
    broken = make_source("vectors", 20)
    broken.all_vectors = np.full((20, 6), np.nan)
    with pytest.raises(EncoderInputError, match="rows 0, 1"):
        write(broken, tmp_path)
    assert open_vectors(tmp_path).hash == old.hash
    assert sorted(path.name for path in tmp_path.iterdir()) == [INFO, FILE]


def test_write_vectors__an_open_map_survives_new_vectors(tmp_path: Path) -> None:
    old = write(make_source("table", 20, seed=1), tmp_path).array
    before = np.array(old)
    write(make_source("table", 20, seed=2), tmp_path)
    np.testing.assert_array_equal(old, before)


def test_write_vectors__empty_pool_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no items"):
        write(vector_source(np.zeros((0, 3))), tmp_path)


def test_write_vectors__unknown_encoder_lists_the_known(tmp_path: Path) -> None:
    section = EncoderSection.model_construct(name="magic")
    with pytest.raises(UnknownNameError, match=r"'magic'.*tabular"):
        write_vectors(
            make_source("table", 3),
            section=section,
            seed=0,
            folder=tmp_path,
            progress=lambda share, text: None,
        )


def test_write_vectors__folder_that_is_a_file(tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.write_text("here already")
    with pytest.raises(VectorsError, match="cannot be written"):
        write(make_source("table", 3), place)


def test_write_vectors__full_disk_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    from models.encoders.given import FittedGiven
    from models.vectors import _write_chunks

    source = make_source("vectors", 9000)
    (tmp_path / FILE).symlink_to("/dev/full")
    fitted = FittedGiven(6)
    with pytest.raises(OSError, match="No space"):
        _write_chunks(
            tmp_path,
            source,
            fitted,
            lambda ranges: (fitted.transform(source, low, high) for low, high in ranges),
            {"pool_hash": ""},
            lambda share, text: None,
        )


def test_open_vectors__nothing_there(tmp_path: Path) -> None:
    with pytest.raises(VectorsMissingError, match="make them first"):
        open_vectors(tmp_path)


def test_open_vectors__description_without_numbers(tmp_path: Path) -> None:
    write(make_source("table", 5), tmp_path).path.unlink()
    with pytest.raises(VectorsMissingError, match=r"vectors\.npy is missing"):
        open_vectors(tmp_path)


@pytest.mark.parametrize("kept", [0, 20, 130, -4])
def test_open_vectors__cut_short(tmp_path: Path, kept: int) -> None:
    path = write(make_source("table", 50), tmp_path).path
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(VectorsDamagedError, match="cut short"):
        open_vectors(tmp_path)


def test_open_vectors__pickle_is_refused(tmp_path: Path) -> None:
    write(make_source("table", 5), tmp_path)
    (tmp_path / FILE).write_bytes(pickle.dumps([1, 2, 3]))
    with pytest.raises(VectorsDamagedError):
        open_vectors(tmp_path)


@pytest.mark.parametrize("other", [np.zeros((5, 2), dtype=np.float64), np.zeros(5, dtype=np.float32)])
def test_open_vectors__another_array_is_refused(tmp_path: Path, other: np.ndarray) -> None:
    write(make_source("table", 5), tmp_path)
    np.save(tmp_path / FILE, other)
    with pytest.raises(VectorsDamagedError, match="not a table of float32"):
        open_vectors(tmp_path)


def test_open_vectors__other_shape_than_described(tmp_path: Path) -> None:
    write(make_source("vectors", 5), tmp_path)
    np.save(tmp_path / FILE, np.zeros((4, 6), dtype=np.float32))
    with pytest.raises(VectorsDamagedError, match=r"4 x 6 numbers, vectors\.json says 5 x 6"):
        open_vectors(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 1}'])
def test_open_vectors__damaged_description(tmp_path: Path, text: str) -> None:
    write(make_source("table", 5), tmp_path)
    (tmp_path / INFO).write_text(text)
    with pytest.raises(VectorsDamagedError, match=r"vectors\.json"):
        open_vectors(tmp_path)


def test_open_vectors__newer_version_is_refused(tmp_path: Path) -> None:
    write(make_source("table", 5), tmp_path)
    info = json.loads((tmp_path / INFO).read_text())
    (tmp_path / INFO).write_text(json.dumps(info | {"version": 99}))
    with pytest.raises(VectorsDamagedError, match="version 99"):
        open_vectors(tmp_path)


def test_open_vectors__of_another_pool(tmp_path: Path) -> None:
    write(make_source("table", 5), tmp_path, pool_hash="one")
    assert open_vectors(tmp_path, expected_rows=5, pool_hash="one").shape[0] == 5
    with pytest.raises(VectorsMismatchError, match="another state"):
        open_vectors(tmp_path, pool_hash="two")
    with pytest.raises(VectorsMismatchError, match="5 vectors, the pool has 6"):
        open_vectors(tmp_path, expected_rows=6)


def test_verify__finds_one_changed_number(tmp_path: Path) -> None:
    written = write(make_source("table", 50), tmp_path)
    written.verify()
    data = bytearray(written.path.read_bytes())
    data[-3] ^= 1
    written.path.write_bytes(data)
    with pytest.raises(VectorsDamagedError, match="altered"):
        open_vectors(tmp_path).verify()


def test_settings_hash__changes_with_what_decides_the_vectors() -> None:
    plain = settings_hash(EncoderSection(), seed=0, encoder="tabular")
    assert plain == settings_hash(EncoderSection(batch_size=9, device="cpu"), seed=0, encoder="tabular")
    others = [
        settings_hash(EncoderSection(dimensions=9), seed=0, encoder="tabular"),
        settings_hash(EncoderSection(model="x"), seed=0, encoder="tabular"),
        settings_hash(EncoderSection(), seed=1, encoder="tabular"),
        settings_hash(EncoderSection(), seed=0, encoder="given"),
    ]
    assert len({plain, *others}) == 5


def test_reading__imports_neither_torch_nor_sklearn(tmp_path: Path) -> None:
    write(make_source("table", 20), tmp_path)
    np.save(tmp_path / "projection.npy", np.zeros((20, 2), dtype=np.float32))
    code = (
        "import sys; from pathlib import Path; import models.vectors, models.projection;"
        f"folder = Path({str(tmp_path)!r});"
        "models.vectors.open_vectors(folder).verify(); models.projection.open_projection(folder);"
        "print([name for name in ('torch', 'sklearn', 'scipy', 'pandas') if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
