from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

import models.arranging as arranging
import models.neighbour_layout as neighbour_layout
from models.arranging import CORNER, Start, carry_places, find_start, open_arrangement, write_arrangement
from models.errors import ProjectionError
from models.layout_files import ARRANGED, CARRIED, LayoutInfo, read_layout_info, save_layout
from models.placing import align
from models.projection import open_projection, write_projection
from models.vectors import VectorFile

DIGITS = load_digits()


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer steps than in earnest: enough for some hundred items."""
    monkeypatch.setattr(neighbour_layout, "TOGETHER_STEPS", 100)
    monkeypatch.setattr(neighbour_layout, "APART_STEPS", 200)


def pool(
    folder: Path, vectors: np.ndarray, *, name: str = "v", pool_name: str = "p", seed: int = 0
) -> VectorFile:
    """Put vectors and their principal axes into a folder, as a project has them."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "vectors.npy", vectors.astype(np.float32))
    file = VectorFile(folder / "vectors.npy", vectors.shape, name, "given", "s", pool_name, "", 0.0)
    write_projection(
        file.array, seed=seed, folder=folder, progress=lambda *_: None, vectors_hash=name, pool_hash=pool_name
    )
    return file


def arrange(file: VectorFile, *, seed: int = 0) -> np.ndarray:
    folder = file.path.parent
    assert write_arrangement(file, seed=seed, folder=folder, progress=lambda *_: None) is not None
    return np.array(open_arrangement(folder, expected_rows=file.shape[0], vectors_hash=file.hash))


def accuracy(places: np.ndarray, truth: np.ndarray) -> float:
    """Return how often the nearest item on the map has the same class."""
    half = len(truth) // 2
    return float(KNeighborsClassifier(1).fit(places[:half], truth[:half]).score(places[half:], truth[half:]))


def test_write_arrangement__alike_items_lie_together(tmp_path: Path) -> None:
    file = pool(tmp_path, DIGITS.data[:900])
    places = arrange(file)
    assert places.shape == (900, 2) and places.dtype == np.float32 and np.abs(places).max() <= 1
    assert accuracy(places, DIGITS.target[:900]) > 0.85
    assert (
        accuracy(places, DIGITS.target[:900]) > accuracy(open_projection(tmp_path), DIGITS.target[:900]) + 0.2
    )
    info = read_layout_info(tmp_path, ARRANGED)
    assert info is not None and (info.fitted, info.items, info.vectors_hash, info.pool_hash) == (
        900,
        900,
        "v",
        "p",
    )


def test_write_arrangement__the_rest_is_placed_among_a_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arranging, "FITTED_ROWS", 500)
    told: list[float] = []
    file = pool(tmp_path, DIGITS.data)
    info = write_arrangement(file, seed=0, folder=tmp_path, progress=lambda share, _: told.append(share))
    assert info is not None and info.fitted == 500
    places = open_arrangement(tmp_path, expected_rows=len(DIGITS.data), vectors_hash="v")
    assert accuracy(np.array(places), DIGITS.target) > 0.85
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 20


@pytest.mark.parametrize("tree_rows", [100, 2_000], ids=["grid", "tree"])
def test_write_arrangement__the_same_seed_gives_the_same_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree_rows: int
) -> None:
    monkeypatch.setattr(neighbour_layout, "TREE_ROWS", tree_rows)
    first, second = (arrange(pool(tmp_path / name, DIGITS.data[:300]), seed=3) for name in "ab")
    np.testing.assert_array_equal(first, second)


def test_write_arrangement__is_turned_to_the_principal_axes(tmp_path: Path) -> None:
    places = arrange(pool(tmp_path, DIGITS.data[:500])).astype(np.float64)
    turned = align(places, np.array(open_projection(tmp_path), np.float64))
    apart = np.linalg.norm(turned - (places - places.mean(axis=0)), axis=1)
    assert apart.max() < 0.35


@pytest.mark.parametrize(
    "vectors",
    [
        np.random.default_rng(0).normal(size=(9, 5)),
        np.random.default_rng(0).normal(size=(50, 2)),
        np.random.default_rng(0).normal(size=(50, 1)),
        np.full((50, 5), 2.5),
        np.zeros((50, 5)),
        np.vstack([np.zeros((50, 5)), np.eye(5)]),
    ],
)
def test_write_arrangement__nothing_to_arrange(tmp_path: Path, vectors: np.ndarray) -> None:
    file = pool(tmp_path, vectors)
    assert write_arrangement(file, seed=0, folder=tmp_path, progress=lambda *_: None) is None
    with pytest.raises(ProjectionError, match="no layout of these vectors"):
        open_arrangement(tmp_path, expected_rows=len(vectors), vectors_hash="v")


@pytest.mark.parametrize("kind", ["few", "two places", "a line"])
def test_write_arrangement__odd_pools_give_finite_places(tmp_path: Path, kind: str) -> None:
    vectors = {
        "few": np.random.default_rng(0).normal(size=(10, 3)),
        "two places": np.repeat(np.eye(2, 4), 60, axis=0),
        "a line": np.arange(1, 81)[:, None] * np.ones(6),
    }[kind]
    places = arrange(pool(tmp_path, vectors))
    assert np.isfinite(places).all() and np.ptp(places, axis=0).max() > 0.5


