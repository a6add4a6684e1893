from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import sqlalchemy.exc as sa_errors

from labeling.classes import archive_class
from labeling.errors import SeekError
from labeling.seeks import (
    KEYS_MAX,
    OPEN_MAX,
    TEXT_MAX_BYTES,
    NewSeek,
    PastSeek,
    Seek,
    SeekKind,
    add_seek,
    list_seeks,
    restore_seeks,
    seek_revision,
    withdraw_seek,
)
from tests.labeling.store import NOW, Project

LATER = NOW + timedelta(minutes=5)


def seek(project: Project, new: NewSeek) -> Seek:
    with project.database.transaction() as session:
        return add_seek(session, new=new, annotator_id=project.ann, now=NOW)


def words(project: Project, text: str, class_id: int | None = None) -> Seek:
    return seek(project, NewSeek(kind=SeekKind.WORDS, class_id=class_id, text=text))


def withdraw(project: Project, seek_id: int) -> Seek:
    with project.database.transaction() as session:
        return withdraw_seek(session, seek_id=seek_id, annotator_id=project.bob, now=LATER)


def listed(project: Project, *, withdrawn: bool = False, revision: int | None = None) -> list[Seek]:
    with project.database.reading() as session:
        return list_seeks(session, withdrawn=withdrawn, revision=revision)


def test_add_seek__keeps_everything(project: Project) -> None:
    given = NewSeek(kind="example", class_id=project.star, text="with a tail", item_keys=("a", "b", "a"))

    added = seek(project, given)

    assert added == Seek(
        added.id, SeekKind.EXAMPLE, project.star, "with a tail", ("a", "b"), "ann", NOW, None, ""
    )
    assert listed(project) == [added]


def test_add_seek__said_twice_is_stored_once(project: Project) -> None:
    first = words(project, "a lensed quasar", project.quasar)

    again = words(project, " a lensed quasar\n", project.quasar)
    other = words(project, "a lensed quasar")

    assert again == first
    assert [entry.id for entry in listed(project)] == [first.id, other.id]


