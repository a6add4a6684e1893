"""Labels that were checked: stored whole and once, only over the label that was looked at, and taken back whole."""

from __future__ import annotations

import pytest

from labeling.annotations import Act, NewAnnotation, history
from labeling.audits import AUDIT_STRATEGY, AuditDecision, Audited, NewAudit, audited, record_audit
from labeling.errors import AnnotationConflictError, AnnotationInvalidError
from labeling.groups import (
    AUDIT_PREFIX,
    GROUP_MAX,
    LastGroup,
    NewGroup,
    RecordedGroup,
    last_group,
    recent_steps,
    record_group,
    undo_group,
)
from labeling.labels import current_labels
from tests.labeling.store import NOW, Project

UID = "audit-0123456789abcdef"


def decide(project: Project, key: str, class_id: int, *, seen: int | None = None) -> AuditDecision:
    return AuditDecision(key, seen or project.star, class_id, project.quasar)


def check(project: Project, *decisions: AuditDecision, uid: str = UID) -> RecordedGroup:
    audit = NewAudit(uid=uid, decisions=decisions, round_number=4, shown_ms=700)
    with project.database.transaction() as session:
        return record_audit(session, audit=audit, annotator_id=project.ann, now=NOW)


def undo(project: Project, uid: str = UID) -> tuple[str, ...]:
    with project.database.transaction() as session:
        return undo_group(
            session, group_uid=uid, undo_uid=f"undo-{uid[-8:]}", annotator_id=project.ann, now=NOW
        )


def labels(project: Project) -> dict[str, int]:
    with project.database.reading() as session:
        table = current_labels(session)
    return dict(zip(table.item_keys, table.class_ids.tolist(), strict=True))


def checks(project: Project) -> dict[str, Audited]:
    with project.database.reading() as session:
        return audited(session)


def test_record_audit__corrects_one_and_keeps_another(project: Project) -> None:
    project.label("a")
    project.label("b")
    found = check(project, decide(project, "a", project.quasar), decide(project, "b", project.star))
    assert found == RecordedGroup(stored=2, duplicate=False, taken=())
    assert labels(project) == {"a": project.quasar, "b": project.star}
    assert checks(project)["b"] == Audited(project.star, project.quasar)
    with project.database.reading() as session:
        *_, newest = history(session, item_key="b")
    assert (newest.strategy, newest.round_number, newest.shown_ms) == (AUDIT_STRATEGY, 4, 700)


def test_record_audit__a_retry_stores_it_once(project: Project) -> None:
    project.label("a")
    check(project, decide(project, "a", project.quasar))
    assert check(project, decide(project, "a", project.quasar)).duplicate
    with project.database.reading() as session:
        assert len(history(session, item_key="a")) == 2


def test_record_audit__a_label_changed_meanwhile_stays(project: Project) -> None:
    project.label("a")
    project.label("b")
    project.label("a", project.galaxy, by=project.bob)
    project.act("b", Act.SKIP)
    found = check(project, *(decide(project, key, project.quasar) for key in ("a", "b", "nobody's")))
    assert found == RecordedGroup(stored=0, duplicate=False, taken=("a", "b", "nobody's"))
    assert labels(project)["a"] == project.galaxy


def test_record_audit__what_was_adjudicated_stays(project: Project) -> None:
    new = NewAnnotation(uid="adjudicate-1", item_key="a", act=Act.ADJUDICATE, class_id=project.star)
    project.annotate(new)
    assert check(project, decide(project, "a", project.quasar)).taken == ("a",)


def test_record_audit__nothing_is_stored_where_one_class_is_unknown(project: Project) -> None:
    project.label("a")
    project.label("b")
    with pytest.raises(AnnotationInvalidError, match="999"):
        check(project, decide(project, "a", project.quasar), decide(project, "b", 999))
    assert labels(project) == {"a": project.star, "b": project.star}


@pytest.mark.parametrize("uid", ["confirm-0123456789", "audit-", "audit-no spaces!", "select-0123456789"])
def test_record_audit__a_uid_that_is_none(project: Project, uid: str) -> None:
    with pytest.raises(AnnotationInvalidError, match="uid must be"):
        check(project, decide(project, "a", project.star), uid=uid)


def test_record_audit__too_many_or_one_twice(project: Project) -> None:
    twice = [decide(project, "a", project.star)] * 2
    with pytest.raises(AnnotationInvalidError, match="1 of them different"):
        check(project, *twice)
    many = [decide(project, f"item-{number}", project.star) for number in range(GROUP_MAX + 1)]
    with pytest.raises(AnnotationInvalidError, match=f"at most {GROUP_MAX}"):
        check(project, *many)


def test_record_audit__the_same_uid_with_other_content(project: Project) -> None:
    project.label("a")
    check(project, decide(project, "a", project.quasar))
    with pytest.raises(AnnotationConflictError, match="class_id"):
        check(project, decide(project, "a", project.galaxy))


def test_record_group__does_not_take_an_audit(project: Project) -> None:
    group = NewGroup(uid=UID, labels=(("a", project.star),), class_id=project.star)
    with project.database.transaction() as session, pytest.raises(AnnotationInvalidError, match="uid must"):
        record_group(session, group=group, annotator_id=project.ann, now=NOW)


def test_undo_group__brings_the_labels_back(project: Project) -> None:
    project.label("a")
    project.label("b")
    check(project, decide(project, "a", project.quasar), decide(project, "b", project.star))
    assert undo(project) == ("a", "b")
    assert labels(project) == {"a": project.star, "b": project.star}
    assert checks(project) == {}


def test_audited__the_last_check_of_an_item(project: Project) -> None:
    project.label("a")
    check(project, decide(project, "a", project.quasar))
    check(project, decide(project, "a", project.galaxy, seen=project.quasar), uid="audit-bbbbbbbbbb")
    assert checks(project)["a"].class_id == project.galaxy
    undo(project, "audit-bbbbbbbbbb")
    assert checks(project)["a"].class_id == project.quasar


def test_last_group__an_audit_is_no_page(project: Project) -> None:
    project.label("a")
    check(project, decide(project, "a", project.quasar))
    with project.database.reading() as session:
        assert last_group(session, annotator_id=project.ann) is None
        found = last_group(session, annotator_id=project.ann, prefix=AUDIT_PREFIX)
        assert found == LastGroup(UID, None, 1)
        assert recent_steps(session, annotator_id=project.ann, limit=1) == [found]
