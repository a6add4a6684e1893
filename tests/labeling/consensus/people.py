"""Simulated people for the tests of consensus: their own habits, and items whose class is known."""

from __future__ import annotations

import numpy as np

from labeling.consensus.contract import Votes


def votes_of(rows: list[tuple[int, int, int]], *, items: int, people: int, classes: int) -> Votes:
    """Votes from (item, annotator, class) triples; nothing is settled."""
    given = np.array(rows, np.int64).reshape(-1, 3)
    settled = np.full(items, -1, np.int64)
    return Votes(given[:, 0].copy(), given[:, 1].copy(), given[:, 2].copy(), settled, people, classes)


def simulate(
    *, items: int = 600, skills: tuple[float, ...] = (0.9, 0.75, 0.6), classes: int = 4, seed: int = 0
) -> tuple[Votes, np.ndarray]:
    """Everybody labels everything; who errs says the next class. Returns the votes and the true classes."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, classes, items)
    rows = []
    for person, skill in enumerate(skills):
        wrong = generator.random(items) > skill
        said = np.where(wrong, (truth + 1) % classes, truth)
        rows += [(item, person, int(said[item])) for item in range(items)]
    return votes_of(sorted(rows), items=items, people=len(skills), classes=classes), truth


def opinions(truth: np.ndarray, *, skill: float, classes: int, seed: int = 1) -> np.ndarray:
    """Probabilities of a model that is right so often, and as sure as it may be."""
    generator = np.random.default_rng(seed)
    likeliest = np.where(generator.random(len(truth)) < skill, truth, (truth + 2) % classes)
    chances = np.full((len(truth), classes), (1 - skill) / (classes - 1))
    chances[np.arange(len(truth)), likeliest] = skill
    return chances
