"""The REST API over a real server process."""

from __future__ import annotations

import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.projects import make_clouds
from tests.servers import RunningServer, serving, wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    project = make_clouds(tmp_path_factory.mktemp("api"))
    project.close()
    with serving(project.paths.config) as running:
        wait_for(lambda: running.get("/api/queue")[1]["items"], what="the first proposals")
        yield running


def annotation(server: RunningServer, **changes: Any) -> dict[str, Any]:
    item = server.get("/api/queue?count=1")[1]["items"][0]
    classes = server.get("/api/classes")[1]["classes"]
    values = {
        "uid": uuid.uuid4().hex,
        "item_key": item["key"],
        "act": "label",
        "class_id": classes[0]["id"],
        "undoes_uid": None,
        "comment": "",
        "round": item["round"],
        "strategy": item["strategy"],
        "kind": item["kind"],
        "suggested_class_id": None,
        "shown_ms": 812.4,
    }
    return {**values, **changes}


def test_health__names_project_and_start(server: RunningServer) -> None:
    status, body = server.get("/api/health")
    assert (status, body["status"], body["project"]) == (200, "ok", "clouds")
    assert len(body["instance"]) == 32


def test_queue__gives_items_with_reason_and_view(server: RunningServer) -> None:
    body = server.get("/api/queue?count=5")[1]
    item = body["items"][0]
    assert len(body["items"]) == 5
    assert item["reason"] and item["kind"] == "discover"
    assert item["view"]["type"] == "table"
    assert [name for name, _ in item["view"]["fields"]] == ["a", "b", "c", "d"]


def test_queue__never_tells_the_truth(server: RunningServer) -> None:
    items = server.get("/api/queue?count=50")[1]["items"]
    assert not any("kind" in [name for name, _ in item["view"]["fields"] + item["extra"]] for item in items)


def test_queue__keeps_the_item_on_the_screen_first(server: RunningServer) -> None:
    third = server.get("/api/queue?count=5")[1]["items"][2]["key"]
    assert server.get(f"/api/queue?count=5&keep={third}")[1]["items"][0]["key"] == third


def test_queue__keep_of_an_item_nobody_proposed(server: RunningServer) -> None:
    proposed = {item["key"] for item in server.get("/api/queue?count=200")[1]["items"]}
    other = next(key for key in (f"item-{number:03d}" for number in range(108)) if key not in proposed)
    item = server.get(f"/api/queue?keep={other}")[1]["items"][0]
    assert (item["key"], item["reason"]) == (other, "You picked this item.")


@pytest.mark.parametrize("count", ["-1", "x", "1e3", "٣"])
def test_queue__wrong_count(server: RunningServer, count: str) -> None:
    from urllib.parse import quote

    status, body = server.get(f"/api/queue?count={quote(count)}")
    assert status == 400
    assert "count must be a whole number" in body["error"]


def test_annotations__stored_once_for_the_same_uid(server: RunningServer) -> None:
    values = annotation(server)
    first = server.post("/api/annotations", values)
    second = server.post("/api/annotations", values)
    assert (first[0], first[1]["duplicate"]) == (200, False)
    assert (second[0], second[1]["duplicate"], second[1]["id"]) == (200, True, first[1]["id"])


def test_annotations__undo_brings_the_item_back(server: RunningServer) -> None:
    values = annotation(server)
    server.post("/api/annotations", values)
    undo = annotation(
        server, item_key=values["item_key"], act="undo", class_id=None, undoes_uid=values["uid"]
    )
    assert server.post("/api/annotations", undo)[0] == 200
    again = server.get(f"/api/queue?keep={values['item_key']}")[1]["items"][0]
    assert again["key"] == values["item_key"]


def several(server: RunningServer, count: int) -> list[dict[str, Any]]:
    keys = [item["key"] for item in server.get(f"/api/queue?count={count}")[1]["items"]]
    assert len(keys) == count
    return [annotation(server, item_key=key) for key in keys]


