"""What the model says of single items, if possible one that had not learned their labels."""

from __future__ import annotations

import numpy as np

from app.context import ServerContext
from app.round_files import read_arrays, read_meaning, read_unseen

Guess = tuple[int, float]
"""A column of the round's probabilities, and the probability."""


class RoundGuesses:
    """The likeliest classes of items: by a round's out-of-fold predictions of its labels, else by its model.

    Attributes:
        number: the round.
        class_ids: the database id of each column; empty where the round says nothing of this pool.
        class_names: its name at the time.
    """

    def __init__(self, context: ServerContext, number: int) -> None:
        """Open the round's files.

        Args:
            context: the running server.
            number: a finished round; 0 for none.
        """
        self._pool, rounds = context.project.pool, context.project.paths.rounds
        meaning = read_meaning(rounds, number)
        if meaning is not None and meaning.hashes.get("pool") != self._pool.hash:
            meaning = None
        self.number = number
        self.class_ids = () if meaning is None else meaning.class_ids
        self.class_names = () if meaning is None else meaning.class_names
        self._arrays = None if meaning is None else read_arrays(rounds, number)
        self._unseen = None if meaning is None else read_unseen(rounds, number)

    def of(self, item_key: str) -> list[Guess]:
        """Return the two likeliest classes of an item, the first first; none where no model says anything of it."""
        row = self._pool.row(item_key)
        if row is None or self._arrays is None:
            return []
        chances = np.asarray(self._arrays.probabilities[row], np.float32)
        if self._unseen is not None:
            [places] = np.nonzero(self._unseen.rows == row)
            if len(places):
                chances = np.asarray(self._unseen.probabilities[places[0]], np.float32)
        best = np.argsort(-chances, kind="stable")[:2]
        return [(int(column), float(chances[column])) for column in best]
