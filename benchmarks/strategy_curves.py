"""How fast each strategy teaches a model on real imbalanced pools, simulated from no label at all.

`python -m benchmarks.strategy_curves [--quick] [--pools digits] [--strategies badge galaxy] [--json FILE]`. Every
strategy labels the same pools, ten items a round, from no label; the model is the same for all: scikit-learn's logistic
regression with balanced class weights. A list of 60 is asked for and its first 10 are labelled, as happens on the
screen. Quality is balanced accuracy on a balanced held-out set. The time of one choice is measured on 100,000 items of
256 dimensions (with --quick 10,000).
The pools beyond scikit-learn's digits need the folder of real data: GOLDPAN_DATA, else
`../shared/data`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import t
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from benchmarks.report import benchmark_arguments, report
from benchmarks.strategy_pools import POOLS, SimulatedPool, data_folder
from strategies.contract import Choice, FloatArray, IntArray, Outcome, PoolState
from strategies.entropy import relative_entropy
from strategies.registry import strategies

BATCH = 10
QUEUE = 60
RARE_SHARE = 0.03
START = "+start"
MEMBERS = 4
NEED_MODEL = (
    "margin",
    "entropy",
    "disagreement",
    "least_confidence",
    "badge",
    "cluster_margin",
    "galaxy",
    "balanced_entropy",
)
NAMES = ("random", "density", "k_center", "entropy", "disagreement", "margin", "margin+start", "prospect")
"""Measured when none are named; every registered strategy can be, with `--strategies`."""
QUICK_POOLS = ("digits", "htru2")


@dataclass(frozen=True)
class Run:
    """What one strategy reached on one pool with one seed.

    Attributes:
        curve: balanced accuracy after each round.
        area: mean of the curve.
        met_after: labels until every class of the pool was met; the whole budget plus one batch when never.
        rare: items labelled whose class holds under RARE_SHARE of the pool (or is the rarest).
        strategy_s: mean seconds a choice took.
    """

    curve: tuple[float, ...]
    area: float
    met_after: int
    rare: int
    strategy_s: float


class Simulation:
    """One pool being labelled by one strategy, which is told what a person at the screen would know."""

    def __init__(self, pool: SimulatedPool, strategy: str, seed: int) -> None:
        """Start from no label.

        Args:
            pool: what is labelled.
            strategy: a registered name. Those of NEED_MODEL start with a random batch, as they are usually used,
                unless the name ends in `+start`: then with our density start.
            seed: of the strategy's draws.
        """
        self.pool = pool
        name = strategy.removesuffix(START)
        self.strategy = strategies.get(name)
        self.starts_at_random = name == strategy and name in NEED_MODEL
        self.members = MEMBERS if name == "disagreement" else 0
        self.seed = seed
        self.met: list[int] = []
        self.labels = np.full(pool.truth.size, -1, np.int64)
        self.outcomes: list[Outcome] = []
        self.models: list[LogisticRegression] = []

    def run(self) -> Run:
        """Label until the budget is spent."""
        curve: list[float] = []
        seconds: list[float] = []
        met_after, everything = 0, np.unique(self.pool.truth).size
        for number in range(self.pool.labels // BATCH):
            state = self._state()
            generator = np.random.default_rng([self.seed, number])
            random_start = self.starts_at_random and state.probabilities is None
            choose = strategies.get("random") if random_start else self.strategy
            began = time.perf_counter()
            choice = choose(state, QUEUE, generator)
            seconds.append(time.perf_counter() - began)
            self._label(choice, number)
            if not met_after and len(self.met) == everything:
                met_after = BATCH * (number + 1)
            self._fit()
            curve.append(self._quality())
        return Run(
            tuple(curve),
            float(np.mean(curve)),
            met_after or self.pool.labels + BATCH,
            self._rare(),
            float(np.mean(seconds)),
        )

    def _state(self) -> PoolState:
        k = len(self.met)
        index_of = np.full(int(self.pool.truth.max()) + 2, -1, np.int64)  # the last place serves label -1
        index_of[self.met] = np.arange(k)
        state = PoolState(
            vectors=self.pool.vectors,
            labels=index_of[self.labels],
            closed=self.labels >= 0,
            class_names=tuple(f"class {label}" for label in self.met),
            targets=np.full(k, 1.0 / max(k, 1), np.float32),
            outcomes=tuple(self.outcomes),
        )
        if not self.models:
            return state
        answers = np.stack([self._answer(model) for model in self.models])
        prior, probabilities = estimated_prior(answers[0])
        spread = relative_entropy(answers.mean(0)) - np.mean(
            [relative_entropy(answer) for answer in answers], 0
        )
        return replace(
            state,
            probabilities=probabilities,
            balanced_probabilities=answers[0],
            disagreement=np.maximum(spread * np.log(k), 0).astype(np.float32),
            prior=prior,
        )

    def _answer(self, model: LogisticRegression) -> FloatArray:
        balanced = np.zeros((self.labels.size, len(self.met)), np.float32)
        balanced[:, [self.met.index(label) for label in model.classes_]] = model.predict_proba(
            self.pool.vectors
        )
        return balanced

    def _label(self, choice: Choice, number: int) -> None:
        for place, row in enumerate(choice.indices[:BATCH]):
            truth = int(self.pool.truth[row])
            if truth not in self.met:
                self.met.append(truth)
            self.labels[row] = truth
            self.outcomes.append(
                Outcome(
                    int(row),
                    choice.kinds[place],
                    self.met.index(truth),
                    int(choice.class_indices[place]),
                    number,
                )
            )

    def _fit(self) -> None:
        rows = np.flatnonzero(self.labels >= 0)
        if np.unique(self.labels[rows]).size < 2:
            return
        generator = np.random.default_rng([self.seed, rows.size, 1])
        draws = [rows, *(generator.choice(rows, rows.size) for _ in range(self.members))]
        self.models = [
            _fitted(self.pool.vectors[draw], self.labels[draw])
            for draw in draws
            if np.unique(self.labels[draw]).size > 1
        ]

    def _quality(self) -> float:
        if not self.models:
            return 1.0 / np.unique(self.pool.truth).size
        answer = self.models[0].predict(self.pool.held_out)
        return float(balanced_accuracy_score(self.pool.held_out_truth, answer))

    def _rare(self) -> int:
        counts = np.bincount(self.pool.truth)
        rare = np.flatnonzero((counts < RARE_SHARE * counts.sum()) | (counts == counts.min()))
        return int(np.isin(self.labels, rare).sum())


def _fitted(vectors: FloatArray, labels: IntArray) -> LogisticRegression:
    model = LogisticRegression(class_weight="balanced", max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(vectors, labels)


def estimated_prior(balanced: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Estimate the class shares of the pool by expectation maximisation (Saerens, Latinne & Decaestecker 2002).

    Args:
        balanced: (n, k) probabilities under equal shares.

    Returns:
        (k,) float32 shares and (n, k) float32 probabilities under them.
    """
    prior = np.full(balanced.shape[1], 1.0 / balanced.shape[1], np.float32)
    joint = balanced
    for _ in range(50):
        joint = balanced * prior
        joint /= np.maximum(joint.sum(1, keepdims=True), 1e-12)
        prior = joint.mean(0)
    return prior, joint


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean of paired differences and the half width of its 95 % interval (Student's t)."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, float("inf")
    return mean, float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))


