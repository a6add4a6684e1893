"""Strategies × heads × seeds on several pools: what a simulation runs, in pairs by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.plugins import ensure_loaded
from app.simulation.errors import PlanError
from app.simulation.oracle import ORACLE
from app.simulation.pools import LabelledPool
from app.simulation.run import RunPlan, check_plan
from config.schema import HeadSection
from models.choice import AUTO
from models.heads.registry import heads
from strategies.registry import strategies

PAGE, NAMES = "page", "names"
"""Suffixes that say how a strategy is used; any other one is its start."""


@dataclass(frozen=True)
class Contender:
    """One strategy of a grid.

    Attributes:
        strategy: a registered name, or ORACLE.
        start: the strategy while no model can be trained; None for the usual one.
        effort: "single", or "page" to confirm pages too.
        names: whether it is told all class names from the start.
    """

    strategy: str
    start: str | None = None
    effort: Literal["single", "page"] = "single"
    names: bool = False

    @property
    def label(self) -> str:
        """How it is called in tables and on the command line: `margin`, `margin+density`, `seek+names+page`."""
        suffixes = [self.start, NAMES if self.names else None, PAGE if self.effort == "page" else None]
        return "+".join([self.strategy, *(suffix for suffix in suffixes if suffix)])


def parse_contender(text: str) -> Contender:
    """Read a strategy as it is written on the command line: `NAME`, with the suffixes `+START`, `+names` and `+page`.

    Raises:
        config.errors.UnknownNameError: no strategy has that name; the message lists the known ones.
        PlanError: more than one start.
    """
    name, *suffixes = text.strip().split("+")
    starts = [suffix for suffix in suffixes if suffix not in (PAGE, NAMES)]
    ensure_loaded("strategy")
    for strategy in ([] if name == ORACLE else [name]) + starts:
        strategies.get(strategy)
    if len(starts) > 1:
        raise PlanError(
            f"{text!r} names more than one start; write NAME, NAME+START, and +names or +page after it"
        )
    return Contender(
        name, starts[0] if starts else None, "page" if PAGE in suffixes else "single", NAMES in suffixes
    )


@dataclass(frozen=True)
class Grid:
    """All runs of a simulation.

    Attributes:
        pools: name → what draws the pool of a seed; the same seed always draws the same pool.
        contenders: the strategies.
        heads: name → settings of a head.
        seeds: each draws its pools and its runs.
        budget: decisions of one run.
        batch: items labelled before the model is trained anew.
        queue: items asked for, at least a batch.
    """

    pools: Mapping[str, Callable[[int], LabelledPool]]
    contenders: Sequence[Contender]
    heads: Mapping[str, HeadSection]
    seeds: Sequence[int]
    budget: int = 200
    batch: int = 10
    queue: int = 60

    @property
    def size(self) -> int:
        """How many runs there are, those that train on a whole pool included."""
        return len(self.pools) * len(self.seeds) * len(self.heads) * (len(self.contenders) + 1)

    def plan(self, contender: Contender, head: HeadSection, seed: int) -> RunPlan:
        """Return the plan of one run."""
        return RunPlan(
            contender.strategy, contender.start, head, seed, self.budget, self.batch, self.queue, contender.effort,
            names=contender.names, exceptions="named",
        )  # fmt: skip


def check_grid(grid: Grid) -> None:
    """Refuse a grid that makes no sense before the first run starts.

    Raises:
        PlanError: nothing to run, something named twice, or a plan that makes no sense.
        config.errors.UnknownNameError: an unknown strategy or head.
    """
    labels = [contender.label for contender in grid.contenders]
    parts: dict[str, Sequence[object]] = {
        "pools": list(grid.pools), "strategies": labels, "heads": list(grid.heads), "seeds": list(grid.seeds),
    }  # fmt: skip
    for name, values in parts.items():
        if not values:
            raise PlanError(f"there are no {name}; name at least one")
        twice = sorted({str(value) for value in values if values.count(value) > 1})
        if twice:
            raise PlanError(f"{name} are named twice: {', '.join(twice)}; name each once")
    ensure_loaded("head")
    for section in grid.heads.values():
        if section.name != AUTO:
            heads.get(section.name)
    for contender in grid.contenders:
        parse_contender(contender.label)
        for section in grid.heads.values():
            for seed in grid.seeds:
                check_plan(replace(grid.plan(contender, section, seed), effort="single"))
