"""Simulated annotators over the real HTTP API: each sends one annotation after the other, and keeps what is not stored.

As the label card does: an annotation has its id before it is sent, is sent again until it is acknowledged, and the next
one waits for that. So what one annotator got acknowledged is in the order in which it was given.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

CARD_ITEMS = 20
"""A card asks for the next items each time it has used up so many."""

PATIENCE_S = 120.0
"""How long an annotation is sent again before the run is given up: a server that is started anew takes seconds."""

RETRY_S = 0.2
ANSWER_S = 30.0

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Acknowledged:
    """An annotation that the server said is stored.

    Attributes:
        uid: its id.
        item_key: the item.
        act: label, skip or undo.
        class_id: the class of a label, else None.
        took_ms: from sending it, for the first time, to the answer.
        at_s: when the answer came, by the monotonic clock.
        tries: how often it was sent.
    """

    uid: str
    item_key: str
    act: str
    class_id: int | None
    took_ms: float
    at_s: float
    tries: int


@dataclass
class Heard:
    """What all annotators of a run heard from the server.

    Attributes:
        acknowledged: all annotations that were acknowledged, each annotator's in order.
        errors: how often each error's text, or "no answer", was heard in place of an acknowledgement.
    """

    acknowledged: list[Acknowledged] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def locked(self) -> int:
        """How often the server told somebody that the database is locked."""
        return sum(count for text, count in self.errors.items() if "locked" in text)


class Connection:
    """One connection to the server, opened again whenever it was lost."""

    def __init__(self, url: str, headers: Headers) -> None:
        """Open nothing yet.

        Args:
            url: the server's address.
            headers: sent with every request, as `Authorization` where the server asks for it.
        """
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = f"Host: {parts.netloc}\r\nOrigin: http://{parts.netloc}\r\n{more}"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:  # noqa: ANN401 - JSON
        """Send a request; returns status and JSON, (0, {}) where no answer came."""
        content = b"" if body is None else json.dumps(body).encode()
        kind = "" if body is None else f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        request = f"{method} {path} HTTP/1.1\r\n{self._head}{kind}\r\n".encode() + content
        try:
            return await asyncio.wait_for(self._exchange(request), ANSWER_S)
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
            self.close()
            return 0, {}

    def close(self) -> None:
        """Close it; the next request opens it again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, request: bytes) -> tuple[int, dict[str, Any]]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        values = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines if line}
        content = await reader.readexactly(int(values.get("content-length", "0")))
        if values.get("connection", "").lower() == "close":
            self.close()
        return int(first.split()[1]), json.loads(content or b"{}")


class Annotator:
    """One person at a card."""

    def __init__(
        self,
        url: str,
        *,
        keys: Sequence[str],
        classes: Sequence[int],
        seed: int,
        heard: Heard,
        headers: Headers | None = None,
    ) -> None:
        """Sit down.

        Args:
            url: the server's address.
            keys: the items that this person labels; no other person may have one of them.
            classes: ids of the classes.
            seed: of what this person does.
            heard: where to note what the server said.
            headers: sent with every request, as `Authorization` where the server asks for it.
        """
        self._headers = headers or {}
        self._url, self._keys, self._classes, self._heard = url, keys, classes, heard
        self._random = random.Random(seed)
        self._next = 0
        self._given: list[Acknowledged] = []

    async def work(self, until_s: float, *, pace_s: float) -> None:
        """Annotate until a moment of the monotonic clock; what is under way is brought to its end.

        Args:
            until_s: the moment.
            pace_s: seconds from one key to the next on average; 0 for as fast as the server answers.
        """
        connection = Connection(self._url, self._headers)
        used = 0
        try:
            await asyncio.sleep(self._random.uniform(0, pace_s))
            while time.monotonic() < until_s:
                if used % CARD_ITEMS == 0:
                    await connection.ask("GET", f"/api/queue?count={CARD_ITEMS}")
                used += 1
                await self._give(connection, self._new_annotation())
                if pace_s:
                    await asyncio.sleep(self._random.expovariate(1 / pace_s))
        finally:
            connection.close()

    def _new_annotation(self) -> dict[str, Any]:
        values = {"uid": uuid.UUID(int=self._random.getrandbits(128)).hex, "shown_ms": 800}
        last = self._given[-1] if self._given else None
        if last is not None and last.act != "undo" and self._random.random() < 0.05:
            return {**values, "act": "undo", "item_key": last.item_key, "undoes_uid": last.uid}
        key = self._keys[self._next % len(self._keys)]
        self._next += 1
        if self._random.random() < 0.1:
            return {**values, "act": "skip", "item_key": key}
        return {**values, "act": "label", "item_key": key, "class_id": self._random.choice(self._classes)}

    async def _give(self, connection: Connection, values: dict[str, Any]) -> None:
        """Send an annotation until it is acknowledged."""
        began, tries = time.monotonic(), 0
        while time.monotonic() - began < PATIENCE_S:
            tries += 1
            status, data = await connection.ask("POST", "/api/annotations", values)
            moment = time.monotonic()
            if status == 200 and data.get("uid") == values["uid"]:
                done = Acknowledged(
                    uid=values["uid"],
                    item_key=values["item_key"],
                    act=values["act"],
                    class_id=values.get("class_id"),
                    took_ms=1000 * (moment - began),
                    at_s=moment,
                    tries=tries,
                )
                self._given.append(done)
                self._heard.acknowledged.append(done)
                return
            self._heard.errors[str(data.get("error", "no answer"))] += 1
            if status not in (0, 503):
                raise RuntimeError(f"the server refused {values}: {status} {data}")
            await asyncio.sleep(RETRY_S)
        raise RuntimeError(f"{values['uid']} was not stored within {PATIENCE_S:.0f} s")
