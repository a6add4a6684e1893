"""What is done beside annotating is on record, and only what was done."""

from __future__ import annotations

import pytest

from app import api_classes, saved
from app.api_confirm import undo_labels
from app.context import ServerContext
from app.errors import RequestError
from app.exporting import export_project
from app.plot_state import PlotState
from app.session import DashboardState
from labeling.classes import list_classes
from labeling.errors import DatabaseUnavailableError
from labeling.selections import pack_keys
from labeling.trail import TrailEntry, read_trail
from tests.coroutines import finish
from tests.projects import label_some

MERGE, UNDO = "merge-0123456789abcdef", "undo-0123456789abcdef"


def told(context: ServerContext) -> list[TrailEntry]:
    """Return the events since the project was made."""
    with context.project.database.reading() as session:
        events = [entry for entry in read_trail(session) if entry.source == "event"]
    return [entry for entry in events if entry.details.get("by") != "the project's file"]


def ids(context: ServerContext) -> dict[str, int]:
    with context.project.database.reading() as session:
        return {entry.name: entry.id for entry in list_classes(session)}


def test_classes__from_the_file_are_nobodys(context: ServerContext) -> None:
    with context.project.database.reading() as session:
        first = [(entry.act, entry.subject, entry.person) for entry in read_trail(session)]
    assert first == [("class_added", name, "") for name in ("common", "other", "rare")]


def test_change__says_what_was_and_what_is(context: ServerContext) -> None:
    api_classes.change(context, ids(context)["rare"], {"name": "gold", "target": 0.5, "key": "g"})
    renamed, changed = told(context)
    assert (renamed.act, renamed.details["from"], renamed.details["to"]) == ("class_renamed", "rare", "gold")
    assert changed.details["changed"] == {
        "key": {"from": "3", "to": "g"},
        "target": {"from": None, "to": 0.5},
    }
    assert renamed.person == changed.person == context.person.name


def test_change__that_is_refused_is_not_on_record(context: ServerContext) -> None:
    with pytest.raises(RequestError):
        api_classes.change(context, ids(context)["rare"], {"name": "common"})
    assert told(context) == []


def test_merge__and_its_undo(context: ServerContext) -> None:
    label_some(context.project)
    known = ids(context)
    for _ in range(2):
        # The second is the same request, sent again.
        api_classes.merge(context, known["other"], {"into": known["rare"], "uid": MERGE})
    undo_labels(context, {"group": MERGE, "undo": UNDO})
    merged, restored = told(context)
    assert (merged.act, merged.subject, merged.details["into"]) == ("class_merged", "other", "rare")
    assert merged.details["items"] == 4
    assert (restored.act, restored.subject) == ("class_restored", "other")


def test_selections__saved_renamed_deleted(context: ServerContext) -> None:
    entry = saved.keep(context, pack_keys([["item-001", "item-002"]]), name="odd", how="by hand")
    entry = saved.rename(context, entry, name="odder")
    saved.delete(context, entry)
    assert [(each.act, each.subject, each.details["items"]) for each in told(context)] == [
        ("selection_saved", "odd", 2),
        ("selection_renamed", "odder", 2),
        ("selection_deleted", "odder", 2),
    ]
    assert told(context)[1].details["former"] == "odd"


def test_plots__kept(context: ServerContext) -> None:
    state = PlotState(DashboardState(context))
    state.add()
    assert finish(state.keep())
    assert [(entry.act, entry.subject) for entry in told(context)] == [("settings_changed", "views.plots")]


def test_export__says_who_and_how_many(context: ServerContext) -> None:
    labels = label_some(context.project)
    written = export_project(context.project, annotator_id=context.annotator_id)
    [entry] = told(context)
    assert (entry.act, entry.subject, entry.person) == (
        "export_written",
        written.folder.name,
        context.person.name,
    )
    assert entry.details["labels"] == len(labels)


def test_export__is_written_although_nothing_can_be_put_on_record(
    context: ServerContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk or a read-only database must not keep the labels in."""

    def refuse() -> None:
        raise DatabaseUnavailableError("the database cannot be used just now: it is read-only")

    label_some(context.project)
    monkeypatch.setattr(context.project.database, "transaction", refuse)
    written = export_project(context.project)
    assert written.labels and "not on record" in caplog.text
