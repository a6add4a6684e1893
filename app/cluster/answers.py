"""A model's answers on a pool whose parts are scored, and stay, on the workers of a cluster."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.cluster.connection import Connection, Cut
from app.cluster.gathering import gather
from app.cluster.parted import PartedRows
from app.cluster.there import (
    PLACE_MARK,
    Pass,
    disputed_part,
    rows_of,
    score_part,
    settle_part,
    walk_part,
    write_part,
)
from app.round_answers import AnswerHalves, begin_answers, put_answers
from models.kept_rows import Disputed, join_disputed
from strategies.ranking import TopRows
from strategies.walk import Wish


class ClusterAnswers:
    """The answers of one round, part by part on the workers.

    What a lost worker had is made again by the others: the cluster knows how each answer came about, and vectors that
    were sent are sent again.
    """

    def __init__(self, connection: Connection, cut: Cut, task: Pass, *, classes: int) -> None:
        """Start the pass over the pool.

        Args:
            connection: to the cluster.
            cut: the pool in parts.
            task: what each worker is to do.
            classes: k.
        """
        self._connection, self._cut, self._task, self._classes = connection, cut, task, classes
        self._shares: npt.NDArray[np.float32] | None = None
        self._scored: dict[int, Any] = {}
        self._settled: dict[int, Any] = {}
        self._lows = np.asarray([part.low for part in cut.parts], np.int64)
        self._count = cut.parts[-1].high
        for place in self._places():
            self._ask_scored(place)

    def rows(self, name: str) -> PartedRows:
        """Return an array whose rows are fetched when they are asked for.

        Args:
            name: "balanced" or "disagreement" of `Scored`, "probabilities" of `Answers`, once `settle` was called.
        """
        shape = (self._count,) if name == "disagreement" else (self._count, self._classes)
        ask = self._ask_settled if name == "probabilities" else self._ask_scored
        return PartedRows(shape, lambda rows: self._fetch(name, rows, ask))

    def most_disputed(self, reach: int) -> Disputed:
        """Return the most disputed rows of the pool, as `models.kept_rows.most_disputed` does.

        Args:
            reach: how many.
        """
        found: dict[int, Disputed] = {}

        def take(place: int, part: Disputed) -> None:
            found[place] = (part[0], part[1] + self._lows[place])

        self._gather(
            self._places(),
            lambda place: self._submit(place, disputed_part, self._ask_scored(place), reach),
            take,
        )
        return join_disputed([found[place] for place in self._places()], reach)

    def settle(self, shares: npt.NDArray[np.float32]) -> None:
        """Put the pool's class shares into the answers.

        Args:
            shares: (k,).
        """
        self._shares = shares
        for place in self._places():
            self._ask_settled(place)

    def walk(self, rows: npt.NDArray[np.int64], wishes: Sequence[Wish]) -> Sequence[TopRows]:
        """Return the best rows for each wish, found where the answers are; see `strategies.walk`.

        Args:
            rows: (m,) rows to choose from, ascending.
            wishes: what is to be found.
        """
        bounds = np.searchsorted(rows, [*self._lows, self._count])
        excluded: dict[int, npt.NDArray[np.int64]] = {}
        for place, part in enumerate(self._cut.parts):
            inside = rows[bounds[place] : bounds[place + 1]] - part.low
            if inside.size:
                left_out = np.ones(part.rows, bool)
                left_out[inside] = False
                excluded[place] = np.flatnonzero(left_out)
        found: dict[int, list[TopRows]] = {}

        def ask(place: int) -> Any:  # noqa: ANN401
            settled = self._ask_settled(place)
            return self._submit(place, walk_part, settled, excluded[place], list(wishes))

        self._gather(excluded, ask, found.__setitem__)
        tops = [TopRows(wish.count) for wish in wishes]
        for place in sorted(found):
            for top, later in zip(tops, found[place], strict=True):
                top.merge(later)
        return tops

    def save(self, folder: Path) -> None:
        """Write the answers into a round's folder: by the workers that see it, by this process for the others.

        Args:
            folder: of the round, not finished yet.
        """
        begin_answers(folder, rows=self._count, classes=self._classes)
        mark = secrets.token_hex(16)
        (folder / PLACE_MARK).write_text(mark, encoding="ascii")

        def ask(place: int) -> Any:  # noqa: ANN401
            settled, low = self._ask_settled(place), int(self._lows[place])
            return self._submit(place, write_part, settled, str(folder), mark, low)

        def take(place: int, halves: AnswerHalves | None) -> None:
            if halves is not None:
                put_answers(folder, int(self._lows[place]), halves)

        try:
            self._gather(self._places(), ask, take)
        finally:
            (folder / PLACE_MARK).unlink(missing_ok=True)

    def _places(self) -> range:
        return range(len(self._cut.parts))

    def _gather(
        self, places: Iterable[int], ask: Callable[[int], Any], take: Callable[[int, Any], None]
    ) -> None:
        lost_with = self._connection.sent_to
        gather(self._connection, list(places), ask=ask, again=self._again, take=take, lost_with=lost_with)

    def _again(self, place: int, unseen: bool) -> None:
        self._scored.pop(place, None)
        self._settled.pop(place, None)
        if unseen or self._connection.sent(place) is not None:
            self._connection.send(place)

    def _ask_scored(self, place: int) -> Any:  # noqa: ANN401 - a future of distributed
        if place not in self._scored:
            sent = self._connection.sent(place)
            self._scored[place] = self._submit(
                place, score_part, self._cut.parts[place], sent, self._task, self._connection.versions
            )
        return self._scored[place]

    def _ask_settled(self, place: int) -> Any:  # noqa: ANN401 - a future of distributed
        if place not in self._settled:
            sent, part = self._connection.sent(place), self._cut.parts[place]
            self._settled[place] = self._submit(
                place, settle_part, part, sent, self._ask_scored(place), self._shares
            )
        return self._settled[place]

    def _submit(self, place: int, function: Callable[..., Any], *values: Any) -> Any:  # noqa: ANN401
        # A wish for the worker that has the part, not a must: another one takes it over.
        return self._connection.client.submit(
            function, *values, workers=[self._cut.homes[place]], allow_other_workers=True, pure=False
        )

    def _fetch(
        self, name: str, rows: npt.NDArray[np.int64], kept: Callable[[int], Any]
    ) -> npt.NDArray[np.float32]:
        bounds = np.searchsorted(rows, [*self._lows, self._count])
        asked = {
            place: rows[bounds[place] : bounds[place + 1]] - self._lows[place]
            for place in self._places()
            if bounds[place] < bounds[place + 1]
        }
        found: dict[int, npt.NDArray[np.float32]] = {}
        self._gather(
            asked,
            lambda place: self._submit(place, rows_of, kept(place), name, asked[place]),
            found.__setitem__,
        )
        shape = (0,) if name == "disagreement" else (0, self._classes)
        return np.concatenate([np.empty(shape, np.float32), *(found[place] for place in sorted(found))])
