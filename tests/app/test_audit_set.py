from __future__ import annotations

import numpy as np
import pytest

from app.audit_estimates import LEARNED_SHARE
from app.audit_set import AuditReport, draw_audit_set, read_audit_report
from app.audit_words import count_words, difference_words, report_lines, unfound_words
from app.confirming import PageWish, confirm_page
from app.context import ServerContext
from app.exporting import export_bundle, labels_frame
from app.project import Project
from app.round_inputs import gather_inputs
from app.run_now import run_now
from app.share import import_project, shared_config, write_shared_config
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from labeling.audit_set import AuditDraw, list_draws
from labeling.errors import AuditSetError
from labeling.exports.contract import plain_labels, training_labels
from labeling.labels import revision
from labeling.queue import lease_next
from models.audit_figures import AuditClass, AuditFigures
from models.errors import AuditSampleError
from models.quality import Estimate, QualityReport
from tests.projects import MOMENT, label, label_some, truth_of


def draw(project: Project, size: int = 30, **options: object) -> AuditDraw:
    with project.database.transaction() as session:
        person = ensure_annotator(session, name="ann")
    return draw_audit_set(project, size=size, annotator_id=person, **options)  # type: ignore[arg-type]


def answer(project: Project, *keys: str) -> None:
    truth = truth_of(project)
    label(project, {key: truth[key] for key in keys})


def report_of(project: Project, round_number: int) -> AuditReport:
    found = read_audit_report(project, round_number=round_number)
    assert found is not None
    return found


def at_revision(project: Project) -> int:
    with project.database.reading() as session:
        return revision(session)


@pytest.fixture
def trained(clouds: Project) -> Project:
    """The clouds after a round over four labels of each class."""
    label_some(clouds)
    run_now(clouds)
    return clouds


def test_draw_audit_set__before_any_model_all_alike(clouds: Project) -> None:
    with pytest.raises(AuditSetError, match="--design random"):
        draw(clouds, design="stratified")
    drawn = draw(clouds)
    assert (drawn.new.design, drawn.new.round_number) == ("random", None)
    assert [(part.size, part.drawn) for part in drawn.new.strata] == [(108, 30)]
    assert len(set(drawn.new.item_keys)) == 30
    assert drawn.new.item_keys == draw(_again(clouds)).new.item_keys


def _again(project: Project) -> Project:
    """The same project, made anew beside it."""
    from tests.projects import make_clouds

    folder = project.paths.config.parent / "again"
    folder.mkdir()
    return make_clouds(folder)


def test_draw_audit_set__by_predictions_and_only_what_nobody_annotated(trained: Project) -> None:
    labelled = {key for key in labels_frame(trained)["item_key"]}
    drawn = draw(trained, size=40)
    assert (drawn.new.design, drawn.new.round_number) == ("stratified", 1)
    assert sum(part.size for part in drawn.new.strata) == 108 - len(labelled)
    assert not labelled & set(drawn.new.item_keys)
    more = draw(trained, size=10, design="random")
    assert more.new.strata[0].size == 108 - len(labelled) - 40
    assert not set(more.new.item_keys) & set(drawn.new.item_keys)
    assert more.new.seed != drawn.new.seed
    with pytest.raises(AuditSampleError, match="from 2 to 46"):
        draw(trained, size=47)


def test_rounds__learn_nothing_of_the_audit_set_and_propose_none_of_it(trained: Project) -> None:
    before = gather_inputs(trained, revision=at_revision(trained))
    drawn = draw(trained)
    answer(trained, *drawn.new.item_keys)
    after = gather_inputs(trained, revision=at_revision(trained))
    rows = trained.pool.rows(drawn.new.item_keys)
    assert np.array_equal(before.labels, after.labels)
    assert before.labels_hash == after.labels_hash
    assert not before.closed[rows].any() and after.closed[rows].all()

    run_now(trained)
    with trained.database.transaction() as session:
        person = ensure_annotator(session, name="bob")
        offered = lease_next(session, annotator_id=person, count=100, lease_s=60)
    assert offered
    assert not {entry.item_key for entry in offered} & set(drawn.new.item_keys)


def test_confirm_page__shows_none_of_the_audit_set(context: ServerContext) -> None:
    label_some(context.project)
    run_now(context.project)
    shown = confirm_page(context, PageWish())["items"]
    drawn = draw(context.project, size=60)
    left = confirm_page(context, PageWish())["items"]
    held = set(drawn.new.item_keys)
    assert held & {item["key"] for item in shown}
    assert not held & {item["key"] for item in left}


def test_read_audit_report__figures_of_a_model_that_is_right(trained: Project) -> None:
    assert read_audit_report(trained, round_number=1) is None
    drawn = draw(trained, size=40)
    empty = report_of(trained, 1)
    assert (empty.drawn, empty.answered, empty.figures) == (40, 0, None)

    answer(trained, *drawn.new.item_keys)
    found = report_of(trained, 1)
    assert (found.answered, found.undecided, found.round_number) == (40, 0, 1)
    figures = found.figures
    assert figures is not None and figures.accuracy is not None
    # The clouds are far apart, so that the model is right of all but perhaps one.
    assert figures.accuracy.value > 0.95
    assert 0.6 < figures.accuracy.low < figures.accuracy.value <= figures.accuracy.high <= 1.0
    truth = truth_of(trained)
    unlabelled = set(truth) - set(labels_frame(trained)["item_key"])
    for entry in figures.classes:
        name = found.classes[entry.class_index].name
        left = sum(truth[key] == name for key in unlabelled)
        assert entry.unfound.low <= left <= entry.unfound.high
    assert any(line.startswith("rare: precision") for line in report_lines(found))


