"""GALAXY in a form without an oracle: the cuts of one linear graph for each class (Zhang et al. 2022).

For each class all items stand in a line, by how far the class leads or trails the best of the others. A cut lies
where members of the class end and the rest begins. The paper asks for one label at a time: it halves the shortest
stretch between two labelled items of opposite sides until it finds a cut, then asks around it. Every class has its
line, so a rare class gets as many questions as a common one.

What differs: a list is chosen before any of its labels is known, so each pick counts at once as what the model
takes it for, and no label is read but those a person gave. The lines take turns, the class with the fewest labels
first, where the paper takes the shortest stretch of all lines. Each line holds only the items nearest to its
predicted cut, which keeps the cost bounded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from strategies.boundary import filled_by_margin
from strategies.contract import Choice, FloatArray, IntArray, PoolState
from strategies.model_needed import needs_model
from strategies.ranking import best_first, open_rows, top_two
from strategies.shares import label_counts
from strategies.uncertain import uncertain_choice
from strategies.wording import quote

NODES = 2_048
"""Items of one line, those nearest to its predicted cut."""
CLASSES_SERVED = 64
"""Lines of one list, those of the classes with the fewest labels."""
SPREAD_PICKS = 512
"""Beyond so many picks the list goes on by margin alone: nobody labels that far before the next round."""


class Line:
    """One class against the rest: items in order of the class's lead.

    Attributes:
        rows: (w,) int64 rows of the pool, the class's surest members last.
        sides: (w,) int8; 1 for a member of the class, -1 for another, 0 while that is not known.
    """

    def __init__(self, rows: IntArray, leads: FloatArray, sides: npt.NDArray[np.int8]) -> None:
        """Put items in a line.

        Args:
            rows: (w,) rows.
            leads: (w,) the lead of the class over the best of the others, negative where it trails.
            sides: (w,) what a person said of each.
        """
        order = np.argsort(leads, kind="stable")
        self.rows, self.sides = rows[order], sides[order]
        self._cut = float(np.searchsorted(leads[order], 0.0)) - 0.5

    def next_place(self) -> int:
        """Return the place to ask about next; -1 when every item of the line is known.

        The middle of the shortest stretch between two sides; where they touch, the unknown item nearest to a cut.
        """
        unknown = np.flatnonzero(self.sides == 0)
        if not unknown.size:
            return -1
        known = np.flatnonzero(self.sides)
        turns = np.flatnonzero(self.sides[known[:-1]] != self.sides[known[1:]])
        starts, stops = known[turns], known[turns + 1]
        lengths = stops - starts
        if (lengths > 1).any():
            shortest = int(np.where(lengths > 1, lengths, self.rows.size + 1).argmin())
            return int(starts[shortest] + stops[shortest]) // 2
        cuts = (starts + stops) / 2 if turns.size else np.array([self._cut])
        right = np.searchsorted(cuts, unknown).clip(0, cuts.size - 1)
        left = (right - 1).clip(0)
        gaps = np.minimum(np.abs(unknown - cuts[right]), np.abs(unknown - cuts[left]))
        return int(unknown[gaps.argmin()])

    def tell(self, row: int, member: bool) -> None:
        """Note what a row counts as; nothing where the line does not hold it."""
        self.sides[self.rows == row] = 1 if member else -1


@needs_model
def galaxy(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    """Propose items around the cuts between each class and the rest, every class in turn.

    Args:
        state: the pool, with a model's answer.
        batch: how many items are wanted.
        generator: draws the order among equals.
    """
    rows = open_rows(state)
    if not rows.size or not batch:
        return uncertain_choice(state, rows[:0], np.empty(0))
    picks, classes = _walk(state, _lines(state, rows, generator), min(batch, rows.size, SPREAD_PICKS))
    chosen = filled_by_margin(state, rows, np.asarray(picks, np.int64), batch, generator)
    asked = iter(classes)

    def word(_: float, between: str) -> str:
        index = next(asked, -1)
        return between if index < 0 else f"{between[:-1]}; at the edge of {quote(state.class_names[index])}."

    return uncertain_choice(state, chosen, np.linspace(1.0, 0.0, chosen.size, endpoint=False), word=word)


def _lines(state: PoolState, rows: IntArray, generator: np.random.Generator) -> dict[int, Line]:
    """Return the lines of the classes with the fewest labels, those first."""
    assert state.balanced_probabilities is not None
    labelled = np.flatnonzero(state.labels >= 0)
    everyone = np.concatenate([rows, labelled])
    shares = state.balanced_probabilities[everyone]
    first, highest, second = top_two(shares)
    lines = {}
    for index in best_first(-label_counts(state).astype(np.float64), CLASSES_SERVED, generator).tolist():
        leads = shares[:, index] - np.where(first == index, second, highest)
        kept = best_first(-np.abs(leads), NODES, generator)
        given = state.labels[everyone[kept]]
        sides = np.where(given < 0, 0, np.where(given == index, 1, -1)).astype(np.int8)
        lines[index] = Line(everyone[kept], leads[kept], sides)
    return lines


def _walk(state: PoolState, lines: dict[int, Line], count: int) -> tuple[list[int], list[int]]:
    """Return up to `count` rows, one of each line in turn, and the class of the line that asked for each."""
    assert state.balanced_probabilities is not None
    picks: list[int] = []
    classes: list[int] = []
    waiting = list(lines)
    while waiting and len(picks) < count:
        index = waiting.pop(0)
        place = lines[index].next_place()
        if place < 0:
            continue
        row = int(lines[index].rows[place])
        taken_for = int(state.balanced_probabilities[row].argmax())
        for other, line in lines.items():
            line.tell(row, other == taken_for)
        picks.append(row)
        classes.append(index)
        waiting.append(index)
    return picks, classes
