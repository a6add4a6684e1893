"""The REST API that the label card and scripts use, beside Panel on the same server.

Every handler says which role each of its methods needs (`needs`, and a test walks over all of them); who asks is found
by `app.access`. `app.api_classes` has what concerns classes, `app.api_confirm` what concerns pages to confirm.

| method and path | what |
|---|---|
| GET /api/health | is the server there; to who may look on, which start of it, which project, and who asks |
| GET /api/queue?count=20&keep=KEY&tab=TAB | the next items, leased to the annotator's tab; the kept one first |
| POST /api/queue/release | give back what a tab holds, as it is closed |
| GET /api/history?limit=50 | what the annotator did last, newest first |
| POST /api/annotations | store one annotation, or several as `annotations`; answered only once they are on disk |
| GET /api/nearest?key=KEY | the labelled items most like one, one for each class |
| GET, POST /api/seeks | what is sought and what came of it; seek something more |
| GET /api/seeks/count?criteria=TEXT | how many items match criteria on columns |
| DELETE /api/seeks/ID | withdraw what was sought; it stays on record |

Images and how items are shown: `app.api_media`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar
from urllib.parse import unquote, urlsplit

from tornado.web import HTTPError, RequestHandler

from app import api_seeks, api_store
from app.access import bearer_of, refusal, who_asks
from app.compare import nearest_labelled
from app.context import ServerContext
from app.errors import AccessError, RequestError
from app.version import VERSION
from config.errors import GoldpanError
from labeling.errors import DatabaseUnavailableError
from labeling.people import Role

log = logging.getLogger("goldpan.api")

Answer = TypeVar("Answer")
MAX_COUNT = 200
MAX_KEPT = 60
"""Items that one request may ask for by their keys."""
MAX_BODY_BYTES = 64 * 1024
WRITING = ("POST", "PUT", "PATCH", "DELETE")
"""Methods that may change something: only pages of our own may use them."""


class ApiHandler(RequestHandler):
    """What all handlers share: who may ask, JSON in and out, errors in words.

    Attributes:
        needs: the role that each HTTP method needs, None for nobody's in particular; what is not named needs an admin.
        known: whether it is known who asks.
    """

    needs: ClassVar[Mapping[str, Role | None]] = MappingProxyType({})
    known = False

    def initialize(self, context: ServerContext) -> None:
        """Remember the server's parts."""
        self.context = context

    async def prepare(self) -> None:
        """Find who asks; refuse foreign names, requests that another site's page sends, and who may not.

        A token makes a request a script's: no browser sends one by itself, so that no Origin is asked for.

        Raises:
            HTTPError: 403 for a foreign Host or Origin, 415 for a body that is not JSON.
        """
        if self.request.host.lower() not in self.context.hosts:
            raise HTTPError(403, reason="This host name is not allowed; see `goldpan serve --allow-host`")
        if self.request.method in WRITING:
            self._refuse_foreign()
        needed = self.needs.get(self.request.method or "", Role.ADMIN)
        try:
            person = await who_asks(self.context, self)
        except DatabaseUnavailableError as problem:
            self._refuse(503, str(problem), retry=True)
            return
        if person is not None and person is not self.context.person:
            self.context = self.context.as_person(person)
        self.known = person is not None
        if needed is None:
            return
        if person is None:
            self.set_header("WWW-Authenticate", 'Bearer realm="goldpan"')
            self._refuse(401, "you are not signed in; sign in again, or send a token that is valid")
        elif not person.role.may(needed):
            self._refuse(403, refusal(person, needed))
        elif self.request.headers.get("X-Goldpan-Person", str(person.annotator_id)) != str(
            person.annotator_id
        ):
            # Labels that wait in a browser are sent under the name of who gave them, or not at all.
            self._refuse(409, f"{person.name} is signed in in this browser now", person=True)

    def _refuse_foreign(self) -> None:
        origin = self.request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() not in self.context.hosts
        if foreign or (origin is None and bearer_of(self.request.headers) is None):
            raise HTTPError(403, reason="Requests from another site are not allowed")
        kind = self.request.headers.get("Content-Type", "").split(";")[0].strip()
        if self.request.method != "DELETE" and kind != "application/json":
            raise HTTPError(415, reason="Send application/json")

    def _refuse(self, status: int, words: str, **more: bool) -> None:
        self.set_status(status)
        self.finish({"error": words, **more})

    def set_default_headers(self) -> None:
        """Keep answers out of caches and their type from being guessed."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "same-origin")

    def write_error(self, status_code: int, **_: Any) -> None:  # noqa: ANN401 - tornado's signature
        """Answer an error as JSON."""
        self.finish({"error": self._reason or "Something went wrong"})

    def body(self) -> dict[str, Any]:
        """Return the request's JSON object.

        Raises:
            RequestError: it is too large, not JSON, or not an object.
        """
        if len(self.request.body) > MAX_BODY_BYTES:
            raise RequestError(
                f"the request has {len(self.request.body)} bytes; at most {MAX_BODY_BYTES} are allowed"
            )
        try:
            values = json.loads(self.request.body)
        except (ValueError, RecursionError) as problem:
            raise RequestError("the request's body is not JSON") from problem
        if not isinstance(values, dict):
            raise RequestError("the request's body must be a JSON object")
        return values

    def whole_number(self, name: str, default: int) -> int:
        """Return a number from the query string, held within 1 and MAX_COUNT.

        Raises:
            RequestError: it is no whole number.
        """
        text = self.get_query_argument(name, str(default))
        if not text.isascii() or not text.isdigit():
            raise RequestError(f"{name} must be a whole number, not {text[:40]!r}")
        return max(1, min(int(text[:9]), MAX_COUNT))

    async def answer(self, executor: ThreadPoolExecutor, step: Callable[[], Answer]) -> None:
        """Run a step in a thread and send what it returns, or its error in words."""
        await self.send(asyncio.get_running_loop().run_in_executor(executor, step))

    async def send(self, work: Awaitable[Answer]) -> None:
        """Wait for some work and send what it gives, or its error in words."""
        try:
            result = await work
        except DatabaseUnavailableError as problem:
            log.warning("not stored: %s", problem)
            self.set_status(503)
            self.finish({"error": str(problem), "retry": True})
        except AccessError as problem:
            self.set_status(403)
            self.finish({"error": str(problem)})
        except GoldpanError as problem:
            self.set_status(400)
            self.finish({"error": str(problem)})
        else:
            self.set_header("Content-Type", "application/json; charset=utf-8")
            self.finish(json.dumps(result, allow_nan=False))


class HealthHandler(ApiHandler):
    """Says that the server is there."""

    needs = MappingProxyType({"GET": None})

    def get(self) -> None:
        """Answer with the start's id, the project's name, the version and who asks; to a stranger with "ok" alone."""
        if not self.known:
            self.finish({"status": "ok"})
            return
        context = self.context
        self.finish(
            {
                "status": "ok",
                "instance": context.instance,
                "project": context.project.config.project.name,
                "version": VERSION,
                "person": context.annotator_id if context.access is not None else None,
            }
        )


class QueueHandler(ApiHandler):
    """Hands out the next items."""

    needs = MappingProxyType({"GET": Role.ANNOTATOR})

    async def get(self) -> None:
        """Answer with leased items, the one on the screen first."""
        keep = self.get_query_arguments("keep")[:MAX_KEPT]
        tab = self.get_query_argument("tab", "")
        await self.answer(
            self.context.writer,
            lambda: api_store.next_items(
                self.context, count=self.whole_number("count", 20), keep=keep, tab=tab
            ),
        )


class ReleaseHandler(ApiHandler):
    """Takes back what a tab holds."""

    needs = MappingProxyType({"POST": Role.ANNOTATOR})

    async def post(self) -> None:
        """Give it back."""
        await self.answer(self.context.writer, lambda: api_store.release_tab(self.context, self.body()))


class HistoryHandler(ApiHandler):
    """Tells what the annotator did last."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self) -> None:
        """Answer with the newest annotations first."""
        await self.answer(
            self.context.reader, lambda: api_store.history(self.context, limit=self.whole_number("limit", 50))
        )


