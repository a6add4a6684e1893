"""Audit sets by a criterion on columns: drawn from what matches, told of what matches, apart from the whole pool's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.audit_frame import rows_inside
from app.audit_quality import quality_dict, read_figures
from app.audit_set import AuditReport, audit_criteria, draw_audit_set, read_audit_report
from app.audit_words import count_words, difference_words
from app.auto_labels import AutoWishes, add_auto_labels
from app.errors import AutoLabelsError
from app.exporting import export_bundle, labels_frame
from app.prepare import refresh_pool
from app.project import Project, open_project
from app.round_inputs import gather_inputs
from app.run_now import run_now
from app.share import import_project, shared_config, write_shared_config
from app.shift import read_shift
from app.status import read_status
from labeling.annotators import ensure_annotator
from labeling.audit_set import AuditDraw, list_draws
from labeling.errors import AuditSetError
from labeling.pools.errors import CriteriaError
from models.errors import AuditSampleError
from models.quality import Estimate, QualityReport
from tests.projects import label, label_some, truth_of

HIGH = "a > 3"
"""What the items of the class other match, and no others."""


def draw(project: Project, size: int, where: str = "", **options: object) -> AuditDraw:
    with project.database.transaction() as session:
        person = ensure_annotator(session, name="ann")
    return draw_audit_set(project, size=size, annotator_id=person, where=where, **options)  # type: ignore[arg-type]


def answer(project: Project, keys: tuple[str, ...]) -> None:
    truth = truth_of(project)
    label(project, {key: truth[key] for key in keys})


def report_of(project: Project, where: str = "", *, round_number: int = 0) -> AuditReport:
    found = read_audit_report(project, round_number=round_number, where=where)
    assert found is not None
    return found


def matching(project: Project, where: str) -> set[str]:
    return set(project.pool.keys(np.flatnonzero(rows_inside(project, where))))


@pytest.fixture
def trained(clouds: Project) -> Project:
    """The clouds after a round over four labels of each class."""
    label_some(clouds)
    run_now(clouds)
    return clouds


def test_draw_audit_set__only_what_matches_and_nobody_annotated(trained: Project) -> None:
    inside, labelled = matching(trained, HIGH), set(labels_frame(trained)["item_key"])
    drawn = draw(trained, 20, " a>3.0 ")
    assert drawn.new.where == "a > 3"
    assert set(drawn.new.item_keys) <= inside - labelled
    assert sum(part.size for part in drawn.new.strata) == len(inside - labelled)
    assert drawn.new.design == "stratified"
    more = draw(trained, 5, "(a > 3)", design="random")
    assert more.new.where == drawn.new.where
    assert more.new.strata[0].size == len(inside - labelled) - 20
    assert audit_criteria(trained) == ["a > 3"]


def test_draw_audit_set__too_few_match(trained: Project) -> None:
    inside = matching(trained, HIGH)
    left = len(inside - set(labels_frame(trained)["item_key"]))
    with pytest.raises(
        AuditSetError,
        match=rf"{len(inside)} items match, and of these {left} can be drawn.*give from 2 to {left}, or widen it",
    ):
        draw(trained, left + 1, HIGH)
    with pytest.raises(AuditSetError, match="no item of the pool matches a > 99; widen the criterion"):
        draw(trained, 2, "a>99")
    draw(trained, left, HIGH)
    with pytest.raises(AuditSetError, match=r"of these none can be drawn.*; widen it"):
        draw(trained, 2, HIGH)
    with pytest.raises(AuditSampleError, match="1 items cannot be drawn"):
        draw(trained, 1, "a > -99")
    with trained.database.reading() as session:
        assert len(list_draws(session)) == 1


@pytest.mark.parametrize(
    ("where", "words"),
    [("aa > 1", "there is no column 'aa'"), ("a >", "cannot be read"), ("kind == 'rare'", "kind")],
)
def test_draw_audit_set__criteria_that_cannot_be_read(clouds: Project, where: str, words: str) -> None:
    with pytest.raises(CriteriaError, match=words):
        draw(clouds, 5, where)


def test_read_audit_report__each_criterion_apart(trained: Project) -> None:
    high = draw(trained, 20, HIGH)
    whole = draw(trained, 30)
    answer(trained, high.new.item_keys)
    assert report_of(trained).answered == 0
    assert report_of(trained).figures is None
    ours = report_of(trained, HIGH, round_number=1)
    assert (ours.drawn, ours.answered, ours.where, ours.beside) == (20, 20, HIGH, 0)
    assert ours.matching == len(matching(trained, HIGH))
    assert ours.figures is not None
    # All that matches is of one class, so that nothing of another one is there.
    common, other, rare = ours.figures.classes
    assert other.prevalence.value == 1.0
    assert common.met == rare.met == 0
    told = set(labels_frame(trained)["item_key"])
    assert other.unfound.value == len(matching(trained, HIGH) - told)
    assert common.unfound.high <= len(matching(trained, HIGH) - told)

    answer(trained, whole.new.item_keys)
    both = report_of(trained, round_number=1)
    assert (both.drawn, both.answered, both.where) == (30, 30, "")
    assert report_of(trained, HIGH, round_number=1).answered == 20
    assert read_audit_report(trained, round_number=1, where="a > 4") is None
    assert audit_criteria(trained) == ["", HIGH]


def test_read_audit_report__what_was_labelled_since_counts_where_it_matches(clouds: Project) -> None:
    low = "a < 3"
    drawn = draw(clouds, 30, low)
    answer(clouds, drawn.new.item_keys)
    before = report_of(clouds, low)
    truth = truth_of(clouds)
    held = set(drawn.new.item_keys)
    outside = [key for key in truth if key not in matching(clouds, low)][:10]
    answer(clouds, tuple(outside))
    assert report_of(clouds, low).figures == before.figures
    within = [key for key in sorted(matching(clouds, low) - held) if truth[key] == "common"][:5]
    answer(clouds, tuple(within))
    after = report_of(clouds, low)
    assert before.figures is not None and after.figures is not None
    assert before.figures.classes[0].unfound.value - after.figures.classes[0].unfound.value == pytest.approx(
        5
    )


def test_read_audit_report__the_whole_pool_after_a_criterion(clouds: Project) -> None:
    high = draw(clouds, 20, HIGH)
    whole = draw(clouds, 40)
    # What is held out already cannot be drawn again.
    assert sum(part.size for part in whole.new.strata) == 108 - 20
    assert not set(whole.new.item_keys) & set(high.new.item_keys)
    answer(clouds, whole.new.item_keys)
    open_ones = report_of(clouds)
    assert open_ones.beside == 20
    assert "20 items that were held out before have no label yet" in count_words(open_ones)
    answer(clouds, high.new.item_keys)
    closed = report_of(clouds)
    assert closed.beside == 0
    assert open_ones.figures is not None and closed.figures is not None
    truth, told = truth_of(clouds), set(labels_frame(clouds)["item_key"])
    for before, after in zip(open_ones.figures.classes, closed.figures.classes, strict=True):
        name = closed.classes[after.class_index].name
        left = sum(name == truth[key] for key in set(truth) - told)
        waiting = sum(name == truth[key] for key in high.new.item_keys)
        assert after.unfound.low <= left <= after.unfound.high
        assert before.unfound.low <= left + waiting <= before.unfound.high
        # The answers of the other set are no part of what this one was drawn from.
        assert (before.prevalence, before.unfound.value) == (after.prevalence, after.unfound.value)


def test_read_audit_report__a_criterion_after_the_whole_pool(trained: Project) -> None:
    whole = draw(trained, 40)
    answer(trained, whole.new.item_keys)
    before = report_of(trained, round_number=1)
    high = draw(trained, 10, HIGH)
    answer(trained, high.new.item_keys)
    after = report_of(trained, round_number=1)
    assert before.figures is not None and after.figures is not None
    # What is found by the other set is found of what this one was drawn from.
    assert before.figures.classes[1].unfound.value - after.figures.classes[1].unfound.value == pytest.approx(
        min(10, before.figures.classes[1].unfound.value)
    )
    assert after.figures.accuracy == before.figures.accuracy
    # No round learns from it, so that the model's probabilities count on.
    assert before.figures.classes[1].prevalence == after.figures.classes[1].prevalence


def test_read_audit_report__a_column_that_is_gone(trained: Project, tmp_path: Path) -> None:
    drawn = draw(trained, 10, "d > 3 or a > 3")
    whole = draw(trained, 10)
    answer(trained, drawn.new.item_keys + whole.new.item_keys)
    assert report_of(trained, drawn.new.where, round_number=1).figures is not None
    source = tmp_path / "clouds.csv"
    pd.read_csv(source).drop(columns="d").to_csv(source, index=False)
    refresh_pool(trained)
    again = open_project(trained.paths.config)
    try:
        gone = report_of(again, drawn.new.where, round_number=1)
        assert (gone.answered, gone.figures, gone.sample) == (10, None, None)
        assert "there is no column 'd'" in gone.problem
        told = count_words(gone)
        assert "10 of 10 items of the audit set where d > 3 or a > 3 are labelled" in told
        assert "cannot be tried on the pool as it is now: there is no column 'd'" in told
        assert report_of(again).figures is not None
        written = quality_dict(again, round_number=1)["criteria"]
        assert written[0]["audit"]["problem"] == gone.problem and written[0]["audit_set"] is None
    finally:
        again.close()


def test_rounds__hold_what_was_drawn_by_a_criterion_out(trained: Project) -> None:
    drawn = draw(trained, 20, HIGH)
    answer(trained, drawn.new.item_keys)
    inputs = gather_inputs(trained, revision=read_status(trained.database).revision)
    rows = trained.pool.rows(drawn.new.item_keys)
    assert (inputs.labels[rows] == -1).all() and inputs.closed[rows].all()


def test_shared_config__takes_the_criterion_along(trained: Project) -> None:
    drawn = draw(trained, 12, HIGH)
    answer(trained, drawn.new.item_keys[:5])
    draw(trained, 10)
    file = write_shared_config(trained, trained.paths.config.parent / "shared.yaml")
    again = import_project(file, trained.paths.config.parent / "again.yaml")
    try:
        with again.database.reading() as session:
            taken = list_draws(session)
        assert [entry.new.where for entry in taken] == [HIGH, ""]
        assert taken[0].new == drawn.new
        assert shared_config(again).shared.audit_draws == shared_config(trained).shared.audit_draws  # type: ignore[union-attr]
        ours, theirs = report_of(trained, HIGH).figures, report_of(again, HIGH).figures
        assert ours == theirs
    finally:
        again.close()


def test_read_shift__the_whole_pools_draws_alone(trained: Project) -> None:
    answer(trained, draw(trained, 20, HIGH).new.item_keys)
    assert read_shift(trained).audited == 0
    answer(trained, draw(trained, 15).new.item_keys)
    found = read_shift(trained)
    assert (found.audited, found.labelled, found.rest) == (15, 12, 108 - 12 - 20 - 15)


def test_add_auto_labels__needs_the_whole_pools_audit_set(trained: Project) -> None:
    answer(trained, draw(trained, 20, HIGH).new.item_keys)
    with pytest.raises(AutoLabelsError, match="none of one is answered"):
        add_auto_labels(trained, export_bundle(trained), AutoWishes())


def test_quality_dict__each_criterion_beside_the_whole_pool(trained: Project) -> None:
    assert quality_dict(trained, round_number=1)["criteria"] == []
    answer(trained, draw(trained, 20, HIGH).new.item_keys)
    told = json.loads(json.dumps(quality_dict(trained, round_number=1)))
    assert (told["audit"], told["audit_set"]) == (None, None)
    assert told["cross_validation"] is not None
    [entry] = told["criteria"]
    assert (entry["where"], entry["audit"]["where"], entry["audit"]["answered"]) == (HIGH, HIGH, 20)
    assert entry["audit_set"]["items"] == 20
    [(_, whole), (_, ours)] = read_figures(trained, round_number=1)
    assert (whole.where, ours.where, ours.validated) == ("", HIGH, None)


def test_difference_words__by_a_criterion_nothing_is_said_of_the_pool(trained: Project) -> None:
    answer(trained, draw(trained, 20, HIGH).new.item_keys)
    found = report_of(trained, HIGH, round_number=1)
    low = QualityReport("cross-validation", 50, 5, 1, Estimate(0.3, 0.2, 0.4), None, None, (), ())
    words = difference_words(found, low)
    assert "points more than on your labels" in words
    assert "pool" not in words
