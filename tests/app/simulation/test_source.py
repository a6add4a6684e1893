from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import app.simulation.source as source
from app.project import Project
from app.simulation.errors import LabelledPoolError
from app.simulation.source import items_of_project
from config.errors import ConfigError
from tests.projects import COUNTS, make_texts


def test_items_of_project__vectors_with_their_truth(clouds: Project) -> None:
    items = items_of_project(clouds.paths.config)
    assert (items.name, items.class_names) == ("clouds", ("common", "other", "rare"))
    assert np.bincount(items.truth).tolist() == [COUNTS[name] for name in items.class_names]
    centres = [items.vectors[items.truth == label].mean(axis=0) for label in range(3)]
    spread = items.vectors[items.truth == 0].std()
    assert min(np.linalg.norm(centres[0] - centres[1]), np.linalg.norm(centres[0] - centres[2])) > spread


def test_items_of_project__items_without_truth_are_left_out(clouds: Project) -> None:
    truth = [None] * 100 + ["a"] * 4 + ["b"] * 4
    pq.write_table(pa.table({"truth": pa.array(truth, pa.string())}), clouds.paths.pool / "truth.parquet")
    items = items_of_project(clouds.paths.config)
    assert np.bincount(items.truth).tolist() == [4, 4]


def test_items_of_project__no_truth_at_all(clouds: Project) -> None:
    table = pa.table({"truth": pa.array([None] * 108, pa.string())})
    pq.write_table(table, clouds.paths.pool / "truth.parquet")
    with pytest.raises(LabelledPoolError, match="no readable item has a truth"):
        items_of_project(clouds.paths.config)


def test_items_of_project__vectors_gone(clouds: Project) -> None:
    (clouds.paths.vectors / "vectors.npy").unlink()
    with pytest.raises(LabelledPoolError, match="goldpan round"):
        items_of_project(clouds.paths.config)


def test_items_of_project__no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        items_of_project(tmp_path / "missing.yaml")


def test_items_of_project__class_names_are_sought_where_the_encoder_knows_words(tmp_path: Path) -> None:
    project = make_texts(tmp_path)
    project.close()
    items = items_of_project(project.paths.config, names=True)
    assert items.seeds is not None
    place = items.seeds.classes.tolist().index(items.class_names.index("lost_card"))
    own = items.seeds.scores[items.truth == items.class_names.index("lost_card"), place].mean()
    assert own > items.seeds.scores[:, place].astype(np.float32).mean()


def test_items_of_project__names_are_points_among_the_texts(tmp_path: Path) -> None:
    project = make_texts(tmp_path)
    project.close()
    items = items_of_project(project.paths.config, names=True)
    assert items.seeds is not None and items.seeds.vectors is not None
    assert items.seeds.vectors.shape == (3, items.vectors.shape[1])
    units = items.seeds.vectors / np.linalg.norm(items.seeds.vectors, axis=1, keepdims=True)
    nearest = items.seeds.classes[(items.vectors @ units.T).argmax(axis=1)]
    lost_card = items.class_names.index("lost_card")
    assert (nearest[items.truth == lost_card] == lost_card).all()


def test_items_of_project__names_beside_images_are_no_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_texts(tmp_path)
    project.close()
    monkeypatch.setattr(source, "learns_from_names", lambda _encoder: False)
    items = items_of_project(project.paths.config, names=True)
    assert items.seeds is not None and items.seeds.vectors is None


def test_items_of_project__names_without_words_seek_nothing(clouds: Project) -> None:
    assert items_of_project(clouds.paths.config, names=True).seeds is None
