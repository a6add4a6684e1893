from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import RequestError
from app.project import Project
from app.sought import check_seek, seek_abilities, sought_hash
from labeling.classes import list_classes
from labeling.pools.errors import CriteriaError
from labeling.seeks import NewSeek, list_seeks
from tests.projects import make_texts, seek


def hash_now(project: Project, *, words: bool = False) -> str:
    with project.database.reading() as session:
        return sought_hash(list_seeks(session), list_classes(session), words=words)


def test_seek_abilities__of_a_table(clouds: Project) -> None:
    found = seek_abilities(clouds)
    assert not found.words and found.columns == ("a", "b", "c", "d")
    assert "example items or criteria on columns" in found.words_obstacle


def test_seek_abilities__of_texts(tmp_path: Path) -> None:
    project = make_texts(tmp_path)
    assert seek_abilities(project).words and seek_abilities(project).words_obstacle == ""
    project.close()


def test_seek_abilities__before_there_are_vectors(clouds: Project) -> None:
    (clouds.paths.vectors / "vectors.json").unlink()
    assert "not computed yet" in seek_abilities(clouds).words_obstacle


def test_check_seek__takes_what_can_be_used(clouds: Project) -> None:
    check_seek(clouds, NewSeek(kind="criteria", text="a > 1"))
    check_seek(clouds, NewSeek(kind="example", item_keys=("item-000", "item-001")))


def test_check_seek__words_in_a_table(clouds: Project) -> None:
    with pytest.raises(RequestError, match="words cannot be placed"):
        check_seek(clouds, NewSeek(kind="words", text="a quasar"))


def test_check_seek__unknown_items(clouds: Project) -> None:
    with pytest.raises(RequestError, match="no item 'gone' and 1 more"):
        check_seek(clouds, NewSeek(kind="example", item_keys=("item-000", "gone", "away")))


def test_check_seek__the_hidden_truth_is_no_column(clouds: Project) -> None:
    with pytest.raises(CriteriaError, match="no column 'kind'"):
        check_seek(clouds, NewSeek(kind="criteria", text="kind == 'rare'"))


def test_sought_hash__empty_where_nothing_is_sought(clouds: Project) -> None:
    assert hash_now(clouds) == ""


def test_sought_hash__class_names_where_words_are_known(clouds: Project) -> None:
    assert len(hash_now(clouds, words=True)) == 64


def test_sought_hash__changes_with_every_seek(clouds: Project) -> None:
    found = [hash_now(clouds)]
    for kind, text, about, items in (
        ("criteria", "a > 1", None, ()),
        ("criteria", "a > 1", "rare", ()),
        ("example", "", None, ("item-000",)),
    ):
        seek(clouds, kind, text, about=about, items=items)
        found.append(hash_now(clouds))
    assert len(set(found)) == 4
