from __future__ import annotations

from typing import Any

import pytest

from labeling.classes import (
    LabelClass,
    add_class,
    archive_class,
    find_class,
    lift_children,
    list_classes,
    move_class,
    rename_class,
    restore_class,
    update_class,
)
from labeling.database import Database
from labeling.errors import LabelClassError


def add(database: Database, name: str, **values: Any) -> LabelClass:
    with database.transaction() as session:
        return add_class(session, name=name, **values)


def update(database: Database, class_id: int, **values: Any) -> LabelClass:
    with database.transaction() as session:
        return update_class(session, class_id=class_id, **values)


def names(database: Database, *, archived: bool = False) -> list[str]:
    with database.reading() as session:
        return [entry.name for entry in list_classes(session, archived=archived)]


def test_add_class__keeps_everything(database: Database) -> None:
    parent = add(database, "galaxy")
    added = add(
        database, " spiral ", key="s", colour="#1A2b3c", parent_id=parent.id, description="has arms", target=2
    )

    assert added == LabelClass(added.id, "spiral", 1, "s", "#1A2b3c", parent.id, "has arms", 2.0, False)
    with database.reading() as session:
        assert list_classes(session) == [parent, added]
        assert find_class(session, name="spiral ") == added
        assert find_class(session, name="Spiral") is None


def test_add_class__caller_rolls_back(database: Database) -> None:
    def break_halfway() -> None:
        with database.transaction() as session:
            add_class(session, name="star")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_halfway()
    assert names(database) == []


def test_add_class__upper_and_lower_case_differ(database: Database) -> None:
    add(database, "a", key="a")
    add(database, "A", key="A")

    assert names(database) == ["a", "A"]


@pytest.mark.parametrize("name", ["star", " star", "é", "e\u0301"])
def test_add_class__name_taken(database: Database, name: str) -> None:
    add(database, "star")
    add(database, "é")

    with pytest.raises(LabelClassError, match="already there"):
        add(database, name)


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"name": "  "}, "0 characters"),
        ({"name": "x" * 201}, "201 characters"),
        ({"name": "two\nlines"}, "line break"),
        ({"name": 5}, "must be text"),
        ({"name": "\ud800"}, "surrogate"),
        ({"key": "ab"}, "key"),
        ({"key": " "}, "type and see"),
        ({"key": "1"}, "belongs to the class 'star'"),
        ({"colour": "red"}, "#rrggbb"),
        ({"colour": "#12345g"}, "#rrggbb"),
        ({"parent_id": 99}, "no class with id 99"),
        ({"description": "x" * 2001}, "description"),
        ({"target": -1}, "from 0 up"),
        ({"target": float("nan")}, "from 0 up"),
        ({"target": 2e9}, "up to 1,000,000,000"),
        ({"target": "much"}, "is a number"),
        ({"name": "two\u2028lines"}, "line break"),
    ],
)
def test_add_class__refuses(database: Database, values: dict[str, Any], part: str) -> None:
    add(database, "star", key="1")

    with pytest.raises(LabelClassError, match=part):
        add(database, **({"name": "galaxy"} | values))
    assert names(database) == ["star"]


def test_rename_class__keeps_the_number(database: Database) -> None:
    star = add(database, "star")
    with database.transaction() as session:
        renamed = rename_class(session, class_id=star.id, name="sun")
        assert rename_class(session, class_id=star.id, name="sun ") == renamed

    assert (renamed.id, names(database)) == (star.id, ["sun"])


def test_rename_class__name_taken(database: Database) -> None:
    add(database, "star")
    galaxy = add(database, "galaxy")

    with pytest.raises(LabelClassError, match="already there"), database.transaction() as session:
        rename_class(session, class_id=galaxy.id, name="star")


def test_update_class__changes_only_what_is_given(database: Database) -> None:
    star = add(database, "star", key="1", colour="#000000", target=1.0)

    changed = update(database, star.id, colour=None, position=4)

    assert (changed.colour, changed.position, changed.key, changed.target) == (None, 4, "1", 1.0)


def test_update_class__order_follows_the_positions(database: Database) -> None:
    first = add(database, "a")
    add(database, "b")
    update(database, first.id, position=9)

    assert names(database) == ["b", "a"]


def test_update_class__own_key_again(database: Database) -> None:
    star = add(database, "star", key="1")

    assert update(database, star.id, key="1").key == "1"


