from __future__ import annotations

import numpy as np
import pytest

from app.components.colours import TOO_NEAR, farthest_colour, perceived
from app.components.theme import CLASS_PALETTE


def nearest_pair(colours: list[str]) -> float:
    """Return the smallest distance between two of the colours, to the eye that tells them apart least."""
    points = perceived(colours)
    apart = np.linalg.norm(points[:, :, None] - points[:, None], axis=-1)
    return float(apart[:, *np.triu_indices(len(colours), 1)].min())


def test_perceived__red_and_green_come_near_for_a_colour_blind_eye() -> None:
    red, green = np.moveaxis(perceived(["#c04000", "#608000"]), 1, 0)
    usual, protan, deutan = np.linalg.norm(red - green, axis=1)

    assert protan < 0.5 * usual
    assert deutan < 0.5 * usual


def test_perceived__greys_look_alike_to_every_eye() -> None:
    points = perceived(["#808080"])[:, 0]

    assert np.abs(points - points[0]).max() < 0.01


def test_farthest_colour__of_none() -> None:
    assert farthest_colour([]) == CLASS_PALETTE[0]


def test_farthest_colour__is_farther_than_any_other_of_the_palette() -> None:
    used = ["#0077b6", "#cc1a0c"]
    chosen = farthest_colour(used)

    best = nearest_pair([*used, chosen])
    assert all(nearest_pair([*used, other]) <= best for other in CLASS_PALETTE)


@pytest.mark.parametrize("count", [8, 10])
def test_farthest_colour__classes_added_one_by_one_are_told_apart(count: int) -> None:
    colours: list[str] = []
    for _ in range(count):
        colours.append(farthest_colour(colours))

    assert nearest_pair(colours) >= 0.085


def test_farthest_colour__past_the_palette_none_comes_twice() -> None:
    colours = list(CLASS_PALETTE)
    for _ in range(20):
        colours.append(farthest_colour(colours))

    assert len(set(colours)) == len(colours)
    assert nearest_pair(list(CLASS_PALETTE)) >= TOO_NEAR


def test_farthest_colour__hundreds_of_classes_have_each_their_own() -> None:
    colours: list[str] = []
    for _ in range(300):
        colours.append(farthest_colour(colours))

    assert len(set(colours)) == 300