class AnnotationsHandler(ApiHandler):
    """Stores annotations."""

    needs = MappingProxyType({"POST": Role.ANNOTATOR})

    async def post(self) -> None:
        """Store one annotation, or several; the answer is sent after the commit reached the disk.

        The supervisor is not woken: it looks several times a second, and the answer goes first.
        """
        if self._meant_for_us():
            await self.send(self._store())

    async def _store(self) -> dict[str, Any]:
        """Store it with whatever else waits for a commit (`app.write_batch`)."""
        body = self.body()
        if "annotations" in body:
            entries = api_store.check_annotations(self.context, body)
            many = await asyncio.wrap_future(api_store.store_annotations(self.context, entries))
            return api_store.stored_answers(self.context, entries, many)
        new = api_store.check_annotation(self.context, body)
        done = await asyncio.wrap_future(api_store.store_annotation(self.context, new))
        return api_store.stored_answer(self.context, done)

    def _meant_for_us(self) -> bool:
        """Answer 409 to a label that was given in another project, served at this address before."""
        ours = self.context.project.config.project.name
        meant = self.request.headers.get("X-Goldpan-Project")
        if meant is None or unquote(meant) == ours:
            return True
        self.set_status(409)
        self.finish({"error": f"this server serves {ours!r} now; the label waits for its own project"})
        return False


