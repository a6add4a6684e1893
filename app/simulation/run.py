"""One simulated run: a strategy proposes, a person who is always right labels, the model learns, the score is taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from app.plugins import ensure_loaded
from app.simulation.errors import LabelledPoolError, PlanError
from app.simulation.labelling import Labelling
from app.simulation.measures import balanced_accuracy, macro_f1, summarise
from app.simulation.model import Model, fast_head, train, train_on_all
from app.simulation.pools import LabelledPool
from config.schema import HeadSection
from models.heads.contract import VectorScale
from models.heads.scaling import measure_scale
from strategies.contract import BoolArray, IntArray, PoolState, Strategy
from strategies.registry import strategies

NEED_MODEL = (
    "margin",
    "entropy",
    "disagreement",
    "least_confidence",
    "badge",
    "cluster_margin",
    "galaxy",
    "balanced_entropy",
    "epig",
)
"""Strategies that read a model's answer and bring no start of their own: their users begin with a random draw."""

NEED_MEMBERS = ("disagreement", "epig")
"""Strategies that compare the members of an ensemble."""


class Page(Protocol):
    """A page of one class, to be confirmed at once; the exceptions are ticked off.

    Attributes:
        class_index: index into `PoolState.class_names`.
        rows: (b,) int64 distinct rows without a label.
    """

    @property
    def class_index(self) -> int:
        """See above."""
        ...

    @property
    def rows(self) -> IntArray:
        """See above."""
        ...


PagePolicy = Callable[[PoolState, np.random.Generator, BoolArray], Page | None]
"""`(state, generator, refused (n, k)) -> page or None`; `refused` is True where the person said on an earlier page that
an item is not of a class. Asked only while there is a model."""


@dataclass(frozen=True)
class RunPlan:
    """One run. The pool is not part of it: a pool drawn by the same seed pairs the runs.

    Attributes:
        strategy: a registered name; a label only, where `simulate` is given a callable.
        start: the strategy while no model can be trained; None for the usual one: the strategy itself, or a random
            draw where it needs a model.
        head: the head's settings; it is both the model in the loop and what is measured.
        seed: of the strategy's and the head's draws.
        budget: decisions that may be made, which the last page may exceed; with effort "single" the same as labels.
        batch: items labelled before the model is trained anew.
        queue: items asked for, of which the first `batch` are labelled; at least a batch.
        effort: "single" labels one by one; "page" also confirms pages of one class, where a policy is given.
        pages: most pages confirmed a round.
        exceptions: what a page's exceptions cost one decision each for: "refused" only takes them out, "named" labels
            them, as the dashboard does where the key of their class is pressed.
        names: whether all class names, and the pool's seeds, are known from the start.
    """

    strategy: str = "prospect"
    start: str | None = None
    head: HeadSection = field(default_factory=fast_head)
    seed: int = 0
    budget: int = 200
    batch: int = 10
    queue: int = 60
    effort: Literal["single", "page"] = "single"
    pages: int = 1
    names: bool = False
    exceptions: Literal["refused", "named"] = "refused"


@dataclass(frozen=True)
class RunResult:
    """What a run reached.

    Attributes:
        pool: the pool's name.
        plan: what was run.
        steps: one row after each training: `labels`, `decisions`, `balanced_accuracy`, `macro_f1` (both on the
            held-out set), `classes_met`, `rare_found` (items of rare classes), `rare_met` (rare classes met),
            `choose_s` (seconds that the choice or the page before it took), `train_s`.
        rows: rows of the pool in the order of their labels.
        summary: the measures by name, see `measures.summarise`; without those that need the whole pool's model.
    """

    pool: str
    plan: RunPlan
    steps: pd.DataFrame
    rows: tuple[int, ...]
    summary: dict[str, float]


def simulate(
    pool: LabelledPool,
    plan: RunPlan,
    choose: Strategy | None = None,
    *,
    page_policy: PagePolicy | None = None,
) -> RunResult:
    """Simulate one run, from no label until the budget is spent or every item has a label.

    The same pool, plan and callables give the same steps, apart from the seconds.

    Args:
        pool: what is labelled.
        plan: how.
        choose: a strategy under the contract, instead of a registered one.
        page_policy: proposes pages; needed with effort "page".

    Returns:
        The curve and its measures.

    Raises:
        PlanError: the plan makes no sense.
        LabelledPoolError: the pool cannot be simulated on.
        config.errors.UnknownNameError: no strategy or head has that name.
    """
    check_plan(plan, page_policy)
    check_pool(pool)
    with threadpool_limits(1):
        return _Run(pool, plan, choose, page_policy).result()


def whole_pool_accuracy(pool: LabelledPool, head: HeadSection, *, seed: int) -> float:
    """Return the balanced accuracy, on the held-out set, of the head trained on the whole pool with its truth.

    Args:
        pool: what is learned and measured on.
        head: the head's settings.
        seed: of the head's draws.

    Raises:
        LabelledPoolError: the pool cannot be simulated on.
    """
    check_pool(pool)
    with threadpool_limits(1):
        model = train_on_all(pool, head, scale=measure_scale(pool.vectors), seed=seed)
        return balanced_accuracy(
            pool.held_out_truth, _answer(model, pool, list(range(len(pool.class_names))))
        )


