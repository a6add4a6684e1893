"""The API of the check of labels over a real server process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.api_audit import KEYS_MOST
from app.api_confirm import SIZE_MOST
from app.run_now import run_now
from tests.projects import let_rounds_wait, make_clouds, mislabel
from tests.servers import RunningServer, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    project = make_clouds(tmp_path_factory.mktemp("audit"))
    mislabel(project)
    run_now(project)
    let_rounds_wait(project)
    keys = project.pool.keys(range(project.pool.n))
    project.close()
    with serving(project.paths.config) as running:
        running.keys = keys  # type: ignore[attr-defined]
        yield running


def ask(server: RunningServer, **wish: Any) -> dict[str, Any]:
    status, body = server.post("/api/audit/page", {"size": 3, **wish})
    assert status == 200, body
    assert isinstance(body, dict)
    return body


def decisions(server: RunningServer, **changes: Any) -> dict[str, Any]:
    """Return a page with the first label changed as suggested and the others kept."""
    page = ask(server, keys=server.keys)  # type: ignore[attr-defined]
    made = [[item["key"], item["given"], item["given"], item["suggested"]] for item in page["items"]]
    made[0][2] = made[0][3]
    values = {
        "group": f"audit-{uuid.uuid4().hex}",
        "decisions": made,
        "round": page["round"],
        "shown_ms": 9.5,
    }
    return {**values, **changes}


def test_page__has_labels_with_what_the_model_says(server: RunningServer) -> None:
    body = ask(server)
    assert body["state"] == "ready"
    item = body["items"][0]
    assert {"key", "row", "given", "suggested", "given_probability", "suggested_probability", "view"} <= set(
        item
    )
    assert item["given"] != item["suggested"]


def test_audit__stored_once_and_taken_back_whole(server: RunningServer) -> None:
    values = decisions(server)
    before = ask(server)
    status, body = server.post("/api/audit", values)
    assert (status, body["stored"], body["changed"], body["taken"]) == (200, 3, 1, [])
    assert server.post("/api/audit", values)[1]["duplicate"]
    assert ask(server)["undoable"] == {"group": values["group"], "count": 3}
    newest = server.get("/api/history?limit=10")[1]["items"][0]
    assert (newest["act"], newest["count"], newest["class_name"]) == ("group", 3, None)
    undo = {"group": values["group"], "undo": f"undo-{uuid.uuid4().hex}"}
    status, body = server.post("/api/groups/undo", undo)
    assert (status, len(body["keys"])) == (200, 3)
    after = ask(server)
    assert [item["key"] for item in after["items"]] == [item["key"] for item in before["items"]]
    assert [entry["count"] for entry in after["classes"]] == [entry["count"] for entry in before["classes"]]


def test_audit__says_what_was_changed_meanwhile(server: RunningServer) -> None:
    values = decisions(server)
    key, seen, *_ = values["decisions"][1]
    other = next(entry["id"] for entry in ask(server)["classes"] if entry["id"] != seen)
    new = {"uid": uuid.uuid4().hex, "item_key": key, "act": "label", "class_id": other}
    assert server.post("/api/annotations", new)[0] == 200
    status, body = server.post("/api/audit", values)
    assert (status, body["stored"], body["taken"]) == (200, 2, [key])
    server.post("/api/groups/undo", {"group": values["group"], "undo": f"undo-{uuid.uuid4().hex}"})
    back = {"uid": uuid.uuid4().hex, "item_key": key, "act": "undo", "undoes_uid": new["uid"]}
    assert server.post("/api/annotations", back)[0] == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"group": "confirm-0123456789"},
        {"group": 7},
        {"decisions": []},
        {"decisions": "all"},
        {"decisions": [["item-001", 1, 1]]},
        {"decisions": [["item-001", 1, None, 1]]},
        {"decisions": [[1, 1, 1, 1]]},
        {"decisions": [["nowhere", 1, 1, 1]]},
        {"decisions": [["item-001", 1, 1, 1]] * 201},
        {"round": "3"},
    ],
)
def test_audit__refuses_what_it_cannot_store(server: RunningServer, changes: dict[str, Any]) -> None:
    revision = ask(server)["revision"]
    status, body = server.post("/api/audit", decisions(server, **changes))
    assert status == 400
    assert body["error"]
    assert ask(server)["revision"] == revision


@pytest.mark.parametrize(
    "wish",
    [
        {"size": 0},
        {"size": SIZE_MOST + 1},
        {"size": "many"},
        {"keys": "item-001"},
        {"keys": [7]},
        {"left": {}},
        {"keys": ["k"] * (KEYS_MOST + 1)},
    ],
)
def test_page__refuses_a_wish_that_makes_no_sense(server: RunningServer, wish: dict[str, Any]) -> None:
    status, body = server.post("/api/audit/page", wish)
    assert status == 400
    assert body["error"]


def test_audit__not_from_another_site_or_for_another_project(server: RunningServer) -> None:
    values = decisions(server)
    assert server.post("/api/audit", values, {"Origin": "http://elsewhere.example"})[0] == 403
    assert server.post("/api/audit", values, {"X-Goldpan-Project": "stars"})[0] == 409
