"""The API of the Confirm page over a real server process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.api_confirm import REFUSED_MOST, SIZE_MOST
from app.run_now import run_now
from tests.projects import label_some, make_clouds
from tests.servers import RunningServer, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    project = make_clouds(tmp_path_factory.mktemp("confirm"))
    label_some(project)
    run_now(project)
    project.close()
    with serving(project.paths.config) as running:
        yield running


def ask(server: RunningServer, **wish: Any) -> dict[str, Any]:
    status, body = server.post("/api/confirm/page", {"size": 3, **wish})
    assert status == 200, body
    assert isinstance(body, dict)
    return body


def confirmed(server: RunningServer, **changes: Any) -> dict[str, Any]:
    common = next(entry for entry in ask(server)["classes"] if entry["name"] == "common")
    page = ask(server, class_id=common["id"])
    values = {
        "group": f"confirm-{uuid.uuid4().hex}",
        "class_id": page["class_id"],
        "labels": [[item["key"], page["class_id"]] for item in page["items"]],
        "round": page["round"],
        "shown_ms": 1234.5,
    }
    return {**values, **changes}


def test_page__has_items_of_one_class(server: RunningServer) -> None:
    body = ask(server)
    assert body["state"] == "ready"
    assert len(body["items"]) == 3
    assert {"key", "row", "probability", "view", "extra"} <= set(body["items"][0])
    assert body["project"] == "clouds"


def test_confirm__stores_all_and_counts_them(server: RunningServer) -> None:
    values = confirmed(server)
    before = {entry["id"]: entry["count"] for entry in ask(server)["classes"]}
    status, body = server.post("/api/confirm", values)
    assert (status, body["stored"], body["duplicate"], body["taken"]) == (200, 3, False, [])
    assert body["counts"][str(values["class_id"])] == before[values["class_id"]] + 3
    newest = server.get("/api/history?limit=10")[1]["items"][0]
    assert (newest["act"], newest["uid"], newest["count"]) == ("group", values["group"], 3)
    assert ask(server)["undoable"] == {"group": values["group"], "class_id": values["class_id"], "count": 3}


def test_confirm__a_retry_stores_it_once(server: RunningServer) -> None:
    values = confirmed(server)
    first, second = server.post("/api/confirm", values), server.post("/api/confirm", values)
    assert (second[0], second[1]["duplicate"]) == (200, True)
    assert first[1]["revision"] == second[1]["revision"]


def test_confirm__says_what_somebody_answered_meanwhile(server: RunningServer) -> None:
    values = confirmed(server)
    key = values["labels"][1][0]
    server.post("/api/annotations", {"uid": uuid.uuid4().hex, "item_key": key, "act": "skip"})
    status, body = server.post("/api/confirm", values)
    assert (status, body["stored"], body["taken"]) == (200, 2, [key])


def test_undo__takes_the_page_back_as_one(server: RunningServer) -> None:
    values = confirmed(server)
    server.post("/api/confirm", values)
    undo = {"group": values["group"], "undo": f"undo-{uuid.uuid4().hex}"}
    status, body = server.post("/api/groups/undo", undo)
    assert (status, len(body["keys"])) == (200, 3)
    assert server.post("/api/groups/undo", undo) == (status, body)
    assert server.post("/api/groups/undo", {**undo, "undo": f"undo-{uuid.uuid4().hex}"})[0] == 400
    again = ask(server, class_id=values["class_id"], size=60)
    assert {key for key, _ in values["labels"]} <= {item["key"] for item in again["items"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"group": "x"},
        {"group": 7},
        {"class_id": None},
        {"class_id": True},
        {"labels": []},
        {"labels": "all"},
        {"labels": [["item-001"]]},
        {"labels": [[1, 2]]},
        {"labels": [["nowhere", 1]]},
        {"labels": [["item-001", 1]] * 201},
        {"round": "3"},
    ],
)
def test_confirm__refuses_what_it_cannot_store(server: RunningServer, changes: dict[str, Any]) -> None:
    revision = ask(server)["revision"]
    status, body = server.post("/api/confirm", confirmed(server, **changes))
    assert status == 400
    assert body["error"]
    assert ask(server)["revision"] == revision


def test_confirm__stores_nothing_where_one_class_is_unknown(server: RunningServer) -> None:
    values = confirmed(server)
    revision = ask(server)["revision"]
    values["labels"][-1][1] = 999
    status, body = server.post("/api/confirm", values)
    assert (status, "no class with id 999" in body["error"]) == (400, True)
    assert ask(server)["revision"] == revision


@pytest.mark.parametrize(
    "wish",
    [
        {"size": 0},
        {"size": SIZE_MOST + 1},
        {"size": "many"},
        {"class_id": "1"},
        {"refused": []},
        {"refused": {"x": []}},
        {"refused": {"1": "item-001"}},
        {"refused": {"1": ["k"] * (REFUSED_MOST + 1)}},
    ],
)
def test_page__refuses_a_wish_that_makes_no_sense(server: RunningServer, wish: dict[str, Any]) -> None:
    status, body = server.post("/api/confirm/page", wish)
    assert status == 400
    assert body["error"]


def test_confirm__not_from_another_site_or_for_another_project(server: RunningServer) -> None:
    values = confirmed(server)
    assert server.post("/api/confirm", values, {"Origin": "http://elsewhere.example"})[0] == 403
    assert server.post("/api/confirm", values, {"X-Goldpan-Project": "stars"})[0] == 409
    assert server.post("/api/groups/undo", {}, {"X-Goldpan-Project": "stars"})[0] == 409
    assert server.post("/api/confirm", b"{", {})[0] == 400
