"""Items keep their places on the map over a change of the pool, by key."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.places import remember_places
from app.prepare import refresh_pool
from app.project import Project, open_project
from models.arranging import open_arrangement, write_arrangement
from models.layout_files import CARRIED, open_layout, read_layout_info
from models.vectors import open_vectors


def arrange(project: Project) -> np.ndarray:
    folder = project.paths.vectors
    file = open_vectors(folder)
    write_arrangement(file, seed=1, folder=folder, progress=lambda *_: None)
    return np.array(open_arrangement(folder, expected_rows=file.shape[0], vectors_hash=file.hash))


def test_refresh_pool__old_items_start_from_their_old_places(clouds: Project, tmp_path: Path) -> None:
    before = arrange(clouds)
    lines = (tmp_path / "clouds.csv").read_text(encoding="utf-8").splitlines()
    changed = [lines[0], *reversed(lines[11:]), "new-1,0,0,0,0,common", "new-2,6,0,6,0,other"]
    (tmp_path / "clouds.csv").write_text("\n".join(changed) + "\n", encoding="utf-8")
    refresh_pool(clouds)
    again = open_project(clouds.paths.config)
    places = open_layout(again.paths.vectors, CARRIED, expected_rows=again.pool.n)
    old = clouds.pool.rows(again.pool.keys(np.arange(again.pool.n)))
    assert (old < 0).sum() == 2
    np.testing.assert_array_equal(places[old >= 0], before[old[old >= 0]])
    assert np.isnan(places[old < 0]).all()
    after = arrange(again)
    # The clouds lie where they lay: the eye is not lost.
    assert np.median(np.linalg.norm(after[old >= 0] - before[old[old >= 0]], axis=1)) < 0.2
    again.close()


def test_refresh_pool__without_a_layout_nothing_is_kept(clouds: Project, tmp_path: Path) -> None:
    assert remember_places(clouds.paths) is None
    with (tmp_path / "clouds.csv").open("a", encoding="utf-8") as file:
        file.write("new-1,0,0,0,0,common\n")
    refresh_pool(clouds)
    assert read_layout_info(clouds.paths.vectors, CARRIED) is None


def test_remember_places__a_damaged_pool_or_layout_has_none(clouds: Project) -> None:
    arrange(clouds)
    assert remember_places(clouds.paths) is not None
    file = clouds.paths.vectors / "arranged.npy"
    file.write_bytes(file.read_bytes()[:100])
    assert remember_places(clouds.paths) is None
    arrange(clouds)
    (clouds.paths.pool / "items.arrow").unlink()
    assert remember_places(clouds.paths) is None
