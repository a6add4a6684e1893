"""The API of the Review page, from a real server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.api_review import parse_wish, store_gold
from app.context import ServerContext
from app.errors import RequestError
from labeling.annotations import Act, NewAnnotation, record
from labeling.annotators import ensure_annotator
from tests.projects import MOMENT, label, make_clouds
from tests.servers import RunningServer, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests of this module: two items that people disagree on, one that is flagged."""
    project = make_clouds(tmp_path_factory.mktemp("review"))
    label(project, {"item-000": "common", "item-001": "common"}, annotator="ann")
    label(project, {"item-000": "rare", "item-001": "other"}, annotator="bob")
    with project.database.transaction() as session:
        new = NewAnnotation(uuid.uuid4().hex, "item-002", Act.FLAG, comment="cut off")
        record(session, new=new, annotator_id=ensure_annotator(session, name="bob"), now=MOMENT)
    project.close()
    with serving(project.paths.config) as running:
        yield running


def ask(server: RunningServer, **wish: Any) -> dict[str, Any]:
    status, body = server.post("/api/review/page", wish)
    assert status == 200, body
    assert isinstance(body, dict)
    return body


def decide(server: RunningServer, key: str, class_name: str) -> str:
    ids = {entry["name"]: entry["id"] for entry in ask(server)["classes"]}
    uid = uuid.uuid4().hex
    values = {"uid": uid, "item_key": key, "act": "adjudicate", "class_id": ids[class_name]}
    assert server.post("/api/annotations", values)[0] == 200
    return uid


def take_back(server: RunningServer, key: str, uid: str) -> None:
    undo = {"uid": uuid.uuid4().hex, "item_key": key, "act": "undo", "undoes_uid": uid}
    assert server.post("/api/annotations", undo)[0] == 200


def test_page__has_votes_reasons_and_counts(server: RunningServer) -> None:
    body = ask(server)
    assert body["reviews"] == {"disagree": 2, "flag": 1}
    assert [item["key"] for item in body["items"]] == ["item-000", "item-001", "item-002"]
    first, _, flagged = body["items"]
    assert first["reason"] == "People disagree: 1 says “common”, 1 says “rare”."
    assert [(vote["annotator"], vote["class_name"]) for vote in first["votes"]] == [
        ("ann", "common"),
        ("bob", "rare"),
    ]
    assert (flagged["reason"], flagged["votes"][0]["comment"]) == ("bob flagged it.", "cut off")
    assert {"view", "row", "links", "suggestion", "is_gold"} <= set(first)


def test_page__the_asked_for_first_and_the_skipped_not(server: RunningServer) -> None:
    found = ask(server, keys=["item-002"], without=["item-000", "item-002"], size=5)
    assert [item["key"] for item in found["items"]] == ["item-002", "item-001"]


def test_decision__ends_the_review_and_its_undo_brings_it_back(server: RunningServer) -> None:
    uid = decide(server, "item-000", "rare")
    assert [item["key"] for item in ask(server)["items"]] == ["item-001", "item-002"]
    assert server.get("/api/history?limit=5")[1]["items"][0]["act"] == "adjudicate"
    take_back(server, "item-000", uid)
    assert ask(server)["items"][0]["key"] == "item-000"


def test_gold__of_a_decided_item_until_it_is_ended(server: RunningServer) -> None:
    status, body = server.post("/api/gold", {"item_key": "item-001", "gold": True})
    assert (status, "adjudicate first" in body["error"]) == (400, True)
    uid = decide(server, "item-001", "common")
    for changed in (True, False):
        status, body = server.post("/api/gold", {"item_key": "item-001", "gold": True})
        assert (status, body["changed"]) == (200, changed)
    assert server.post("/api/gold", {"item_key": "item-001", "gold": False})[1]["changed"]
    take_back(server, "item-001", uid)


def test_handlers__not_from_another_site_or_for_another_project(server: RunningServer) -> None:
    assert server.post("/api/review/page", {}, {"Origin": "http://elsewhere.example"})[0] == 403
    assert server.post("/api/gold", {}, {"X-Goldpan-Project": "stars"})[0] == 409


@pytest.mark.parametrize(
    "wish", [{"size": 0}, {"size": "all"}, {"keys": "a"}, {"without": [1]}, {"keys": ["k"] * 1001}]
)
def test_page__refuses_a_wish_that_makes_no_sense(wish: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        parse_wish(wish)


@pytest.mark.parametrize(
    "values", [{}, {"item_key": "item-000"}, {"item_key": "nowhere", "gold": True}, {"gold": True}]
)
def test_store_gold__refuses_what_makes_no_sense(context: ServerContext, values: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        store_gold(context, values)
