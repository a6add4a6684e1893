from __future__ import annotations

from app.simulation.grid import Grid, parse_contender
from app.simulation.model import fast_head
from app.simulation.pools import LabelledPool
from tests.app.simulation.pools import small_pool


def draw(seed: int) -> LabelledPool:
    return small_pool(seed)


def small_grid(*strategies: str, seeds: tuple[int, ...] = (0, 1), budget: int = 20) -> Grid:
    """Few and short runs."""
    contenders = [parse_contender(text) for text in strategies or ("margin", "random")]
    return Grid({"blobs": draw}, contenders, {"logistic": fast_head()}, seeds, budget)
