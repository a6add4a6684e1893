"""What an item is compared with: the labelled items most like it."""

from __future__ import annotations

import numpy as np
import pytest

from app.compare import nearest_labelled
from app.context import ServerContext
from app.errors import RequestError
from app.project import Project
from labeling.classes import archive_class, list_classes
from models.vectors import open_vectors
from tests.projects import label, label_some, truth_of


def test_nearest_labelled__one_for_each_class_the_nearest_first(
    context: ServerContext, clouds: Project
) -> None:
    labels = label_some(clouds)
    key = next(key for key, name in truth_of(clouds).items() if name == "rare" and key not in labels)
    items = nearest_labelled(context, key)["items"]
    assert items[0]["name"] == "rare"
    assert sorted(item["name"] for item in items) == ["common", "other", "rare"]
    vectors = np.asarray(open_vectors(clouds.paths.vectors).array, np.float64)
    row = clouds.pool.row(key)
    own = clouds.pool.rows([each for each, name in labels.items() if name == "rare"]).tolist()
    distances = np.linalg.norm(vectors[own] - vectors[row], axis=1)
    assert items[0]["row"] == own[int(distances.argmin())]
    assert {"key", "class_id", "colour", "view", "extra"} <= set(items[0])


def test_nearest_labelled__not_itself_and_nothing_without_labels(
    context: ServerContext, clouds: Project
) -> None:
    key = clouds.pool.key(5)
    assert nearest_labelled(context, key) == {"items": []}
    label(clouds, {key: "common"})
    assert nearest_labelled(context, key) == {"items": []}


def test_nearest_labelled__archived_classes_are_left_out(context: ServerContext, clouds: Project) -> None:
    label_some(clouds)
    with clouds.database.transaction() as session:
        archive_class(session, class_id=list_classes(session)[0].id)
    names = {item["name"] for item in nearest_labelled(context, clouds.pool.key(100))["items"]}
    assert names == {"other", "rare"}


def test_nearest_labelled__an_unknown_item(context: ServerContext) -> None:
    with pytest.raises(RequestError, match="no item 'gone'"):
        nearest_labelled(context, "gone")