def test_write_arrangement__items_without_a_vector_lie_in_the_corner(tmp_path: Path) -> None:
    vectors = DIGITS.data[:120].copy()
    vectors[::10] = 0
    places = arrange(pool(tmp_path, vectors))
    corner = np.asarray(((places >= CORNER[0]) & (places <= CORNER[1])).all(axis=1))
    assert corner[::10].all()
    assert corner.sum() <= 13


def test_write_arrangement__nan_is_refused(tmp_path: Path) -> None:
    file = pool(tmp_path, DIGITS.data[:60])
    vectors = DIGITS.data[:60].astype(np.float32)
    vectors[3, 3] = np.nan
    np.save(file.path, vectors)
    with pytest.raises(ProjectionError, match="NaN"):
        write_arrangement(file, seed=0, folder=tmp_path, progress=lambda *_: None)


def test_write_arrangement__stopped_midway_leaves_what_was_there(tmp_path: Path) -> None:
    file = pool(tmp_path, DIGITS.data[:100])
    before = arrange(file)

    def stop(share: float, what: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt(what)

    with pytest.raises(KeyboardInterrupt):
        write_arrangement(file, seed=9, folder=tmp_path, progress=stop)
    np.testing.assert_array_equal(open_arrangement(tmp_path, expected_rows=100, vectors_hash="v"), before)


def test_write_arrangement__a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    file = pool(tmp_path, DIGITS.data[:60])
    (tmp_path / "arranged.npy").mkdir()
    with pytest.raises(ProjectionError, match="cannot be written"):
        write_arrangement(file, seed=0, folder=tmp_path, progress=lambda *_: None)


def test_open_arrangement__stale_ones_are_noticed(tmp_path: Path) -> None:
    arrange(pool(tmp_path, DIGITS.data[:60]))
    with pytest.raises(ProjectionError, match="no layout of these vectors"):
        open_arrangement(tmp_path, expected_rows=60, vectors_hash="other")
    with pytest.raises(ProjectionError, match="60 items, the pool has 61"):
        open_arrangement(tmp_path, expected_rows=61, vectors_hash="v")


def test_write_arrangement__old_items_stay_near_their_old_places(tmp_path: Path) -> None:
    before = arrange(pool(tmp_path / "a", DIGITS.data[:600]))
    info = read_layout_info(tmp_path / "a", ARRANGED)
    assert info is not None
    # The pool lost its first 50 items and got 150 others.
    file = pool(tmp_path / "b", DIGITS.data[50:750], name="w", pool_name="q")
    places = np.full((700, 2), np.nan, np.float32)
    places[:550] = before[50:]
    carry_places(places, info, folder=tmp_path / "b", file=file)
    after = arrange(file)
    moved = np.linalg.norm(after[:550] - before[50:], axis=1)
    assert np.median(moved) < 0.12
    fresh = arrange(pool(tmp_path / "c", DIGITS.data[50:750]))
    assert np.median(moved) < 0.5 * np.median(np.linalg.norm(fresh[:550] - before[50:], axis=1))
    assert accuracy(after, DIGITS.target[50:750]) > 0.85
    assert not list((tmp_path / "b").glob("carried.*"))


def test_find_start__an_earlier_layout_of_the_same_pool(tmp_path: Path) -> None:
    file = pool(tmp_path, DIGITS.data[:60])
    principal = open_projection(tmp_path)
    assert not find_start(tmp_path, principal, file).again
    arrange(file)
    again = find_start(tmp_path, principal, file)
    info = read_layout_info(tmp_path, ARRANGED)
    assert again.again and info is not None
    np.testing.assert_allclose(again.positions.std(axis=0), info.spread, rtol=1e-5)


@pytest.mark.parametrize("case", ["other pool", "other vectors", "too few", "one place"])
def test_find_start__places_that_do_not_fit_are_not_used(tmp_path: Path, case: str) -> None:
    file = pool(tmp_path, DIGITS.data[:60])
    places = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    if case == "too few":
        places[5:] = np.nan
    if case == "one place":
        places[:] = 0.5
    hashes = {"other pool": ("v", "x"), "other vectors": ("x", "p")}.get(case, ("v", "p"))
    save_layout(places, tmp_path, CARRIED, LayoutInfo("m", hashes[0], pool_hash=hashes[1], items=60))
    start = find_start(tmp_path, open_projection(tmp_path), file)
    assert isinstance(start, Start) and not start.again


def test_spread__a_rare_cloud_is_in_the_sample() -> None:
    from models.placing import Space, spread_rows

    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(40_000, 6)).astype(np.float32)
    rare = np.arange(100, 140)
    vectors[rare] += 12
    space = Space(vectors, seed=0)
    chosen = spread_rows(space, np.arange(40_000), 4_000, seed=1, progress=lambda _: None)
    assert len(np.unique(chosen)) == 4_000 and (np.diff(chosen) > 0).all()
    # An even draw would hold four of them.
    assert len(np.intersect1d(chosen, rare)) > 6
