from __future__ import annotations

import json

import pytest

from app.audit_quality import Quality, quality_dict, read_quality
from app.audit_set import draw_audit_set, read_audit_report
from app.exporting import export_project
from app.pages.quality import classes_html, overall_html
from app.project import Project
from app.quality_words import MEANINGS, quality_lines
from app.run_now import run_now
from labeling.annotators import ensure_annotator
from labeling.classes import archive_class, list_classes, rename_class
from labeling.exports.manifest import read_manifest
from tests.projects import label, label_some, truth_of

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def audited(clouds: Project) -> Project:
    """The clouds after a round over four labels of each class, with an audit set of 40 that is answered."""
    label_some(clouds)
    run_now(clouds)
    with clouds.database.transaction() as session:
        person = ensure_annotator(session, name="ann")
    drawn = draw_audit_set(clouds, size=40, annotator_id=person)
    truth = truth_of(clouds)
    label(clouds, {key: truth[key] for key in drawn.new.item_keys})
    return clouds


def read(project: Project) -> Quality:
    report = read_audit_report(project, round_number=1)
    return read_quality(project, report=report, round_number=1)


def test_read_quality__both_sources_each_marked(audited: Project) -> None:
    found = read(audited)
    assert found.audited is not None and found.validated is not None
    assert (found.audited.source, found.audited.items) == ("audit set", 40)
    assert (found.validated.source, found.validated.items) == ("cross-validation", 12)
    # The clouds are far apart.
    assert found.audited.auroc is not None and found.audited.auroc.value > 0.95
    assert found.class_names == ("common", "other", "rare")
    # Four labels a class: the limits shrink with the project.
    assert found.limits.scaled


def test_read_quality__before_a_draw_there_is_cross_validation_alone(clouds: Project) -> None:
    assert read_quality(clouds, report=None, round_number=0) == Quality(
        ("common", "other", "rare"), read(clouds).limits, None, None
    )
    label_some(clouds)
    run_now(clouds)
    found = read(clouds)
    assert found.audited is None and found.validated is not None
    assert "say nothing of the pool" in overall_html(found)


def test_read_quality__labels_of_a_class_out_of_use_count_for_nothing(audited: Project) -> None:
    with audited.database.transaction() as session:
        other = next(entry.id for entry in list_classes(session) if entry.name == "other")
        archive_class(session, class_id=other)
    found = read(audited)
    assert found.class_names == ("common", "rare")
    assert found.validated is not None and found.validated.items == 8


def test_quality_lines__name_the_source_and_every_figure(audited: Project) -> None:
    found = read(audited)
    assert found.audited is not None and found.validated is not None
    lines = quality_lines(found.audited, found.class_names)
    assert lines[0].startswith("From audit set (holds for the pool; 40 items, ")
    for name in ("balanced accuracy", "macro F1", "G-mean", "AUROC", "AUPRC", "gap", "calibration error"):
        assert name in lines[0]
        assert name in MEANINGS
    assert "not for the pool" in quality_lines(found.validated, found.class_names)[0]
    assert [line.split(" (")[0] for line in lines[1:]] == ["common", "other", "rare"]


def test_html__names_are_escaped(audited: Project) -> None:
    with audited.database.transaction() as session:
        for entry in list_classes(session):
            rename_class(session, class_id=entry.id, name=f"{HOSTILE}{entry.name}")
    found = read(audited)
    assert found.audited is not None
    shown = overall_html(found) + classes_html(found.audited, found, opened=True)
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown


def test_export__the_manifest_has_the_figures(audited: Project) -> None:
    folder = export_project(audited, formats=("csv",)).folder
    told = read_manifest(folder)["figures"]
    assert told == json.loads(json.dumps(quality_dict(audited, round_number=1)))
    assert told["audit"]["answered"] == told["audit_set"]["items"] == 40
    assert told["cross_validation"]["source"] == "cross-validation"
    assert {"auroc", "auprc", "g_mean", "macro_f1", "disparity", "groups", "classes"} <= set(
        told["audit_set"]
    )
