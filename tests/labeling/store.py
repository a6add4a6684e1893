"""What the tests of the store share: a small project and short ways to annotate in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar

from labeling.annotations import Act, NewAnnotation, Recorded, record
from labeling.annotators import ensure_annotator
from labeling.classes import add_class
from labeling.database import Database
from labeling.queue import Proposal

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

Result = TypeVar("Result")
_numbers = count()


@dataclass(frozen=True)
class Project:
    """A database with annotators ann and bob and the classes star, galaxy and quasar."""

    database: Database
    ann: int
    bob: int
    star: int
    galaxy: int
    quasar: int

    def annotate(self, new: NewAnnotation, *, by: int | None = None) -> Recorded:
        with self.database.transaction() as session:
            return record(session, new=new, annotator_id=by or self.ann, now=NOW)

    def label(self, item_key: str, class_id: int | None = None, *, by: int | None = None) -> Recorded:
        new = NewAnnotation(uid=new_uid(), item_key=item_key, act=Act.LABEL, class_id=class_id or self.star)
        return self.annotate(new, by=by)

    def act(self, item_key: str, act: Act, *, by: int | None = None) -> Recorded:
        return self.annotate(NewAnnotation(uid=new_uid(), item_key=item_key, act=act), by=by)

    def undo(self, item_key: str, undoes_uid: str, *, by: int | None = None) -> Recorded:
        new = NewAnnotation(uid=new_uid(), item_key=item_key, act=Act.UNDO, undoes_uid=undoes_uid)
        return self.annotate(new, by=by)


def make_project(database: Database) -> Project:
    with database.transaction() as session:
        return Project(
            database=database,
            ann=ensure_annotator(session, name="ann"),
            bob=ensure_annotator(session, name="bob"),
            star=add_class(session, name="star").id,
            galaxy=add_class(session, name="galaxy").id,
            quasar=add_class(session, name="quasar").id,
        )


def new_uid() -> str:
    return f"uid-{next(_numbers):08d}"


def proposals(round_number: int, item_keys: list[str]) -> list[Proposal]:
    return [
        Proposal(
            item_key=key,
            round_number=round_number,
            rank=rank,
            score=1.0 / (rank + 1),
            kind="refine",
            reason="on the boundary of star and galaxy",
            strategy="margin",
        )
        for rank, key in enumerate(item_keys)
    ]


def at_once(calls: list[Callable[[], Result]]) -> list[Result | Exception]:
    """Run the calls in threads that start together; return what each gave or raised."""
    barrier = threading.Barrier(len(calls))
    results: list[Result | Exception | None] = [None] * len(calls)

    def run(index: int) -> None:
        barrier.wait()
        try:
            results[index] = calls[index]()
        except Exception as error:  # noqa: BLE001 - handed to the test
            results[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [result for result in results if result is not None]
