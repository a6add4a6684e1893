from __future__ import annotations

import numpy as np

from strategies.contract import PoolState
from strategies.galaxy import Line
from strategies.registry import strategies
from tests.strategies.pools import answered_state


def line(sides: list[int]) -> Line:
    leads = np.arange(len(sides), dtype=np.float32) - len(sides) / 2
    return Line(np.arange(len(sides)), leads, np.asarray(sides, np.int8))


def rare_edge_state(*, labels: dict[int, int] | None = None) -> PoolState:
    """Return 300 items between classes 0 and 1, with the smallest margins, and 40 between classes 0 and 2."""
    lead = np.concatenate([np.linspace(-0.2, 0.2, 300), np.linspace(-0.9, 0.9, 40)])
    shares = np.zeros((340, 3))
    shares[:, 0] = (1 - lead) / 2
    shares[:300, 1], shares[300:, 2] = (1 + lead[:300]) / 2, (1 + lead[300:]) / 2
    vectors = np.random.default_rng(0).normal(size=(340, 3)).astype(np.float32)
    return answered_state(vectors, shares, labels=labels)


def test_line__asks_in_the_middle_of_the_shortest_stretch_between_two_sides() -> None:
    assert line([-1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, -1]).next_place() == 9


def test_line__asks_around_a_cut_once_the_sides_touch() -> None:
    assert line([0, 0, -1, 1, 1, 0, 0, 0]).next_place() == 1
    assert line([0, -1, -1, -1, 1, 0, 0]).next_place() == 5


def test_line__asks_at_the_predicted_cut_while_nothing_is_known() -> None:
    assert line([0, 0, 0, 0, 0, 0]).next_place() in (2, 3)


def test_line__nothing_left_to_ask() -> None:
    assert line([1, -1]).next_place() == -1


def test_galaxy__a_rare_class_gets_as_many_questions_as_a_common_one() -> None:
    state = rare_edge_state()
    ours = strategies.get("galaxy")(state, 12, np.random.default_rng(0)).indices
    plain = strategies.get("margin")(state, 12, np.random.default_rng(0)).indices
    assert (ours >= 300).sum() >= 4
    assert (plain >= 300).sum() <= 2


def test_galaxy__the_labels_a_person_gave_move_the_cut() -> None:
    # A person says that rows 300 to 330, taken for class 0 up to 319, are of class 0: the edge lies at 330 to 339.
    labels = {300 + step: 0 for step in range(0, 31, 5)} | {339: 2}
    choice = strategies.get("galaxy")(rare_edge_state(labels=labels), 3, np.random.default_rng(0))
    asked = [
        row for row, reason in zip(choice.indices, choice.reasons, strict=True) if "'class 2'." in reason
    ]
    assert 330 < asked[0] < 339