def test_annotations__several_in_one_request(server: RunningServer) -> None:
    entries = several(server, 3)
    undo = annotation(
        server,
        item_key=entries[2]["item_key"],
        act="undo",
        class_id=None,
        undoes_uid=entries[2]["uid"],
    )
    status, body = server.post("/api/annotations", {"annotations": [*entries, undo]})
    assert status == 200
    assert [told["uid"] for told in body["stored"]] == [*(entry["uid"] for entry in entries), undo["uid"]]
    assert body["revision"] == body["stored"][-1]["id"]
    again = server.post("/api/annotations", {"annotations": [*entries, undo]})[1]
    assert [told["duplicate"] for told in again["stored"]] == [True] * 4
    assert again["counts"] == body["counts"]


def test_annotations__one_refused_of_several(server: RunningServer) -> None:
    first, second, third = several(server, 3)
    entries = [first, {**second, "class_id": 9_999}, {**third, "item_key": "no-such-item"}, "x", {**third}]
    status, body = server.post("/api/annotations", {"annotations": entries})
    assert status == 200
    stored, unknown_class, unknown_item, no_object, last = body["stored"]
    assert not stored["duplicate"] and last["id"] == stored["id"] + 1
    assert unknown_class["uid"] == second["uid"] and "class" in unknown_class["error"]
    assert "the pool has no item" in unknown_item["error"]
    assert "must be a JSON object" in no_object["error"]


@pytest.mark.parametrize("entries", [[], [{}] * 51, {"uid": "x"}, None])
def test_annotations__too_few_or_too_many(server: RunningServer, entries: object) -> None:
    status, body = server.post("/api/annotations", {"annotations": entries})
    assert status == 400
    assert "annotations must be a list of 1 to 50" in body["error"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"act": "destroy"}, "allowed are label, skip"),
        ({"item_key": "no-such-item"}, "the pool has no item"),
        ({"class_id": 999}, "no class with id 999"),
        ({"class_id": "1"}, "whole number"),
        ({"uid": "short"}, "8 to 64"),
        ({"uid": None}, "uid must be a text"),
        ({"comment": "x" * 3000}, "comment"),
    ],
)
def test_annotations__wrong_values(server: RunningServer, changes: dict[str, Any], words: str) -> None:
    status, body = server.post("/api/annotations", annotation(server, **changes))
    assert status == 400
    assert words in body["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 5000, b'{"a": "' + b"x" * 70000 + b'"}'])
def test_annotations__body_that_is_no_annotation(server: RunningServer, body: bytes) -> None:
    assert server.post("/api/annotations", body)[0] == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_annotations__from_another_site(server: RunningServer, origin: str) -> None:
    status, body = server.post("/api/annotations", annotation(server), headers={"Origin": origin})
    assert (status, body["error"]) == (403, "Requests from another site are not allowed")


def test_annotations__as_a_form(server: RunningServer) -> None:
    headers = {"Content-Type": "text/plain"}
    assert server.post("/api/annotations", annotation(server), headers=headers)[0] == 415


def test_any__under_a_foreign_host_name(server: RunningServer) -> None:
    assert server.get("/api/queue", headers={"Host": "evil.example"})[0] == 403


def test_history__newest_first(server: RunningServer) -> None:
    values = annotation(server, act="unsure", class_id=None)
    server.post("/api/annotations", values)
    newest = server.get("/api/history?limit=1")[1]["items"][0]
    assert (newest["uid"], newest["act"], newest["undone"]) == (values["uid"], "unsure", False)


def test_annotations__of_another_project(server: RunningServer) -> None:
    headers = {"X-Goldpan-Project": "someone-else"}
    status, body = server.post("/api/annotations", annotation(server), headers=headers)
    assert status == 409
    assert "clouds" in body["error"]


def test_classes__added_with_key_and_colour(server: RunningServer) -> None:
    name = f"<b>new</b> & “quoted” {uuid.uuid4().hex[:4]}"
    status, body = server.post("/api/classes", {"name": name})
    added = body["classes"][-1]
    assert (status, added["name"]) == (200, name)
    assert added["colour"].startswith("#") and added["key"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 10_000, 7, "COMMON"])