def test_update_class__parents_in_a_circle(database: Database) -> None:
    top = add(database, "top")
    low = add(database, "low", parent_id=top.id)

    for parent_id in (top.id, low.id):
        with pytest.raises(LabelClassError, match="above itself"):
            update(database, top.id, parent_id=parent_id)


def test_update_class__unknown(database: Database) -> None:
    with pytest.raises(LabelClassError, match="no class with id 9"):
        update(database, 9, key="1")


def test_archive_class__frees_the_key_but_not_the_name(database: Database) -> None:
    star = add(database, "star", key="1")
    with database.transaction() as session:
        assert archive_class(session, class_id=star.id).archived

    add(database, "galaxy", key="1")
    with pytest.raises(LabelClassError, match="archived; restore it"):
        add(database, "star")
    assert names(database) == ["galaxy"]
    assert names(database, archived=True) == ["star", "galaxy"]


def test_restore_class__gives_up_a_key_that_is_taken(database: Database) -> None:
    star = add(database, "star", key="1")
    with database.transaction() as session:
        archive_class(session, class_id=star.id)
    add(database, "galaxy", key="1")

    with database.transaction() as session:
        restored = restore_class(session, class_id=star.id)

    assert (restored.archived, restored.key, names(database)) == (False, None, ["star", "galaxy"])


def test_restore_class__without_a_key_beside_others_without_one(database: Database) -> None:
    first, *_ = [add(database, name) for name in ("a", "b", "c")]
    with database.transaction() as session:
        archive_class(session, class_id=first.id)
        assert restore_class(session, class_id=first.id) == first


def test_restore_class__keeps_a_key_that_is_free(database: Database) -> None:
    star = add(database, "star", key="1")
    with database.transaction() as session:
        archive_class(session, class_id=star.id)
        assert restore_class(session, class_id=star.id) == star


def test_rename_class__renamed_by_somebody_else_meanwhile(database: Database) -> None:
    star = add(database, "star")
    with database.transaction() as session:
        rename_class(session, class_id=star.id, name="sun", known_name="star")

    with (
        pytest.raises(LabelClassError, match="renamed to 'sun' meanwhile"),
        database.transaction() as session,
    ):
        rename_class(session, class_id=star.id, name="dwarf", known_name="star")
    with database.transaction() as session:
        assert rename_class(session, class_id=star.id, name="sun", known_name="star").name == "sun"


@pytest.mark.parametrize("name", ["👩\u200d🚀", "שלום\u200f", 'a "quoted" <b>name</b>', "x" * 200])
def test_rename_class__any_name_of_one_line(database: Database, name: str) -> None:
    star = add(database, "star")
    with database.transaction() as session:
        rename_class(session, class_id=star.id, name=name)

    assert names(database) == [name]


@pytest.mark.parametrize(("place", "order"), [(0, "cab"), (1, "acb"), (2, "abc"), (99, "abc")])
def test_move_class__to_a_place_among_the_others(database: Database, place: int, order: str) -> None:
    *_, last = [add(database, name) for name in "abc"]
    with database.transaction() as session:
        move_class(session, class_id=last.id, place=place)

    assert "".join(names(database)) == order


def test_move_class__counts_among_its_kind_alone(database: Database) -> None:
    top = add(database, "top")
    first, gone, second = (add(database, name, parent_id=top.id) for name in ("first", "gone", "second"))
    add(database, "other")
    with database.transaction() as session:
        archive_class(session, class_id=gone.id)
        move_class(session, class_id=first.id, place=1)

    assert names(database) == ["top", "second", "first", "other"]
    assert second.parent_id == top.id


def test_move_class__refuses(database: Database) -> None:
    star = add(database, "star")
    with pytest.raises(LabelClassError, match="place"), database.transaction() as session:
        move_class(session, class_id=star.id, place=-1)
    with database.transaction() as session:
        archive_class(session, class_id=star.id)
    with pytest.raises(LabelClassError, match="archived"), database.transaction() as session:
        move_class(session, class_id=star.id, place=0)


def test_lift_children__they_come_under_the_one_above(database: Database) -> None:
    top = add(database, "top")
    middle = add(database, "middle", parent_id=top.id)
    add(database, "low", parent_id=middle.id)
    with database.transaction() as session:
        lift_children(session, class_id=middle.id)

    with database.reading() as session:
        low = find_class(session, name="low")
    assert low is not None and low.parent_id == top.id
