"""Which items are like one, or like any of several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.errors import RequestError
from app.likeness import EXAMPLES_MOST, similar_rows
from app.project import Project
from models.vectors import open_vectors
from tests.projects import make_texts, truth_of


@pytest.fixture
def texts(tmp_path: Path) -> Iterator[Project]:
    project = make_texts(tmp_path)
    yield project
    project.close()


def test_similar_rows__nearest_first_and_itself(clouds: Project) -> None:
    vectors = np.asarray(open_vectors(clouds.paths.vectors).array, np.float64)
    expected = np.argsort(np.linalg.norm(vectors - vectors[7], axis=1), kind="stable")[:9]
    assert similar_rows(clouds, np.array([7]), count=9).tolist() == expected.tolist()


def test_similar_rows__of_one_cloud(clouds: Project) -> None:
    truth = list(truth_of(clouds).values())
    found = similar_rows(clouds, np.array([truth.index("rare")]), count=4)
    assert {truth[row] for row in found} == {"rare"}


def test_similar_rows__more_than_there_are(clouds: Project) -> None:
    assert sorted(similar_rows(clouds, np.array([0]), count=500).tolist()) == list(range(clouds.pool.n))


def test_similar_rows__an_item_that_cannot_be_read(texts: Project) -> None:
    vectors = np.lib.format.open_memmap(texts.paths.vectors / "vectors.npy", mode="r+")
    vectors[3] = 0
    vectors.flush()
    with pytest.raises(RequestError, match="choose another one"):
        similar_rows(texts, np.array([3]), count=5)


def rows_of(project: Project, name: str) -> np.ndarray:
    return np.flatnonzero(np.array(list(truth_of(project).values())) == name)


def test_similar_rows__of_several_the_others_nearest_to_any(clouds: Project) -> None:
    rare, other = rows_of(clouds, "rare"), rows_of(clouds, "other")
    chosen = np.concatenate([rare[:4], other[:2]])
    vectors = np.asarray(open_vectors(clouds.paths.vectors).array, np.float32)
    distances = np.square(vectors[:, None] - vectors[chosen]).sum(axis=2).min(axis=1)
    distances[chosen] = np.inf
    found = similar_rows(clouds, chosen, count=30)
    assert found.tolist() == np.argsort(distances)[:30].tolist()


def test_similar_rows__of_more_than_are_looked_around(clouds: Project) -> None:
    common, other = rows_of(clouds, "common"), rows_of(clouds, "other")
    chosen = np.concatenate([common[:50], other[:30]])
    assert len(chosen) > EXAMPLES_MOST
    found = similar_rows(clouds, chosen, count=10)
    assert set(found) <= set(common[50:]) | set(other[30:])


def test_similar_rows__all_of_the_pool_leaves_none(clouds: Project) -> None:
    assert similar_rows(clouds, np.arange(clouds.pool.n), count=9).tolist() == []
