"""Classes over the API: added, changed, archived, restored, merged, by two people at once, and over a restart."""

from __future__ import annotations

import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

from app import api_classes
from app.api_confirm import undo_labels
from app.api_store import history
from app.components.theme import CLASS_PALETTE
from app.context import ServerContext
from app.errors import RequestError
from app.exporting import export_project
from app.project import Project
from app.run_now import run_now
from app.share import import_project, write_shared_config
from app.status import read_status
from config.files import load_config
from labeling.errors import LabelClassError
from labeling.labels import current_labels
from tests.projects import label, label_some, make_clouds, truth_of
from tests.servers import RunningServer, serving

MERGE = "merge-0123456789abcdef"


def ids(context: ServerContext) -> dict[str, int]:
    return {entry["name"]: entry["id"] for entry in api_classes.classes(context)["classes"]}


def names(answer: Any) -> list[str]:
    return [entry["path"] for entry in answer["classes"]]


def counts(context: ServerContext) -> dict[str, int]:
    return {entry["name"]: entry["count"] for entry in api_classes.classes(context)["classes"]}


def label_as(context: ServerContext, name: str, count: int = 3) -> list[str]:
    """Label some items that are truly so as the annotator of the server; return their keys."""
    keys = [key for key, true in truth_of(context.project).items() if true == name][:count]
    label(context.project, dict.fromkeys(keys, name))
    return keys


def test_add__a_colour_unlike_the_others_and_a_free_key(context: ServerContext) -> None:
    answer = api_classes.add(context, {"name": "new"})

    *others, added = answer["classes"]
    assert added["colour"] in set(CLASS_PALETTE) - {entry["colour"] for entry in others}
    assert added["key"] == "4"


def test_add__under_a_parent(context: ServerContext) -> None:
    answer = api_classes.add(context, {"name": "dwarf", "parent_id": ids(context)["common"], "key": "D"})

    assert names(answer) == ["common", "common / dwarf", "other", "rare"]
    assert answer["classes"][1]["depth"] == 1
    assert answer["classes"][1]["key"] == "d"


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"name": "RARE"}, "there is a class 'rare' already"),
        ({"name": "new", "key": "S"}, "use of its own"),
        ({"name": "new", "key": "1"}, "belongs to the class 'common'"),
        ({"name": "new", "key": "ab"}, "key"),
        ({"name": "new", "key": 7}, "key|belongs"),
        ({"name": "new", "parent_id": 99}, "no class with id 99"),
        ({"name": "new", "parent_id": "x"}, "no class with id x"),
        ({"name": "new", "colour": "red"}, "#rrggbb"),
        ({"name": "x" * 10_240}, "characters"),
        ({"name": ["a"]}, "must be a text"),
        ({}, "must be a text"),
    ],
)
def test_add__refuses(context: ServerContext, values: dict[str, Any], part: str) -> None:
    with pytest.raises((RequestError, LabelClassError), match=part):
        api_classes.add(context, values)
    assert len(ids(context)) == 3


def test_change__all_at_once(context: ServerContext) -> None:
    known = ids(context)
    changed = api_classes.change(
        context,
        known["rare"],
        {
            "name": "gold",
            "known_name": "rare",
            "key": "g",
            "colour": "#112233",
            "description": "glitters",
            "target": 3,
            "place": 0,
        },
    )

    first = changed.answer["classes"][0]
    assert (first["id"], first["name"], first["key"], first["target"]) == (known["rare"], "gold", "g", 3.0)
    assert changed.former == ("rare",)


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({}, "cannot change nothing"),
        ({"archived": True}, "cannot change archived"),
        ({"name": "Common"}, "there is a class 'common' already"),
        ({"name": "x" * 10_240}, "characters"),
        ({"name": None}, "must be text"),
        ({"key": "2"}, "belongs to the class 'other'"),
        ({"key": "f"}, "use of its own"),
        ({"target": -1}, "from 0 up"),
        ({"place": "up"}, "whole number"),
        ({"parent_id": True}, "must be a whole number|no class"),
    ],
)
def test_change__refuses_and_changes_nothing(
    context: ServerContext, values: dict[str, Any], part: str
) -> None:
    before = api_classes.classes(context)
    with pytest.raises((RequestError, LabelClassError), match=part):
        api_classes.change(context, ids(context)["rare"], values)
    assert api_classes.classes(context) == before


def test_change__parents_in_a_circle(context: ServerContext) -> None:
    known = ids(context)
    api_classes.change(context, known["rare"], {"parent_id": known["other"]})

    with pytest.raises(LabelClassError, match="above itself"):
        api_classes.change(context, known["other"], {"parent_id": known["rare"]})


def test_change__not_every_target_may_be_zero(context: ServerContext) -> None:
    known = ids(context)
    for name in ("common", "other"):
        api_classes.change(context, known[name], {"target": 0})

    with pytest.raises(RequestError, match="every class would have the target 0"):
        api_classes.change(context, known["rare"], {"target": 0})


def test_change__two_people_at_once(context: ServerContext) -> None:
    rare = ids(context)["rare"]
    api_classes.change(context, rare, {"name": "gold", "known_name": "rare"})

    with pytest.raises(LabelClassError, match="renamed to 'gold' meanwhile"):
        api_classes.change(context, rare, {"name": "silver", "known_name": "rare"})


def test_archive__what_is_under_it_moves_up_and_it_comes_back(context: ServerContext) -> None:
    known = ids(context)
    api_classes.add(context, {"name": "dwarf", "parent_id": known["other"]})

    gone = api_classes.archive(context, known["other"], {}).answer
    assert names(gone) == ["common", "rare", "dwarf"]
    assert [entry["name"] for entry in gone["archived"]] == ["other"]

    back = api_classes.restore(context, known["other"], {}).answer
    assert names(back) == ["common", "other", "rare", "dwarf"]