def check_plan(plan: RunPlan, page_policy: PagePolicy | None = None) -> None:
    """Refuse a plan that makes no sense.

    Raises:
        PlanError: numbers out of range, an unknown effort, or no policy for pages.
    """
    for name in ("budget", "batch", "pages"):
        if getattr(plan, name) < 1:
            raise PlanError(f"{name} is {getattr(plan, name)}; give a whole number of at least 1")
    if plan.queue < plan.batch:
        raise PlanError(f"queue is {plan.queue}, below the batch of {plan.batch}; give at least the batch")
    if plan.strategy in NEED_MEMBERS and plan.head.members < 2:
        raise PlanError(
            f"{plan.strategy} compares the members of a head, and this one has a single member; give head.members of "
            "at least 2"
        )
    if plan.seed < 0:
        raise PlanError(f"seed is {plan.seed}; give a whole number of at least 0")
    if plan.effort not in ("single", "page"):
        raise PlanError(f"effort is {plan.effort!r}; known are single and page")
    if plan.exceptions not in ("refused", "named"):
        raise PlanError(f"exceptions are {plan.exceptions!r}; known are refused and named")
    if plan.effort == "page" and page_policy is None:
        raise PlanError("effort is 'page' but no page policy is given; give one, or set effort to 'single'")


def check_pool(pool: LabelledPool) -> None:
    """Refuse a pool that cannot be simulated on.

    Raises:
        LabelledPoolError: fewer than two classes, or nothing to measure on.
    """
    if np.unique(pool.truth).size < 2:
        raise LabelledPoolError(f"{pool.name}: the pool holds items of fewer than two classes; thin it less")
    if not len(pool.held_out_truth):
        raise LabelledPoolError(f"{pool.name}: no items are held out to measure on; hold some out")


class _Run:
    """The loop; made for one run."""

    def __init__(
        self, pool: LabelledPool, plan: RunPlan, choose: Strategy | None, page_policy: PagePolicy | None
    ) -> None:
        self.pool, self.plan, self.page_policy = pool, plan, page_policy
        ensure_loaded("strategy", "head")
        self.choose: Strategy = choose or strategies.get(plan.strategy)
        self.labelling = Labelling(pool, names=plan.names)
        self.model: Model | None = None
        self.scale: VectorScale = measure_scale(pool.vectors)
        start = plan.start or ("random" if choose is None and plan.strategy in NEED_MODEL else "")
        self.start: Strategy = strategies.get(start) if start else self.choose
        self.rare = pool.rare_classes
        self.steps: list[dict[str, float]] = []

    def result(self) -> RunResult:
        number = 0
        while self._left() > 0:
            self._singles(number)
            for page in range(self.plan.pages if self.plan.effort == "page" else 0):
                if not self._page(number, page):
                    break
            number += 1
        steps = pd.DataFrame(self.steps)
        rows = tuple(self.labelling.rows)
        return RunResult(self.pool.name, self.plan, steps, rows, summarise(steps, self.pool, rows))

    def _left(self) -> int:
        """Return how many decisions may still be made."""
        return min(self.plan.budget - self.labelling.decisions, self.labelling.open_count)

    def _singles(self, number: int) -> None:
        generator = np.random.default_rng([self.plan.seed, number])
        state = self.labelling.state(self.model)
        began = time.perf_counter()
        choice = (self.choose if self.model else self.start)(state, self.plan.queue, generator)
        choose_s = time.perf_counter() - began
        self.labelling.label(choice, min(self.plan.batch, self._left()), round_number=number)
        self._learn(choose_s)

    def _page(self, number: int, page_number: int) -> bool:
        """Ask for a page and confirm it; tell whether there was one."""
        if self.page_policy is None or self.model is None or self._left() < 1:
            return False
        generator = np.random.default_rng([self.plan.seed, number, page_number + 1])
        state = self.labelling.state(self.model)
        began = time.perf_counter()
        page = self.page_policy(state, generator, self.labelling.refused())
        choose_s = time.perf_counter() - began
        if page is None or not len(page.rows):
            return False
        _check_page(page, state)
        named = self.plan.exceptions == "named"
        self.labelling.confirm(page.class_index, page.rows, name_exceptions=named)
        self._learn(choose_s)
        return True

    def _learn(self, choose_s: float) -> None:
        """Train on all labels and take the score."""
        labelling, began = self.labelling, time.perf_counter()
        rows = np.flatnonzero(labelling.truth >= 0)
        self.model = train(
            self.pool.vectors[rows], labelling.labels()[rows], class_count=len(labelling.known),
            section=self.plan.head, scale=self.scale, seed=self.plan.seed, pool=self.pool.vectors,
            unlabelled=self.pool.vectors[labelling.truth < 0], names=labelling.name_points(),
        )  # fmt: skip
        train_s = time.perf_counter() - began
        answer = _answer(self.model, self.pool, labelling.known)
        met = np.unique(labelling.truth[rows])
        rare = np.isin(labelling.truth[rows], self.rare)
        self.steps.append(
            {
                "labels": rows.size,
                "decisions": labelling.decisions,
                "balanced_accuracy": balanced_accuracy(self.pool.held_out_truth, answer),
                "macro_f1": macro_f1(self.pool.held_out_truth, answer),
                "classes_met": met.size,
                "rare_found": int(rare.sum()),
                "rare_met": int(np.isin(met, self.rare).sum()),
                "choose_s": choose_s,
                "train_s": train_s,
            }
        )


def _answer(model: Model | None, pool: LabelledPool, known: list[int]) -> IntArray:
    """Return (t,) the classes a model says the held-out items are; the first known one while there is no model."""
    if model is None:
        return np.full(len(pool.held_out), known[0] if known else 0, np.int64)
    return np.asarray(known, np.int64)[model.answer(pool.held_out)]


def _check_page(page: Page, state: PoolState) -> None:
    rows = np.asarray(page.rows)
    if not 0 <= page.class_index < len(state.class_names) or np.unique(rows).size != rows.size:
        raise PlanError("the page policy broke its contract: an unknown class, or a row twice on a page")
    if rows.min() < 0 or rows.max() >= len(state.labels) or state.closed[rows].any():
        raise PlanError("the page policy broke its contract: a row is not in the pool or has a label already")
