"""Many items at once: found, counted by class, labelled as one act, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.context import ServerContext
from app.errors import RequestError
from app.project import Project
from app.selecting import (
    ClassShare,
    class_mix,
    label_rows,
    rows_holding,
    rows_of_class,
    rows_where,
    spread_rows,
    take_back,
)
from labeling.annotations import current_labels
from labeling.classes import list_classes
from labeling.errors import AnnotationInvalidError, UndoRefusedError
from labeling.groups import SELECTION_MAX
from labeling.pools.errors import CriteriaError
from tests.projects import label, label_some, make_texts, truth_of

CLASSES = [("common", "#111111"), ("other", "#222222"), ("rare", "#333333")]


@pytest.fixture
def texts(tmp_path: Path) -> Iterator[Project]:
    project = make_texts(tmp_path)
    yield project
    project.close()


def class_ids(project: Project) -> dict[str, int]:
    with project.database.reading() as session:
        return {entry.name: entry.id for entry in list_classes(session)}


def labels(project: Project) -> dict[str, int]:
    with project.database.reading() as session:
        table = current_labels(session)
    return dict(zip(table.item_keys, table.class_ids.tolist(), strict=True))


def test_rows_where__criteria_on_columns(clouds: Project) -> None:
    truth = np.array(list(truth_of(clouds).values()))
    assert set(truth[rows_where(clouds, "b > 3 and a < 3")]) == {"rare"}
    with pytest.raises(CriteriaError, match="zz"):
        rows_where(clouds, "zz > 1")


def test_rows_holding__words_in_any_case(texts: Project) -> None:
    truth = np.array(list(truth_of(texts).values()))
    found = rows_holding(texts, " Bank CARD ")
    assert (truth[found] == "lost_card").all() and len(found) == 6
    assert rows_holding(texts, "no such words").size == 0
    with pytest.raises(RequestError, match="type the words"):
        rows_holding(texts, "  ")


def test_class_mix__labels_before_predictions() -> None:
    rows = np.array([0, 1, 2, 3, 4])
    given = np.array([0, 2, -1, -1, -1, 1], np.int16)
    predicted = np.array([1, 1, 2, 2, -1, 1], np.int16)
    assert class_mix(rows, given, predicted, CLASSES) == [
        ClassShare("rare", "#333333", 1, 2),
        ClassShare("common", "#111111", 1, 0),
        ClassShare("", "", 0, 1),
    ]


def test_class_mix__without_a_model() -> None:
    assert class_mix(np.array([1, 5]), np.array([-1] * 5 + [1], np.int16), None, CLASSES) == [
        ClassShare("other", "#222222", 1, 0),
        ClassShare("", "", 0, 1),
    ]


def test_spread_rows__evenly_and_never_more_than_there_are() -> None:
    rows = np.arange(100, 200)
    assert spread_rows(rows, 4).tolist() == [100, 125, 150, 175]
    assert spread_rows(rows[:3], 4).tolist() == [100, 101, 102]
    assert spread_rows(rows[:0], 4).size == 0


def test_label_rows__one_act_that_leaves_answers_alone(context: ServerContext, clouds: Project) -> None:
    before = label_some(clouds, each=2)
    ids = class_ids(clouds)
    rows = np.arange(20)
    keys = clouds.pool.keys(rows)
    uid, found = label_rows(context, rows, ids["other"])
    assert set(found.taken) == set(before) & set(keys)
    assert found.stored == 20 - len(found.taken)
    expected = {key: ids[name] for key, name in before.items()}
    assert labels(clouds) == {key: ids["other"] for key in keys} | expected
    assert take_back(context, uid) == found.stored
    assert labels(clouds) == expected


def test_label_rows__counts_are_up_to_date(context: ServerContext, clouds: Project) -> None:
    ids = class_ids(clouds)
    uid, _ = label_rows(context, np.arange(12), ids["rare"])
    with clouds.database.reading() as session:
        assert context.counts.read(session).classes == {ids["rare"]: 12}
    take_back(context, uid)
    with clouds.database.reading() as session:
        assert context.counts.read(session).classes == {}


def test_label_rows__nothing_chosen_or_too_much(context: ServerContext) -> None:
    for rows in (np.arange(0), np.arange(SELECTION_MAX + 1)):
        with pytest.raises(RequestError, match="choose between 1 and 20,000"):
            label_rows(context, rows, 1)


def test_label_rows__an_unknown_class_stores_nothing(context: ServerContext, clouds: Project) -> None:
    with pytest.raises(AnnotationInvalidError, match="no class with id 99"):
        label_rows(context, np.arange(5), 99)
    assert labels(clouds) == {}


def test_take_back__a_second_time(context: ServerContext, clouds: Project) -> None:
    uid, _ = label_rows(context, np.arange(3), class_ids(clouds)["rare"])
    take_back(context, uid)
    with pytest.raises(UndoRefusedError, match="nothing of the group"):
        take_back(context, uid)


def test_label_rows__what_was_labelled_alone_stays_undone_alone(
    context: ServerContext, clouds: Project
) -> None:
    key = clouds.pool.key(30)
    label(clouds, {key: "rare"})
    uid, found = label_rows(context, np.array([30, 31]), class_ids(clouds)["common"])
    assert found.taken == (key,)
    take_back(context, uid)
    assert labels(clouds) == {key: class_ids(clouds)["rare"]}


def test_rows_of_class__labels_first_and_predictions_where_there_is_none() -> None:
    labels = np.array([0, 1, -1, -1, 1], dtype=np.int16)
    predicted = np.array([1, 0, 1, 0, 1], dtype=np.int16)

    assert rows_of_class(labels, predicted, 1).tolist() == [1, 2, 4]
    assert rows_of_class(labels, None, 1).tolist() == [1, 4]
    assert rows_of_class(labels, None, 2).tolist() == []
