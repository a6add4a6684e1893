"""The project's file follows its classes, and keeps whatever else stands in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app import class_file as class_file_module
from app.class_file import file_classes, write_classes
from app.project import Project, open_project
from config.files import load_config, save_config
from config.schema import ClassSection, ProjectConfig
from labeling.classes import LabelClass, archive_class, find_class, list_classes, rename_class
from labeling.events import EventKind, record_event
from tests.projects import MOMENT


def number(project: Project, name: str) -> int:
    with project.database.reading() as session:
        found = find_class(session, name=name)
    assert found is not None
    return found.id


def rename(project: Project, old: str, new: str) -> str:
    with project.database.transaction() as session:
        rename_class(session, class_id=number(project, old), name=new)
    return write_classes(project.database, project.paths.config, former=(old,))


def names_after_a_restart(project: Project) -> list[str]:
    again = open_project(project.paths.config)
    try:
        with again.database.reading() as session:
            return [entry.name for entry in list_classes(session, archived=True)]
    finally:
        again.close()


def test_write_classes__a_renamed_one_does_not_come_back(clouds: Project) -> None:
    assert rename(clouds, "rare", "gold") == ""

    assert names_after_a_restart(clouds) == ["common", "other", "gold"]
    assert [entry.name for entry in load_config(clouds.paths.config).classes] == ["common", "other", "gold"]


def test_write_classes__without_it_the_old_name_would_come_back(clouds: Project) -> None:
    with clouds.database.transaction() as session:
        rename_class(session, class_id=number(clouds, "rare"), name="gold")

    assert names_after_a_restart(clouds) == ["common", "other", "gold", "rare"]


def test_write_classes__comments_and_settings_stay(clouds: Project) -> None:
    path = clouds.paths.config
    path.write_text(path.read_text(encoding="utf-8") + "\n# mine, to be kept\n", encoding="utf-8")
    before = load_config(path)

    rename(clouds, "rare", 'a "quoted" <b>name</b>: 👩\u200d🚀 שלום\u200f #1')

    assert "# mine, to be kept" in path.read_text(encoding="utf-8")
    after = load_config(path)
    assert after.model_copy(update={"classes": ()}) == before.model_copy(update={"classes": ()})
    assert after.classes[2].name == 'a "quoted" <b>name</b>: 👩\u200d🚀 שלום\u200f #1'


def test_write_classes__an_archived_one_says_so(clouds: Project) -> None:
    with clouds.database.transaction() as session:
        archive_class(session, class_id=number(clouds, "other"))
    write_classes(clouds.database, clouds.paths.config)

    assert [entry.archived for entry in load_config(clouds.paths.config).classes] == [False, True, False]


def test_write_classes__what_somebody_added_to_the_file_stays(clouds: Project) -> None:
    path = clouds.paths.config
    path.write_text(
        path.read_text(encoding="utf-8").replace("classes:\n", "classes:\n  - name: tomorrow\n", 1),
        encoding="utf-8",
    )

    rename(clouds, "rare", "gold")

    assert names_after_a_restart(clouds) == ["common", "other", "gold", "tomorrow"]


def test_write_classes__nothing_to_say_touches_no_file(clouds: Project) -> None:
    write_classes(clouds.database, clouds.paths.config)
    before = clouds.paths.config.stat().st_mtime_ns

    assert write_classes(clouds.database, clouds.paths.config) == ""
    assert clouds.paths.config.stat().st_mtime_ns == before


@pytest.mark.parametrize("content", [None, "classes: [", "project: 7\n"])
def test_write_classes__a_file_that_cannot_be_used_is_told(clouds: Project, content: str | None) -> None:
    path: Path = clouds.paths.config
    if content is None:
        os.remove(path)
    else:
        path.write_text(content, encoding="utf-8")

    problem = rename(clouds, "rare", "gold")

    assert problem.startswith("Stored, but the project's file could not be written: ")
    assert str(path) in problem
    assert number(clouds, "gold")


def test_file_classes__a_new_class_may_take_a_former_name() -> None:
    kept = LabelClass(1, "sun", 0, None, None, None, "", None, False)
    fresh = LabelClass(2, "star", 1, None, None, None, "", None, False)

    found = file_classes([ClassSection(name="star")], [kept, fresh], former=("star",))

    assert [entry.name for entry in found] == ["sun", "star"]


def rename_elsewhere(project: Project, old: str, new: str) -> None:
    """Rename a class as another server does: in the database and on record, not in this file."""
    class_id = number(project, old)
    with project.database.transaction() as session:
        rename_class(session, class_id=class_id, name=new)
        details = {"class_id": class_id, "from": old, "to": new}
        record_event(
            session, kind=EventKind.CLASS_RENAMED, annotator_id=None, now=MOMENT, subject=new, details=details
        )


def test_open_project__a_name_from_before_another_servers_rename_is_no_new_class(clouds: Project) -> None:
    rename_elsewhere(clouds, "rare", "gold")
    assert "rare" in [entry.name for entry in load_config(clouds.paths.config).classes]

    assert names_after_a_restart(clouds) == ["common", "other", "gold"]


def test_open_project__a_class_under_one_that_was_renamed_elsewhere(clouds: Project) -> None:
    rename_elsewhere(clouds, "rare", "gold")
    path = clouds.paths.config
    config = load_config(path)
    more = (*config.classes, ClassSection(name="nugget", parent="rare"))
    save_config(config.model_copy(update={"classes": more}), path)

    assert names_after_a_restart(clouds) == ["common", "other", "gold", "nugget"]
    with clouds.database.reading() as session:
        parents = {entry.name: entry.parent_id for entry in list_classes(session)}
    assert parents["nugget"] == number(clouds, "gold")


def test_write_classes__another_server_changes_classes_at_the_same_moment(
    clouds: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads the database before we write the file, and its own writing ends before ours: ours must not be older."""
    done: list[bool] = []

    def save_late(config: ProjectConfig, path: Path) -> None:
        if not done:
            done.append(True)
            rename_elsewhere(clouds, "other", "silver")
        save_config(config, path)

    monkeypatch.setattr(class_file_module, "save_config", save_late)
    assert rename(clouds, "rare", "gold") == ""

    assert [entry.name for entry in load_config(clouds.paths.config).classes] == ["common", "silver", "gold"]
