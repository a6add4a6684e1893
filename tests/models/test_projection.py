from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.errors import ProjectionError
from models.layout_files import PRINCIPAL, read_layout_info
from models.projection import FILE, METHOD, open_projection, write_projection

FloatArray = np.ndarray[tuple[int, int], np.dtype[np.float32]]


def draw(vectors: np.ndarray, folder: Path, *, seed: int = 0) -> FloatArray:
    return np.array(write_projection(vectors, seed=seed, folder=folder, progress=lambda share, text: None))


@pytest.mark.parametrize("n", [300, 70_000])
def test_write_projection__same_seed_same_map_in_the_square(tmp_path: Path, n: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(n, 6)).astype(np.float32)
    first, second = draw(vectors, tmp_path / "a"), draw(vectors, tmp_path / "b")
    assert first.shape == (n, 2)
    assert first.dtype == np.float32
    assert np.abs(first).max() <= 1.0
    assert np.ptp(first, axis=0).min() > 1.5
    np.testing.assert_array_equal(first, second)


def test_write_projection__large_pool_shows_its_main_axis(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(5_001, 4)).astype(np.float32)
    vectors[:, 2] *= 10
    positions = draw(vectors, tmp_path)
    assert np.corrcoef(positions[:, 0], vectors[:, 2])[0, 1] > 0.95


def test_write_projection__an_outlier_does_not_shrink_the_map(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(5_001, 3)).astype(np.float32)
    vectors[7] = 1e6
    positions = draw(vectors, tmp_path)
    rest = np.delete(positions, 7, axis=0)
    assert rest.std(axis=0).min() > 0.2
    assert np.abs(positions[7]).max() > np.abs(rest).max() - 1e-3


@pytest.mark.parametrize("n", [1, 2, 3, 9, 10, 40])
@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("kind", ["random", "constant", "zero"])
def test_write_projection__degenerate_pools_give_finite_places(
    tmp_path: Path, n: int, d: int, kind: str
) -> None:
    vectors = {
        "random": np.random.default_rng(0).normal(size=(n, d)),
        "constant": np.full((n, d), 3.7),
        "zero": np.zeros((n, d)),
    }[kind].astype(np.float32)
    positions = draw(vectors, tmp_path)
    assert positions.shape == (n, 2)
    assert np.isfinite(positions).all()
    assert len(np.unique(positions, axis=0)) == n


def test_write_projection__one_dimension_spreads_along_one_axis(tmp_path: Path) -> None:
    positions = draw(np.arange(50, dtype=np.float32)[:, None], tmp_path)
    assert (np.diff(positions[:, 0]) > 0).all()
    assert np.abs(positions[:, 1]).max() <= 0.05


def test_write_projection__half_precision(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float16)
    assert np.isfinite(draw(vectors, tmp_path)).all()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,)])
def test_write_projection__wrong_shape_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ProjectionError, match="at least 1"):
        draw(np.zeros(shape, dtype=np.float32), tmp_path)


@pytest.mark.parametrize("n", [4, 5_001])
def test_write_projection__nan_is_refused(tmp_path: Path, n: int) -> None:
    vectors = np.zeros((n, 3), dtype=np.float32)
    vectors[2, 1] = np.nan
    with pytest.raises(ProjectionError, match="NaN"):
        draw(vectors, tmp_path)
    assert not list(tmp_path.iterdir())


def test_write_projection__folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ProjectionError, match="cannot be written"):
        draw(np.zeros((3, 2), dtype=np.float32), tmp_path / "taken")


def test_open_projection__is_a_read_only_memory_map(tmp_path: Path) -> None:
    draw(np.zeros((3, 2), dtype=np.float32), tmp_path)
    positions = open_projection(tmp_path, expected_rows=3)
    assert isinstance(positions, np.memmap)
    assert not positions.flags.writeable


def test_open_projection__drawn_from_other_vectors(tmp_path: Path) -> None:
    vectors = np.zeros((3, 2), dtype=np.float32)
    write_projection(
        vectors, seed=4, folder=tmp_path, progress=lambda *_: None, vectors_hash="a", pool_hash="p"
    )
    assert len(open_projection(tmp_path, vectors_hash="a")) == 3
    with pytest.raises(ProjectionError, match="from other vectors"):
        open_projection(tmp_path, vectors_hash="b")
    info = read_layout_info(tmp_path, PRINCIPAL)
    assert info is not None
    assert (info.method, info.pool_hash, info.items, info.seed) == (METHOD, "p", 3, 4)


def test_open_projection__nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ProjectionError, match="is missing"):
        open_projection(tmp_path)


def test_open_projection__another_length(tmp_path: Path) -> None:
    draw(np.zeros((3, 2), dtype=np.float32), tmp_path)
    with pytest.raises(ProjectionError, match="3 items, the pool has 4"):
        open_projection(tmp_path, expected_rows=4)


@pytest.mark.parametrize("kept", [0, 30, -1])
def test_open_projection__cut_short(tmp_path: Path, kept: int) -> None:
    draw(np.zeros((3, 2), dtype=np.float32), tmp_path)
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:kept])
    with pytest.raises(ProjectionError, match="cut short"):
        open_projection(tmp_path)


@pytest.mark.parametrize("other", [np.zeros((3, 3), dtype=np.float32), np.zeros((3, 2))])
def test_open_projection__another_array_is_refused(tmp_path: Path, other: np.ndarray) -> None:
    np.save(tmp_path / FILE, other)
    with pytest.raises(ProjectionError, match="two float32 coordinates"):
        open_projection(tmp_path)
