from __future__ import annotations

import pytest

from labeling.database import Database
from labeling.errors import SelectionError
from labeling.selections import (
    SELECTIONS_MAX,
    NamedSelection,
    PackedKeys,
    delete_selection,
    list_selections,
    pack_keys,
    rename_selection,
    save_selection,
    selection_keys,
    unpack_keys,
)
from tests.labeling.store import NOW, Project

ODD_KEYS = ["a", "", "with, comma", "line\nbreak", "<b>", "ключ", "🙂", "=1+1"]


def save(project: Project, name: str, keys: list[str]) -> NamedSelection:
    packed = pack_keys([keys])
    with project.database.transaction() as session:
        return save_selection(
            session, name=name, how="inside the line", keys=packed, annotator_id=project.ann, now=NOW
        )


def keys_of(database: Database, selection_id: int) -> list[str]:
    with database.reading() as session:
        packed = selection_keys(session, selection_id=selection_id)
    return [key for part in unpack_keys(packed) for key in part]


def test_pack_keys__gives_the_same_keys_back() -> None:
    packed = pack_keys([ODD_KEYS[:3], [], ODD_KEYS[3:]])
    assert packed.count == len(ODD_KEYS)
    assert [key for part in unpack_keys(packed) for key in part] == ODD_KEYS


def test_pack_keys__one_key_and_many() -> None:
    assert list(unpack_keys(pack_keys([["only"]]))) == [["only"]]
    many = [f"item-{number:07d}" for number in range(300_000)]
    packed = pack_keys(many[start : start + 65_536] for start in range(0, len(many), 65_536))
    assert len(packed.data) < 4 * len(many)
    parts = list(unpack_keys(packed))
    assert len(parts) > 2
    assert [key for part in parts for key in part] == many


@pytest.mark.parametrize("keys", [[], ["a\0b"], ["\ud800"]])
def test_pack_keys__what_cannot_be_kept(keys: list[str]) -> None:
    with pytest.raises(SelectionError):
        pack_keys([keys])


@pytest.mark.parametrize("data", [b"", b"no zlib", pack_keys([["a"] * 5000]).data[:-20]])
def test_unpack_keys__damaged(data: bytes) -> None:
    with pytest.raises(SelectionError):
        list(unpack_keys(PackedKeys(5000, data)))


def test_save_selection__is_listed_and_opened(project: Project) -> None:
    first = save(project, "  rings ", ODD_KEYS)
    second = save(project, "arcs", ["x"])
    assert (first.name, first.count, first.annotator, first.how) == ("rings", 8, "ann", "inside the line")
    with project.database.reading() as session:
        assert list_selections(session) == [second, first]
    assert keys_of(project.database, first.id) == ODD_KEYS


@pytest.mark.parametrize("name", ["rings", "RINGS ", "", "two\nlines", "x" * 201])
def test_save_selection__names_that_are_taken_or_cannot_be(project: Project, name: str) -> None:
    save(project, "Rings", ["a"])
    with pytest.raises(SelectionError):
        save(project, name, ["b"])
    with project.database.reading() as session:
        assert len(list_selections(session)) == 1


def test_save_selection__not_without_end(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeling.selections.SELECTIONS_MAX", 1)
    assert SELECTIONS_MAX == 1_000
    save(project, "one", ["a"])
    with pytest.raises(SelectionError, match="at most 1 selections"):
        save(project, "two", ["a"])


def test_rename_selection__keeps_the_items(project: Project) -> None:
    saved = save(project, "rings", ["a", "b"])
    save(project, "arcs", ["c"])
    with project.database.transaction() as session:
        assert rename_selection(session, selection_id=saved.id, name="Rings").name == "Rings"
        with pytest.raises(SelectionError, match="already there"):
            rename_selection(session, selection_id=saved.id, name="arcs")
    assert keys_of(project.database, saved.id) == ["a", "b"]


def test_delete_selection__is_gone(project: Project) -> None:
    saved = save(project, "rings", ["a"])
    with project.database.transaction() as session:
        delete_selection(session, selection_id=saved.id)
    with pytest.raises(SelectionError, match="no longer there"):
        keys_of(project.database, saved.id)
    with project.database.transaction() as session, pytest.raises(SelectionError, match="no longer there"):
        delete_selection(session, selection_id=saved.id)
    save(project, "rings", ["b"])