def test_read_audit_report__what_was_labelled_since_is_found_already(clouds: Project) -> None:
    drawn = draw(clouds, size=40)
    answer(clouds, *drawn.new.item_keys)
    before = report_of(clouds, 0)
    truth = truth_of(clouds)
    others = [key for key in truth if key not in drawn.new.item_keys and truth[key] == "common"][:10]
    answer(clouds, *others)
    after = report_of(clouds, 0)
    assert before.figures is not None and after.figures is not None
    gone = before.figures.classes[0].unfound.value - after.figures.classes[0].unfound.value
    assert gone == pytest.approx(10)
    assert before.figures.classes[1].unfound == after.figures.classes[1].unfound


def test_read_audit_report__two_draws_are_put_together(clouds: Project) -> None:
    first = draw(clouds, size=40)
    answer(clouds, *first.new.item_keys)
    alone = report_of(clouds, 0)
    second = draw(clouds, size=40)
    assert report_of(clouds, 0).figures == alone.figures
    answer(clouds, *second.new.item_keys)
    both = report_of(clouds, 0)
    assert (both.answered, len(both.draws)) == (80, 2)
    assert alone.figures is not None and both.figures is not None
    truth = truth_of(clouds)
    left = [key for key in truth if key not in {*first.new.item_keys, *second.new.item_keys}]
    for one, two in zip(alone.figures.classes, both.figures.classes, strict=True):
        assert two.unfound.high - two.unfound.low < one.unfound.high - one.unfound.low
        true_left = sum(truth[key] == both.classes[two.class_index].name for key in left)
        assert two.unfound.low <= true_left <= two.unfound.high


def test_read_audit_report__who_is_unsure_gives_no_class(clouds: Project) -> None:
    drawn = draw(clouds, size=10)
    with clouds.database.transaction() as session:
        person = ensure_annotator(session, name="ann")
        new = NewAnnotation("unsure-1", drawn.new.item_keys[0], Act.UNSURE)
        record(session, new=new, annotator_id=person, now=MOMENT)
    found = report_of(clouds, 0)
    assert (found.answered, found.undecided, found.figures) == (0, 1, None)
    assert "1 were skipped, flagged or left unsure" in count_words(found)


def test_exports__mark_the_audit_set_and_train_on_none_of_it(trained: Project) -> None:
    drawn = draw(trained, size=10)
    answer(trained, *drawn.new.item_keys)
    bundle = export_bundle(trained)
    labels = plain_labels(bundle)
    assert set(labels.loc[labels["audit_set"], "item_key"]) == set(drawn.new.item_keys)
    assert len(labels) == 22
    assert len(training_labels(bundle)) == 12


def test_shared_config__takes_the_audit_set_along(trained: Project) -> None:
    drawn = draw(trained, size=12)
    answer(trained, *drawn.new.item_keys[:5])
    file = write_shared_config(trained, trained.paths.config.parent / "shared.yaml")
    again = import_project(file, trained.paths.config.parent / "again.yaml")
    try:
        with again.database.reading() as session:
            [taken] = list_draws(session)
        assert (taken.new, taken.annotator) == (drawn.new, drawn.annotator)
        assert shared_config(again).shared.audit_draws == shared_config(trained).shared.audit_draws  # type: ignore[union-attr]
        ours, theirs = (gather_inputs(each, revision=at_revision(each)) for each in (trained, again))
        assert ours.labels_hash == theirs.labels_hash
        assert np.array_equal(ours.closed, theirs.closed)
    finally:
        again.close()


def test_learned_share__is_small() -> None:
    assert 0 < LEARNED_SHARE <= 0.1


def estimate(value: float, half: float = 0.05) -> Estimate:
    return Estimate(value, value - half, value + half)


def quality(value: float) -> QualityReport:
    return QualityReport("cross-validation", 50, 5, 1, estimate(value), None, None, (), ())


def report_with(balanced: float) -> AuditReport:
    figures = AuditFigures(50, estimate(0.9), estimate(balanced), ())
    return AuditReport((), 50, 50, 0, 0, (), 1, False, figures)


@pytest.mark.parametrize(
    ("audited", "validated", "words"),
    [
        (0.8, 0.82, "the two agree within the interval"),
        (0.6, 0.9, "30 points less. Believe the audit set"),
        (0.9, 0.7, "20 points more"),
    ],
)
def test_difference_words__say_whom_to_believe(audited: float, validated: float, words: str) -> None:
    assert words in difference_words(report_with(audited), quality(validated))
    assert difference_words(report_with(audited), None) == ""


@pytest.mark.parametrize(
    ("met", "unfound", "words"),
    [
        (3, Estimate(120.2, 40.4, 400.6), "About 120 of rare are probably still unfound, 40 to 401."),
        (0, Estimate(0, 0, 99.7), "The audit set met no rare: at most 100 are probably still unfound."),
        (2, Estimate(0, 0, 0.2), "Nothing of rare is left to find."),
    ],
)
def test_unfound_words__one_sentence(met: int, unfound: Estimate, words: str) -> None:
    entry = AuditClass(0, met, 0, None, None, estimate(0.1), unfound)
    assert unfound_words(entry, "rare") == words
