"""A server for the card's tests: Panel's own, the REST contract over a store in memory that can be made to fail."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import unquote

import numpy as np
import panel as pn
from PIL import Image, ImageDraw
from playwright.sync_api import Page
from tornado.web import RequestHandler

from app.components.label_card import LabelCard
from app.components.theme import class_colour

Opener = Callable[..., Page]
"""Opens the card on a fresh store, whose fields are given by keyword; see conftest."""

KINDS = ("discover", "balance", "refine")
REASONS = (
    "No label explains this region yet; 212 items look like it.",
    "The likeliest member of 7, which has only 2 labels.",
    "The members of the ensemble disagree between 1 and 7.",
)


def make_classes(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return classes as the server hands them out, ids from 1."""
    return [
        {"id": index + 1, "name": name, "key": None, "colour": class_colour(index), "description": ""}
        for index, name in enumerate(names)
    ]


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Store:
    """What the server knows, and how it misbehaves.

    Attributes:
        params: whether Python hands the card its parameters, and the queue then carries no classes.
        others: labels of other people in each class.
        views: what /api/views answers.
        media: the addresses of the images that were asked for.
        fields: of every table row, instead of the usual ones; `columns` is what /api/columns answers.
        text: of every text item, instead of the usual one; `text_ahead` characters of it come with the queue.
        failure: "" | "down" (connections are cut) | "slow" (answers after `slow_s`) | "busy" (503) | "refuse" (400)
            | "refuse many" (400 for several annotations in one request).
        posts: the annotations that came, stored or not; `requests` counts what they came in.
        refused: keys of items whose annotations are refused.
    """

    project: str = "digits"
    instance: str = "one"
    view: str = "image"
    item_count: int = 400
    classes: list[dict[str, Any]] = field(default_factory=lambda: make_classes([str(n) for n in range(10)]))
    params: bool = True
    failure: str = ""
    slow_s: float = 2.0
    round: int = 1
    offset: int = 0
    broken_media: bool = False
    others: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    compared: list[str] = field(default_factory=list)
    views: dict[str, Any] = field(default_factory=lambda: {"deep": False})
    media: list[str] = field(default_factory=list)
    text: str = ""
    text_ahead: int = 20_000
    fields: list[list[Any]] = field(default_factory=list)
    columns: dict[str, Any] = field(default_factory=dict)
    column_reads: int = 0
    links: list[dict[str, str]] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    refused: set[str] = field(default_factory=set)
    queue_reads: int = 0
    cards: list[LabelCard] = field(default_factory=list)
    documents: list[Any] = field(default_factory=list)

    def closed(self) -> set[str]:
        """Return the keys of items that have an answer."""
        undone = {entry["undoes_uid"] for entry in self.history if entry["act"] == "undo"}
        return {
            entry["item_key"]
            for entry in self.history
            if entry["act"] != "undo" and entry["uid"] not in undone
        }

    def item(self, row: int) -> dict[str, Any]:
        """Return one item as /api/queue hands it out."""
        kind = KINDS[row % 3]
        suggestion = None
        if len(self.classes) > 1:
            first, second = self.classes[row % len(self.classes)], self.classes[(row + 1) % len(self.classes)]
            suggestion = [
                {"class_id": first["id"], "name": first["name"], "probability": 0.83},
                {"class_id": second["id"], "name": second["name"], "probability": 0.09},
            ]
        return {
            "key": f"item-{row}",
            "row": row,
            "round": self.round,
            "rank": row,
            "kind": kind,
            "reason": REASONS[row % 3],
            "strategy": "prospect",
            "score": 1.0,
            "suggestion": suggestion[0] if suggestion else None,
            "runner_up": suggestion[1] if suggestion else None,
            "view": self.item_view(row),
            "extra": [["scan", "2026-03-14"], ["pen", "ballpoint"]],
            "links": self.links,
        }

    def item_view(self, row: int) -> dict[str, Any]:
        """Return what the item looks like."""
        view: dict[str, Any] = {"type": self.view, "text": None, "image": None, "fields": [], "problem": None}
        if self.view in ("image", "picture"):
            view |= {"type": "image", "image": f"/media/{row}"}
        elif self.view == "text":
            view["text"] = self.text[: self.text_ahead] or (
                f"Message {row}\n\n"
                + "I still have not got my new card, <b>why</b> does it take so long? " * 6
            )
            view["text_length"] = len(self.text) if len(self.text) > self.text_ahead else None
        elif self.view == "table":
            view["fields"] = self.fields or [
                [f"{name}_{i}", round((row + 1) * 1.234567 * (i + 1), 7)]
                for i in range(4)
                for name in "ugriz"
            ]
        elif self.view == "series":
            view["series"] = f"/api/series/{row}"
        elif self.view == "unreadable":
            view["problem"] = "The image file is truncated (12 of 4,096 bytes)."
        return view

    def counts(self) -> dict[str, int]:
        """Return the number of labels by class id."""
        undone = {entry["undoes_uid"] for entry in self.history if entry["act"] == "undo"}
        counts: dict[str, int] = {str(each["id"]): self.others for each in self.classes}
        for entry in self.history:
            if entry["act"] == "label" and entry["uid"] not in undone:
                counts[str(entry["class_id"])] += 1
        return counts


