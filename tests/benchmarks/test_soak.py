"""The soak's own sums: it must notice what is lost, doubled or different."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.project import Project
from benchmarks.soak import Soaked, compare, soak_figures, standing
from benchmarks.soak_annotators import Acknowledged, Heard
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from tests.projects import MOMENT, make_clouds


def said(
    uid: str, act: str, key: str, class_id: int | None = None, undoes: str | None = None
) -> NewAnnotation:
    return NewAnnotation(uid, key, act, class_id=class_id, undoes_uid=undoes)


GIVEN = [
    said("uid-00001", "label", "item-000", 1),
    said("uid-00002", "skip", "item-001"),
    said("uid-00003", "label", "item-000", 2),
    said("uid-00004", "undo", "item-000", undoes="uid-00003"),
    said("uid-00005", "label", "item-002", 3),
]
HEARD = [
    Acknowledged(new.uid, new.item_key, str(new.act), new.class_id, took_ms=5.0, at_s=1.0, tries=1)
    for new in GIVEN
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    project: Project = make_clouds(tmp_path)
    with project.database.transaction() as session:
        by = ensure_annotator(session, name="ann")
        for new in GIVEN:
            record(session, new=new, annotator_id=by, now=MOMENT)
    project.close()
    return project.paths.config


def test_compare__nothing_differs(path: Path) -> None:
    assert compare(path, HEARD) == ([], 0)


def test_compare__an_annotation_that_is_not_there(path: Path) -> None:
    lost = replace(HEARD[-1], uid="uid-00006", item_key="item-003")
    wrong, _ = compare(path, [*HEARD, lost])
    assert wrong[0] == "uid-00006 was acknowledged and is not stored"
    assert any("item-003" in text for text in wrong[1:])


def test_compare__an_annotation_that_nobody_was_told_of(path: Path) -> None:
    wrong, _ = compare(path, HEARD[:-1])
    assert wrong[0] == "uid-00005 is stored and was never acknowledged"


def test_compare__another_class_in_the_export(path: Path) -> None:
    wrong, _ = compare(path, [replace(HEARD[0], class_id=2), *HEARD[1:]])
    assert len(wrong) == 1 and "the export says ('label', 'common') of item-000" in wrong[0]


def test_standing__an_undo_brings_back_what_was_before() -> None:
    assert standing(HEARD) == {
        "item-000": ("label", 1),
        "item-001": (Act.SKIP, None),
        "item-002": ("label", 3),
    }


def test_soak_figures__count_what_reached_a_person() -> None:
    heard = Heard()
    heard.errors["the database cannot be used just now: it is locked by another process"] += 2
    heard.errors["no answer"] += 5
    found = soak_figures(
        {"sqlite": Soaked(per_s=310.0, paced_ms=[1.0, 9.0], heard=heard, kills=3, wrong=["one"])}
    )
    assert (found["locked_seen"], found["acks_lost"], found["kills"], found["sqlite_per_s"]) == (2, 1, 3, 310)
    assert found["ack_p95_ms"] == found["sqlite_ack_p95_ms"] == 8.6