def measure(
    pools: Sequence[str], names: Sequence[str], seeds: Sequence[int]
) -> tuple[dict[str, float], list[str]]:
    """Run everything.

    Args:
        pools: names of POOLS.
        names: strategies, with or without `+start`.
        seeds: each draws its pool and its runs, the same for every strategy.

    Returns:
        The figures, and one sentence a pool that compares prospect with margin from the same start.
    """
    figures: dict[str, float] = {}
    notes = []
    for pool_name in track(pools, description="pools", transient=True):
        pools_of_seeds = [POOLS[pool_name](seed) for seed in seeds]
        runs = {
            name: [
                Simulation(pool, name, seed).run() for pool, seed in zip(pools_of_seeds, seeds, strict=True)
            ]
            for name in names
        }
        for name, results in runs.items():
            key = f"{pool_name}_{name.replace('+', '_')}"
            figures[f"auc_{key}"] = float(np.mean([run.area for run in results]))
            figures[f"met_{key}"] = float(np.mean([run.met_after for run in results]))
            figures[f"rare_{key}"] = float(np.mean([run.rare for run in results]))
        pairs = zip(runs["prospect"], runs[f"margin{START}"], strict=True)
        mean, half = interval([one.area - other.area for one, other in pairs])
        notes.append(f"{pool_name}: prospect minus margin with our start, area {mean:+.3f} ± {half:.3f}")
    return figures, notes