STORE = Store()


class Handler(RequestHandler):
    """Answers as the store's failure mode says."""

    async def prepare(self) -> None:
        """Misbehave before anything is done."""
        if STORE.failure == "down":
            self.request.connection.stream.close()
            self.finish()
        elif STORE.failure == "slow":
            await asyncio.sleep(STORE.slow_s)

    def answer(self, status: int, data: dict[str, Any]) -> None:
        """Send JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(data))


class Health(Handler):
    def get(self) -> None:
        self.answer(
            200, {"status": "ok", "instance": STORE.instance, "project": STORE.project, "version": "0"}
        )


class Queue(Handler):
    def get(self) -> None:
        STORE.queue_reads += 1
        keep, count = self.get_argument("keep", ""), int(self.get_argument("count", "20"))
        closed = STORE.closed()
        rows = [row for row in range(STORE.item_count) if f"item-{row}" not in closed]
        rows = rows[STORE.offset :] if not keep else rows
        keys = sorted(rows, key=lambda row: f"item-{row}" != keep)
        if keep:
            kept = [row for row in keys if f"item-{row}" == keep]
            keys = kept + [row for row in rows[STORE.offset :] if row not in kept]
        items = [STORE.item(row) for row in keys[:count]]
        revision = len(STORE.history)
        counts = STORE.counts()
        classes = [{**each, "count": counts[str(each["id"])]} for each in STORE.classes]
        answer = {"instance": STORE.instance, "round": STORE.round, "revision": revision, "items": items}
        self.answer(200, answer if STORE.params else {**answer, "classes": classes})


class History(Handler):
    def get(self) -> None:
        undone = {entry["undoes_uid"] for entry in STORE.history if entry["act"] == "undo"}
        names = {each["id"]: each["name"] for each in STORE.classes}
        items = [
            {
                **entry,
                "class_name": names.get(entry["class_id"]),
                "comment": entry["comment"],
                "undone": entry["uid"] in undone,
                "created_at": "now",
            }
            for entry in reversed(STORE.history)
        ]
        self.answer(200, {"items": items[: int(self.get_argument("limit", "50"))]})


class Annotations(Handler):
    def post(self) -> None:
        if unquote(self.request.headers.get("X-Goldpan-Project", "")) != STORE.project:
            # A page that an earlier test closed may still have had one on its way.
            return self.answer(409, {"error": "another project"})
        body = json.loads(self.request.body)
        entries = body.get("annotations", [body])
        STORE.posts.extend(entries)
        STORE.requests += 1
        if STORE.failure == "busy":
            return self.answer(503, {"error": "the disk is full", "retry": True})
        if STORE.failure == "refuse":
            return self.answer(400, {"error": "no item has this key"})
        if STORE.failure == "refuse many" and "annotations" in body:
            return self.answer(400, {"error": "one at a time"})
        stored = [self._store(entry) for entry in entries]
        state = {"instance": STORE.instance, "revision": len(STORE.history), "counts": STORE.counts()}
        return self.answer(200, {**state, **({"stored": stored} if "annotations" in body else stored[0])})

    def _store(self, entry: dict[str, Any]) -> dict[str, Any]:
        if entry["item_key"] in STORE.refused:
            return {"uid": entry["uid"], "error": "no item has this key"}
        known = any(each["uid"] == entry["uid"] for each in STORE.history)
        if not known:
            STORE.history.append(entry)
        return {"uid": entry["uid"], "id": len(STORE.history), "duplicate": known}


class Classes(Handler):
    def post(self) -> None:
        name = json.loads(self.request.body)["name"]
        if name == "wrong":
            return self.answer(400, {"error": "the name 'wrong' is reserved; choose another"})
        STORE.classes = make_classes([*(each["name"] for each in STORE.classes), name])
        return self.answer(200, {"classes": STORE.classes})


class Nearest(Handler):
    """Two labelled items, of which the second has a name that must stay text."""

    def get(self) -> None:
        STORE.compared.append(self.get_argument("key"))
        view: dict[str, Any] = {
            "type": "text",
            "text": f"like {self.get_argument('key')}",
            "image": None,
            "fields": [],
        }
        names = ("galaxy", "<b>quasar</b>")
        self.answer(
            200,
            {
                "items": [
                    {
                        "key": f"old-{name}",
                        "row": 7,
                        "class_id": 1,
                        "name": name,
                        "colour": "#0077b6",
                        "view": view,
                        "extra": [],
                    }
                    for name in names
                ]
            },
        )


class Views(Handler):
    def get(self) -> None:
        self.answer(200, STORE.views)


class Text(Handler):
    def get(self, row: str) -> None:
        self.answer(200, {"text": STORE.text})


class Seeks(Handler):
    """What is sought: words, and what is none."""

    def get(self) -> None:
        told = [("words", "lost card", None), ("words", "taken back", "then"), ("criteria", "a > 1", None)]
        self.answer(
            200, {"seeks": [{"kind": kind, "text": text, "withdrawn_at": at} for kind, text, at in told]}
        )


class Series(Handler):
    """Two channels of 400 points; the first is the row number, with a gap, a peak and a lone point within the gap."""

    def get(self, row: str) -> None:
        if STORE.broken_media:
            return self.answer(400, {"error": "no such series"})
        level = np.full(400, float(row), np.float32)
        level[100:150], level[125], level[300] = np.nan, float(row), float(row) + 50
        wave = np.sin(np.arange(400) / 8).astype(np.float32)
        packed = base64.b64encode(np.stack([level, wave]).astype("<f4").tobytes()).decode()
        told = {"channels": ["<b>level</b>", "wave"], "points": 400, "step": 1, "values": packed}
        return self.answer(200, told)


class Columns(Handler):
    def get(self) -> None:
        STORE.column_reads += 1
        self.answer(200, {"rows": 400, "columns": STORE.columns})


class Media(Handler):
    def get(self, row: str) -> None:
        STORE.media.append(self.request.uri)
        if STORE.broken_media:
            return self.answer(404, {"error": "no such image"})
        size = 640 if STORE.view == "picture" else 8
        image = Image.new("L", (size, size), 20)
        draw = ImageDraw.Draw(image)
        number = int(row) + 1
        for index in range(10):
            x, y = (number * (index + 3) * 7) % size, (number * (index + 5) * 11) % size
            draw.rectangle((x, y, x + size // 8, y + size // 8), fill=90 + (number * index * 13) % 160)
        out = io.BytesIO()
        image.save(out, "PNG")
        self.set_header("Content-Type", "image/png")
        return self.finish(out.getvalue())


PATTERNS = [
    (r"/api/health", Health),
    (r"/api/queue", Queue),
    (r"/api/history", History),
    (r"/api/annotations", Annotations),
    (r"/api/classes", Classes),
    (r"/api/nearest", Nearest),
    (r"/api/views", Views),
    (r"/api/seeks", Seeks),
    (r"/api/columns", Columns),
    (r"/api/series/(\d+)", Series),
    (r"/api/text/(\d+)", Text),
    (r"/media/(\d+)", Media),
]


def make_page() -> LabelCard:
    """Make one session's card."""
    news = {"classes": STORE.classes, "round_number": STORE.round} if STORE.params else {}
    card = LabelCard(sizing_mode="stretch_width", **news)
    STORE.cards.append(card)
    STORE.documents.append(pn.state.curdoc)
    return card


def tell_card(**news: Any) -> None:
    """Change the cards as the dashboard does: on the server's thread, in their documents' turn.

    Not before the browser has told its first news: on a slow machine what crosses them can be lost in Panel.
    """
    end = time.monotonic() + 5
    while not STORE.cards[0].current_key and time.monotonic() < end:
        time.sleep(0.02)
    for card, document in zip(STORE.cards, STORE.documents, strict=True):
        document.add_next_tick_callback(partial(card.param.update, **news))


def serve(port: int) -> Any:
    """Serve the card and its REST contract from a thread; returns Panel's server."""
    return pn.serve({"card": make_page}, port=port, show=False, threaded=True, extra_patterns=PATTERNS)
