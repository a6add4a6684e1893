"""What the colours of the map mean: labels, predictions, rounds, annotators, columns; made once for all sessions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.colouring import Colouring, ColourWish, choices, column_of
from app.context import ServerContext, make_context
from app.project import Project
from app.run_now import run_now
from app.session import DashboardState
from app.status import read_status
from labeling.queue import proposals_of
from tests.projects import label, label_some, make_texts, truth_of


def made(context: ServerContext, by: str) -> Colouring:
    state = DashboardState(context)
    state.apply(read_status(context.project.database))
    return context.colourings.make(
        ColourWish(by, state.classes, state.revision, state.round_number, state.meaning, state.arrays)
    )


def names_by_key(project: Project, colouring: Colouring) -> dict[str, str]:
    assert colouring.codes is not None
    rows = np.flatnonzero(colouring.codes >= 0)
    return {project.pool.key(int(row)): colouring.names[colouring.codes[row]] for row in rows}


def test_make__labels(context: ServerContext) -> None:
    labels = label_some(context.project, each=2)
    found = made(context, "label")
    assert names_by_key(context.project, found) == labels
    assert (found.none, found.note) == ("no label yet", "")
    assert found.above is not None
    assert found.above.sum() == len(labels)


def test_make__without_a_model_the_labels_and_why(context: ServerContext) -> None:
    for by in ("prediction", "uncertainty"):
        found = made(context, by)
        assert "No model yet" in found.note
        assert found.codes is not None


def test_make__predictions_and_uncertainty_of_the_last_round(context: ServerContext) -> None:
    label_some(context.project)
    run_now(context.project)
    predicted = made(context, "prediction")
    assert predicted.codes is not None
    assert (predicted.codes >= 0).all()
    unsure = made(context, "uncertainty")
    assert unsure.values is not None
    assert (unsure.names, unsure.ends) == (("uncertainty",), (0.0, 1.0))


def test_make__one_class_against_the_rest(context: ServerContext) -> None:
    labels = label_some(context.project)
    before = made(context, "class:rare")
    assert before.values is not None and "No model knows rare yet" in before.note
    rows = context.project.pool.rows(list(labels))
    assert np.array_equal(before.values[rows], [name == "rare" for name in labels.values()])
    assert np.isnan(before.values).sum() == context.project.pool.n - len(labels)
    run_now(context.project)
    after = made(context, "class:rare")
    assert after.values is not None and after.note == ""
    assert (after.values >= 0).all() and (after.values <= 1).all()
    rare = [name == "rare" for name in truth_of(context.project).values()]
    assert after.values[rare].min() > after.values[np.logical_not(rare)].max()


def test_make__a_class_that_is_not_open(context: ServerContext) -> None:
    found = made(context, "class:gone")
    assert "no open class 'gone'" in found.note and found.codes is not None


def test_make__the_round_that_proposed_an_item(context: ServerContext) -> None:
    run_now(context.project)
    with context.project.database.reading() as session:
        keys = {entry.item_key for entry in proposals_of(session, round_number=1)}
    found = names_by_key(context.project, made(context, "round"))
    assert found == dict.fromkeys(keys, "round 1")


def test_make__the_round_that_learned_a_label(context: ServerContext) -> None:
    first = label_some(context.project, each=2)
    run_now(context.project)
    key = next(key for key in context.project.pool.keys(range(108)) if key not in first)
    label(context.project, {key: "rare"})
    found = names_by_key(context.project, made(context, "label_round"))
    assert found == dict.fromkeys(first, "round 1") | {key: "not yet learned"}


def test_make__who_labelled(context: ServerContext) -> None:
    keys = context.project.pool.keys([0, 1, 2])
    label(context.project, {keys[0]: "common", keys[1]: "other"}, annotator="ann")
    label(context.project, {keys[2]: "rare"}, annotator="<b>bob</b>")
    found = made(context, "annotator")
    assert found.names == ("ann", "<b>bob</b>")
    assert names_by_key(context.project, found) == {keys[0]: "ann", keys[1]: "ann", keys[2]: "<b>bob</b>"}


def test_make__nothing_labelled_or_proposed(context: ServerContext) -> None:
    for by in ("round", "label_round", "annotator"):
        found = made(context, by)
        assert found.names == ()
        assert found.codes is not None
        assert (found.codes == -1).all()


def test_make__a_column(context: ServerContext) -> None:
    found = made(context, "column:b")
    assert found.values is not None
    assert len(found.values) == context.project.pool.n
    assert found.names == ("b",)
    assert found.ends[0] < 0 < 5 < found.ends[1]


def test_make__a_column_that_is_not_there(context: ServerContext) -> None:
    found = made(context, "column:gone")
    assert "no column 'gone'" in found.note
    assert found.codes is not None


def test_make__once_while_nothing_changes(context: ServerContext) -> None:
    one = made(context, "label")
    column = made(context, "column:a")
    assert made(context, "label") is one
    label_some(context.project, each=1)
    assert made(context, "label") is not one
    assert made(context, "column:a") is column


def test_choices__the_columns_but_no_truth(context: ServerContext) -> None:
    found = choices(context.project.pool)
    assert list(found)[:3] == ["Label", "Prediction", "Uncertainty"]
    assert [name for name in found.values() if name.startswith("column:")] == [f"column:{n}" for n in "abcd"]
    assert column_of(context.project.pool, "column:kind") is None


def test_choices__the_texts_themselves_are_none(tmp_path: Path) -> None:
    project = make_texts(tmp_path)
    made_context = make_context(project, hosts=frozenset())
    assert not any(name.startswith("column:") for name in choices(made_context.project.pool).values())
    project.close()