def test_classes__wrong_name(server: RunningServer, name: object) -> None:
    assert server.post("/api/classes", {"name": name})[0] == 400


@pytest.mark.parametrize("path", ["/media/0", "/media/999999", "/media/999999999999"])
def test_media__where_there_is_no_image(server: RunningServer, path: str) -> None:
    assert server.get(path)[0] == 404


@pytest.mark.parametrize(
    "path", ["/media/../labels.sqlite", "/media/..%2f..%2fetc/passwd", "/media/-1", "/media/x"]
)
def test_media__takes_no_paths(server: RunningServer, path: str) -> None:
    assert server.get(path)[0] == 404


def delete(server: RunningServer, path: str, *, origin: str | None = None) -> tuple[int, Any]:
    address = server.url.rstrip("/")
    request = urllib.request.Request(address + path, headers={"Origin": origin or address}, method="DELETE")
    return server._ask(request)


def test_seeks__are_added_listed_and_withdrawn(server: RunningServer) -> None:
    rare = server.get("/api/classes")[1]["classes"][2]
    body = {"kind": "criteria", "text": "b > 4 and d > 4", "class_id": rare["id"]}

    status, answer = server.post("/api/seeks", body)

    assert status == 200 and answer["seek"]["text"] == "b > 4 and d > 4"
    number = answer["seek"]["id"]

    def report() -> Any:
        [entry] = server.get("/api/seeks")[1]["seeks"]
        return entry["report"]

    assert wait_for(report, what="the round that uses it")["matches"] == 8
    listed = server.get("/api/seeks")[1]
    assert listed["seeks"][0]["class_name"] == "rare"
    assert (listed["words"], listed["columns"]) == (False, ["a", "b", "c", "d"])
    assert delete(server, f"/api/seeks/{number}", origin="http://elsewhere.example")[0] == 403
    status, answer = delete(server, f"/api/seeks/{number}")
    assert status == 200 and answer["seek"]["withdrawn_at"]
    assert server.get("/api/seeks")[1]["seeks"] == []


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"kind": "dream", "text": "x"}, "kind is 'dream'; allowed are words, example, criteria"),
        ({"kind": "criteria", "text": "kind == 'rare'"}, "there is no column 'kind'"),
        ({"kind": "criteria", "text": 7}, "text must be a text"),
        ({"kind": "criteria", "text": "__import__('os')"}, "cannot be used in criteria"),
        ({"kind": "words", "text": "a quasar"}, "words cannot be placed"),
        ({"kind": "example", "item_keys": ["gone"]}, "the pool has no item 'gone'"),
        ({"kind": "example", "item_keys": "item-001"}, "item_keys must be a list"),
        ({"kind": "example", "item_keys": []}, "at least one item"),
        ({"kind": "criteria", "text": "a > 1", "class_id": True}, "class_id must be a whole number"),
        ({"kind": "criteria", "text": "a > 1", "class_id": 10**30}, "the class's id must be"),
        ({"kind": "criteria", "text": "a" * 20_000}, "at most 2000"),
    ],
)
def test_seeks__refusals_say_why(server: RunningServer, body: dict[str, Any], part: str) -> None:
    status, answer = server.post("/api/seeks", body)
    assert status == 400 and part in answer["error"]


def test_seeks__withdrawing_what_is_not_there(server: RunningServer) -> None:
    status, answer = delete(server, "/api/seeks/999")
    assert status == 400 and "has the number 999" in answer["error"]


def test_seeks__counting(server: RunningServer) -> None:
    query = urllib.parse.quote("b > 4 and d > 4")
    assert server.get(f"/api/seeks/count?criteria={query}") == (200, {"matches": 8, "items": 108})
    status, answer = server.get("/api/seeks/count?criteria=b+%3E")
    assert status == 400 and "cannot be read" in answer["error"]