def test_archive__nothing_goes_under_it(context: ServerContext) -> None:
    known = ids(context)
    api_classes.archive(context, known["other"], {})

    with pytest.raises(RequestError, match="'other' is archived"):
        api_classes.change(context, known["rare"], {"parent_id": known["other"]})


def test_merge__counts_labels_exports_and_the_next_round_say_the_other(
    context: ServerContext, tmp_path: Path
) -> None:
    label_some(context.project)
    known = ids(context)
    assert counts(context) == {"common": 4, "other": 4, "rare": 4}
    with context.project.database.reading() as session:
        before = context.labelled.read(session)

    answer = api_classes.merge(context, known["other"], {"into": known["rare"], "uid": MERGE}).answer

    assert answer["merged"] == 4
    assert counts(context) == {"common": 4, "rare": 8}
    assert dict(read_status(context.project.database).counts) == {known["common"]: 4, known["rare"]: 8}
    with context.project.database.reading() as session:
        after = context.labelled.read(session)
    assert ((before == known["other"]) == ((after == known["rare"]) & (before != known["rare"]))).all()
    run_now(context.project)
    exported = export_project(context.project, folder=tmp_path / "out")
    text = (exported.folder / "labels.csv").read_text(encoding="utf-8")
    assert "rare" in text and ",other," not in text


def test_merge__a_shared_config_gives_the_same_labels(context: ServerContext, tmp_path: Path) -> None:
    label_some(context.project)
    known = ids(context)
    run_now(context.project)
    api_classes.merge(context, known["other"], {"into": known["rare"], "uid": MERGE})

    shared = write_shared_config(context.project, tmp_path / "shared.yaml")
    copy = import_project(
        shared, tmp_path / "copy" / "copy.yaml", pool=context.project.paths.config.parent / "clouds.csv"
    )
    try:
        assert labels(copy) == labels(context.project)
        assert [entry.name for entry in read_status(copy.database).classes] == ["common", "rare"]
    finally:
        copy.close()


def labels(project: Project) -> dict[str, str]:
    with project.database.reading() as session:
        table = current_labels(session)
    names = {entry.id: entry.name for entry in read_status(project.database).classes}
    return {key: names[number] for key, number in zip(table.item_keys, table.class_ids.tolist(), strict=True)}


def test_merge__taken_back_over_the_api_of_groups(context: ServerContext) -> None:
    known = ids(context)
    keys = label_as(context, "other")
    api_classes.merge(context, known["other"], {"into": known["rare"], "uid": MERGE})
    step = history(context, limit=5)["items"][0]
    assert (step["uid"], step["act"], step["count"], step["class_name"]) == (MERGE, "group", 3, "other")

    answer = undo_labels(context, {"group": MERGE, "undo": "undo-0123456789abcdef"})

    assert sorted(answer["keys"]) == sorted(keys)
    assert counts(context) == {"common": 0, "other": 3, "rare": 0}
    assert not any(entry.archived for entry in load_config(context.project.paths.config).classes)


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"uid": MERGE}, "into must be"),
        ({"into": "2", "uid": MERGE}, "into must be"),
        ({"into": 3, "uid": MERGE}, "into itself"),
        ({"into": 2}, "uid must be"),
        ({"into": 2, "uid": 7}, "uid must be"),
    ],
)
def test_merge__refuses(context: ServerContext, values: dict[str, Any], part: str) -> None:
    assert ids(context)["rare"] == 3
    with pytest.raises(Exception, match=part):
        api_classes.merge(context, 3, values)
    assert len(ids(context)) == 3


def send(server: RunningServer, method: str, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    usual = {"Content-Type": "application/json", "Origin": server.url.rstrip("/")}
    asked = {name.replace("_", "-"): value for name, value in {**usual, **headers}.items() if value}
    address = server.url.rstrip("/") + path
    return server._ask(urllib.request.Request(address, data=body, headers=asked, method=method))


@pytest.mark.slow
def test_classes__over_a_real_server_and_its_restart(tmp_path: Path) -> None:
    project = make_clouds(tmp_path)
    path = project.paths.config
    project.close()
    with serving(path) as server:
        first, second, third = server.get("/api/classes")[1]["classes"]
        address = f"/api/classes/{third['id']}"
        foreign = {"Origin": "http://evil.example"}
        assert send(server, "PATCH", address, b'{"name": "x"}', **foreign)[0] == 403
        assert send(server, "PATCH", address, b'{"name": "x"}', Origin="")[0] == 403
        assert send(server, "PATCH", address, b'{"name": "x"}', Content_Type="text/plain")[0] == 415
        assert send(server, "POST", f"{address}/archive", b"{}", **foreign)[0] == 403
        assert send(server, "PATCH", "/api/classes/99", b'{"name": "x"}')[0] == 400
        assert send(server, "PATCH", address, b"[1]")[0] == 400
        assert send(server, "PATCH", address, b'{"name": "' + b"x" * 10_240 + b'"}')[0] == 400

        status, answer = send(server, "PATCH", address, '{"name": "<b>gold</b> “rare”"}'.encode())
        assert (status, answer["file_problem"]) == (200, "")
        assert server.post(f"/api/classes/{first['id']}/archive", {})[0] == 200
        merged = {"into": third["id"], "uid": f"merge-{uuid.uuid4().hex}"}
        assert server.post(f"/api/classes/{second['id']}/merge", merged)[0] == 200
        assert server.post(f"/api/classes/{third['id']}/erase", {})[0] == 404
    with serving(path) as server:
        answer = server.get("/api/classes")[1]
    assert names(answer) == ["<b>gold</b> “rare”"]
    assert sorted(entry["name"] for entry in answer["archived"]) == ["common", "other"]