class SeeksHandler(ApiHandler):
    """Lists what is sought and takes more of it."""

    needs = MappingProxyType({"GET": Role.VIEWER, "POST": Role.ANNOTATOR})

    async def get(self) -> None:
        """Answer with what is sought, what came of it, and what one can seek by."""
        await self.answer(self.context.reader, lambda: api_seeks.seeks(self.context))

    async def post(self) -> None:
        """Seek something; the next round uses it."""
        await self.answer(self.context.writer, lambda: api_seeks.add(self.context, self.body()))
        self.context.supervisor.wake()


class SeekHandler(ApiHandler):
    """One thing that is sought."""

    needs = MappingProxyType({"DELETE": Role.ANNOTATOR})

    async def delete(self, number: str) -> None:
        """Withdraw it; what was sought stays on record."""
        await self.answer(self.context.writer, lambda: api_seeks.withdraw(self.context, int(number)))
        self.context.supervisor.wake()


class SeekCountHandler(ApiHandler):
    """Tries criteria."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self) -> None:
        """Answer with how many items match."""
        text = self.get_query_argument("criteria", "")
        await self.answer(self.context.reader, lambda: api_seeks.count_matches(self.context, text))


class NearestHandler(ApiHandler):
    """Tells what an item is to be compared with."""

    needs = MappingProxyType({"GET": Role.VIEWER})

    async def get(self) -> None:
        """Answer with the labelled items most like it, one for each class."""
        key = self.get_query_argument("key", "")
        await self.answer(self.context.reader, lambda: nearest_labelled(self.context, key))


def api_routes(context: ServerContext) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the API's routes for the server's `extra_patterns`."""
    shared = {"context": context}
    return [
        (r"/api/health", HealthHandler, shared),
        (r"/api/queue", QueueHandler, shared),
        (r"/api/queue/release", ReleaseHandler, shared),
        (r"/api/history", HistoryHandler, shared),
        (r"/api/annotations", AnnotationsHandler, shared),
        (r"/api/nearest", NearestHandler, shared),
        (r"/api/seeks", SeeksHandler, shared),
        (r"/api/seeks/count", SeekCountHandler, shared),
        (r"/api/seeks/([0-9]{1,12})", SeekHandler, shared),
    ]