def measure_speed(
    items: int, dimensions: int = 256, classes: int = 10, labels: int = 500
) -> dict[str, float]:
    """Time one list of 60 of every strategy on a drawn pool with a model's answer, the best of three.

    Args:
        items: size of the pool.
        dimensions: of its vectors.
        classes: how many the model knows.
        labels: how many items are labelled.

    Returns:
        `choose_<strategy>_s` seconds of wall time and `choose_<strategy>_cpu_s` seconds of processor time.
    """
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(50, dimensions)) * 2
    vectors = centres[generator.integers(0, 50, items)] + generator.normal(size=(items, dimensions))
    given = np.full(items, -1, np.int64)
    given[generator.choice(items, labels, replace=False)] = np.arange(labels) % classes
    shares = generator.dirichlet(np.full(classes, 0.3), items).astype(np.float32)
    state = PoolState(
        vectors=vectors.astype(np.float32),
        labels=given,
        closed=given >= 0,
        class_names=tuple(f"class {index}" for index in range(classes)),
        targets=np.full(classes, 1 / classes, np.float32),
        probabilities=shares,
        balanced_probabilities=shares,
        disagreement=np.zeros(items, np.float32),
        prior=shares.mean(axis=0),
    )
    figures: dict[str, float] = {}
    for name, strategy in strategies:
        walls, processors = [], []
        for seed in range(3):
            wall, processor = time.perf_counter(), time.process_time()
            strategy(state, QUEUE, np.random.default_rng(seed))
            walls.append(time.perf_counter() - wall)
            processors.append(time.process_time() - processor)
        figures |= {f"choose_{name}_s": min(walls), f"choose_{name}_cpu_s": min(processors)}
    return figures


def print_table(figures: Mapping[str, float], pools: Sequence[str], names: Sequence[str]) -> None:
    """Print strategies × pools: area under the curve, labels until every class is met, rare items found."""
    table = Table(title="area / labels until all classes are met / rare items found", title_justify="left")
    table.add_column("strategy")
    for pool in pools:
        table.add_column(pool, justify="right")
    for name in names:
        keys = [f"{pool}_{name.replace('+', '_')}" for pool in pools]
        cells = [
            f"{figures[f'auc_{key}']:.3f} / {figures[f'met_{key}']:.0f} / {figures[f'rare_{key}']:.1f}"
            for key in keys
        ]
        table.add_row(name, *cells)
    Console(width=110).print(table)


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = benchmark_arguments(
        "strategy_curves", "How fast each strategy teaches a model on imbalanced pools."
    )
    parser.add_argument("--seeds", type=int, nargs="+", help="default 0 to 4, with --quick 0 and 1")
    parser.add_argument(
        "--strategies", nargs="+", default=list(NAMES), help="prospect and margin+start always run"
    )
    parser.add_argument("--pools", nargs="+", choices=list(POOLS), help="default all, with --quick two")
    arguments = parser.parse_args()
    seeds = arguments.seeds or ([0, 1] if arguments.quick else [0, 1, 2, 3, 4])
    pools = arguments.pools or list(QUICK_POOLS if arguments.quick else POOLS)
    names = list(dict.fromkeys([*arguments.strategies, f"margin{START}", "prospect"]))
    notes = []
    if not data_folder().is_dir():
        notes.append(
            f"{data_folder()} is not there: digits alone were measured; set GOLDPAN_DATA for the others"
        )
        pools = ["digits"]
    figures, comparisons = measure(pools, names, seeds)
    figures |= measure_speed(10_000 if arguments.quick else 100_000)
    print_table(figures, pools, names)
    report("strategy_curves", figures, json_path=arguments.json, notes=[*comparisons, *notes])


if __name__ == "__main__":
    main()