def test_add_seek__caller_rolls_back(project: Project) -> None:
    def break_halfway() -> None:
        with project.database.transaction() as session:
            new = NewSeek(kind=SeekKind.CRITERIA, text="z > 18")
            add_seek(session, new=new, annotator_id=project.ann, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()
    assert listed(project) == []


@pytest.mark.parametrize(
    ("new", "part"),
    [
        (NewSeek(kind="dream", text="x"), "kind of what is sought is 'dream'"),
        (NewSeek(kind="words"), "words need a text"),
        (NewSeek(kind="words", text="  \n"), "words need a text"),
        (NewSeek(kind="words", text="x", item_keys=("a",)), "no items"),
        (NewSeek(kind="words", text="é" * (TEXT_MAX_BYTES // 2 + 1)), "10002 bytes"),
        (NewSeek(kind="words", text="x" * (TEXT_MAX_BYTES + 1)), "10001 characters"),
        (NewSeek(kind="words", text="a\x00b"), "NUL"),
        (NewSeek(kind="criteria", text=""), "criteria need a text"),
        (NewSeek(kind="example"), "at least one item"),
        (NewSeek(kind="example", item_keys=("",)), "0 characters"),
        (NewSeek(kind="example", item_keys=tuple(map(str, range(KEYS_MAX + 1)))), "101 example items"),
        (NewSeek(kind="words", text="x", class_id=99), "no class with id 99"),
    ],
)
def test_add_seek__refuses(project: Project, new: NewSeek, part: str) -> None:
    with pytest.raises(SeekError, match=part):
        seek(project, new)
    assert listed(project) == []


def test_add_seek__of_an_archived_class(project: Project) -> None:
    with project.database.transaction() as session:
        archive_class(session, class_id=project.star)

    with pytest.raises(SeekError, match="'star' is archived"):
        words(project, "bright", project.star)


def test_add_seek__by_nobody(project: Project) -> None:
    with (
        pytest.raises(SeekError, match="no annotator with id 99"),
        project.database.transaction() as session,
    ):
        add_seek(session, new=NewSeek(kind="words", text="x"), annotator_id=99, now=NOW)


def test_add_seek__too_many(project: Project) -> None:
    with project.database.transaction() as session:
        entries = [
            PastSeek(NewSeek(kind="words", text=f"number {number}"), project.ann, NOW)
            for number in range(OPEN_MAX)
        ]
        numbers = restore_seeks(session, entries=entries)

    with pytest.raises(SeekError, match="100 things are sought"):
        words(project, "one more")
    withdraw(project, numbers[0])
    assert words(project, "one more").text == "one more"


def test_withdraw_seek__is_kept_with_its_moment(project: Project) -> None:
    added = words(project, "a comet")

    taken = withdraw(project, added.id)

    assert (taken.withdrawn_at, taken.withdrawn_by) == (LATER, "bob")
    assert listed(project) == []
    assert listed(project, withdrawn=True) == [taken]


def test_withdraw_seek__twice_keeps_the_first(project: Project) -> None:
    added = words(project, "a comet")
    first = withdraw(project, added.id)
    with project.database.reading() as session:
        before = seek_revision(session)

    assert withdraw(project, added.id) == first
    with project.database.reading() as session:
        assert seek_revision(session) == before


def test_withdraw_seek__caller_rolls_back(project: Project) -> None:
    added = words(project, "a comet")

    def break_halfway() -> None:
        with project.database.transaction() as session:
            withdraw_seek(session, seek_id=added.id, annotator_id=project.ann, now=LATER)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()
    assert listed(project) == [added]


def test_withdraw_seek__unknown(project: Project) -> None:
    with pytest.raises(SeekError, match="has the number 7"):
        withdraw(project, 7)


def test_withdraw_seek__a_withdrawal_is_no_seek(project: Project) -> None:
    added = words(project, "a comet")
    withdraw(project, added.id)

    with pytest.raises(SeekError, match="has the number"):
        withdraw(project, added.id + 1)


def test_withdraw_seek__can_be_said_again(project: Project) -> None:
    added = words(project, "a comet")
    withdraw(project, added.id)

    assert words(project, "a comet").id > added.id


def test_list_seeks__as_it_was(project: Project) -> None:
    first = words(project, "a comet")
    with project.database.reading() as session:
        before = seek_revision(session)
    withdraw(project, first.id)
    words(project, "an asteroid")

    assert listed(project, revision=before) == [first]
    assert [entry.text for entry in listed(project)] == ["an asteroid"]


def test_seek_revision__grows_with_every_change(project: Project) -> None:
    found = []
    for step in (lambda: None, lambda: words(project, "x"), lambda: withdraw(project, 1)):
        step()
        with project.database.reading() as session:
            found.append(seek_revision(session))

    assert found[0] == 0
    assert found[0] < found[1] < found[2]


def test_restore_seeks__as_they_were(project: Project) -> None:
    with project.database.transaction() as session:
        archive_class(session, class_id=project.star)
        new = NewSeek(kind="criteria", class_id=project.star, text="u - g < 0.6")
        gone = PastSeek(new, project.ann, NOW, withdrawn_at=LATER, withdrawn_by_id=project.bob)
        here = PastSeek(NewSeek(kind="words", text="bright"), project.bob, LATER)
        restore_seeks(session, entries=[gone, here])

    [first, second] = listed(project, withdrawn=True)
    assert (first.text, first.annotator, first.created_at) == ("u - g < 0.6", "ann", NOW)
    assert (first.withdrawn_at, first.withdrawn_by) == (LATER, "bob")
    assert (second.text, second.annotator, second.withdrawn_at) == ("bright", "bob", None)


def test_restore_seeks__caller_rolls_back(project: Project) -> None:
    def break_halfway() -> None:
        with project.database.transaction() as session:
            gone = PastSeek(NewSeek(kind="words", text="x"), project.ann, NOW, LATER, project.ann)
            restore_seeks(session, entries=[gone])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()
    assert listed(project, withdrawn=True) == []


def test_restore_seeks__refuses_a_wrong_one(project: Project) -> None:
    entries = [
        PastSeek(NewSeek(kind="words", text="x"), project.ann, NOW),
        PastSeek(NewSeek(kind="words"), project.ann, NOW),
    ]
    with pytest.raises(SeekError, match="need a text"), project.database.transaction() as session:
        restore_seeks(session, entries=entries)
    assert listed(project) == []


@pytest.mark.parametrize("statement", ["UPDATE seek SET text = 'other'", "DELETE FROM seek"])
def test_seek__is_append_only(project: Project, statement: str) -> None:
    added = words(project, "a comet")

    with (
        pytest.raises(sa_errors.DatabaseError, match="append-only"),
        project.database.transaction() as session,
    ):
        session.execute(sa.text(statement))
    assert listed(project) == [added]
