"""Pages to confirm, made from a round's files of a small real project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.confirming import PageWish, confirm_page
from app.context import ServerContext, make_context
from app.project import Project, annotator_name
from app.run_now import run_now
from labeling.annotations import Act, NewAnnotation, current_labels, record
from labeling.annotators import ensure_annotator
from labeling.classes import add_class, archive_class, list_classes
from tests.projects import COUNTS, MOMENT, label, label_some, make_clouds, truth_of


@pytest.fixture
def running(clouds: Project) -> Iterator[ServerContext]:
    """A server's parts around the clouds, four labels a class given and a round run; no process is started."""
    label_some(clouds)
    run_now(clouds)
    made = make_context(clouds, hosts=frozenset())
    yield made
    made.writer.shutdown()
    made.reader.shutdown()


def class_id(context: ServerContext, name: str) -> int:
    with context.project.database.reading() as session:
        return next(entry.id for entry in list_classes(session) if entry.name == name)


def page(context: ServerContext, **wish: Any) -> dict[str, Any]:
    return confirm_page(context, PageWish(**wish))


def keys(answer: dict[str, Any]) -> list[str]:
    return [item["key"] for item in answer["items"]]


def test_confirm_page__is_of_the_class_that_lacks_most(running: ServerContext) -> None:
    more = [key for key, name in truth_of(running.project).items() if name != "other"][-30:]
    truth = truth_of(running.project)
    label(running.project, {key: truth[key] for key in more if truth[key] == "common"})
    run_now(running.project)
    answer = page(running)
    assert answer["state"] == "ready"
    # rare has four likely items left and as many labels as other; both lack more than common does
    assert answer["class_id"] in {class_id(running, "rare"), class_id(running, "other")}


def test_confirm_page__items_are_likely_and_open(running: ServerContext) -> None:
    truth = truth_of(running.project)
    answer = page(running, class_id=class_id(running, "other"))
    assert 10 <= len(answer["items"]) <= 24
    assert {truth[key] for key in keys(answer)} == {"other"}
    shares = [item["probability"] for item in answer["items"]]
    assert shares == sorted(shares, reverse=True)
    assert not set(keys(answer)) & set(list(label_keys(running.project)))
    assert answer["items"][0]["view"]["type"] == "table"
    assert "'other'" in answer["reason"]


def label_keys(project: Project) -> set[str]:
    from labeling.annotations import current_labels

    with project.database.reading() as session:
        return set(current_labels(session).item_keys)


def test_confirm_page__same_round_and_labels_same_page(running: ServerContext) -> None:
    wish = {"class_id": class_id(running, "other"), "size": 7}
    first, second = page(running, **wish), page(running, **wish)
    assert len(first["items"]) == 7
    assert keys(first) == keys(second)


def test_confirm_page__what_was_answered_since_the_round_is_left_out(running: ServerContext) -> None:
    other = class_id(running, "other")
    before = keys(page(running, class_id=other))
    label(running.project, {before[0]: "other"})
    with running.project.database.transaction() as session:
        annotator_id = ensure_annotator(session, name="ann")
        new = NewAnnotation(uid="uid-00000001", item_key=before[1], act=Act.SKIP)
        record(session, new=new, annotator_id=annotator_id, now=MOMENT)
    assert not set(before[:2]) & set(keys(page(running, class_id=other)))


def test_confirm_page__what_was_refused_is_left_out_for_that_class(running: ServerContext) -> None:
    other = class_id(running, "other")
    before = keys(page(running, class_id=other))
    assert not set(before) & set(keys(page(running, class_id=other, refused={other: before})))
    elsewhere = class_id(running, "common")
    assert set(before) == set(keys(page(running, class_id=other, refused={elsewhere: before})))
    assert keys(page(running, class_id=other, refused={other: ["gone"]}))


def test_confirm_page__tells_how_many_are_likely(running: ServerContext) -> None:
    likely = {entry["name"]: entry["likely"] for entry in page(running)["classes"]}
    assert likely == {name: count - 4 for name, count in COUNTS.items()}


def test_confirm_page__nothing_likely_is_left(running: ServerContext) -> None:
    rare = class_id(running, "rare")
    answer = page(running, class_id=rare, refused={rare: list(truth_of(running.project))})
    assert (answer["state"], answer["items"]) == ("none_likely", [])


def test_confirm_page__a_class_that_the_round_did_not_know(running: ServerContext) -> None:
    with running.project.database.transaction() as session:
        new = add_class(session, name="comet").id
    assert page(running, class_id=new)["state"] == "unknown_class"
    label(running.project, {keys(page(running))[0]: "comet"})
    assert page(running, class_id=new)["state"] == "unknown_class"
    assert page(running)["class_id"] != new


def test_confirm_page__of_a_class_that_the_round_knew_without_a_label_now(running: ServerContext) -> None:
    rare = class_id(running, "rare")
    labelled = [key for key, name in truth_of(running.project).items() if name == "rare"]
    with running.project.database.reading() as session:
        table = current_labels(session)
    given = [key for key in labelled if key in set(table.item_keys)]
    label(running.project, dict.fromkeys(given, "common"))
    answer = page(running, class_id=rare)
    assert answer["state"] == "ready"
    assert "without a label yet" in answer["reason"]


def test_confirm_page__an_archived_or_unknown_class_is_not_asked_for(running: ServerContext) -> None:
    other = class_id(running, "other")
    with running.project.database.transaction() as session:
        archive_class(session, class_id=other)
    assert page(running, class_id=other)["class_id"] != other
    assert page(running, class_id=12_345)["state"] == "ready"


def test_confirm_page__no_model_yet(clouds: Project) -> None:
    context = make_context(clouds, hosts=frozenset())
    assert page(context)["state"] == "no_model"
    run_now(clouds)
    assert page(context)["state"] == "no_model"


def test_confirm_page__no_classes(tmp_path: Any) -> None:
    project = make_clouds(tmp_path, classes=())
    answer = page(make_context(project, hosts=frozenset()))
    project.close()
    assert (answer["state"], answer["class_id"]) == ("no_classes", None)


def test_confirm_page__a_round_over_another_pool_says_nothing(running: ServerContext) -> None:
    project = running.project
    stranger = replace(project, pool=_renamed(project.pool))
    assert page(replace(running, project=stranger))["state"] == "no_model"


def _renamed(pool: Any) -> Any:
    class Renamed:
        hash = "of another pool"

        def __getattr__(self, name: str) -> Any:
            return getattr(pool, name)

    return Renamed()


def test_confirm_page__tells_the_page_that_can_be_taken_back(running: ServerContext) -> None:
    from labeling.groups import NewGroup, record_group

    answer = page(running, class_id=class_id(running, "other"))
    assert answer["undoable"] is None
    group = NewGroup(
        uid="confirm-0123456789",
        labels=tuple((key, answer["class_id"]) for key in keys(answer)[:3]),
        class_id=answer["class_id"],
    )
    with running.project.database.transaction() as session:
        annotator_id = ensure_annotator(session, name=annotator_name(running.project.config))
        record_group(session, group=group, annotator_id=annotator_id, now=MOMENT)
    assert page(running)["undoable"] == {
        "group": group.uid,
        "class_id": answer["class_id"],
        "count": 3,
    }
