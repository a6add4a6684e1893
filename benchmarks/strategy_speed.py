"""How long a round takes, and each strategy's choice in it, on drawn vectors.

`python -m benchmarks.strategy_speed [--quick] [--json FILE]`: 100,000 items of 256 dimensions (with --quick 10,000),
ten classes, 500 labels, the best of three. The round is what a warm worker computes: train and cross-validate the
default head, score the pool, choose; reading the labels and storing the proposals are not in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from benchmarks.report import benchmark_arguments, report
from config.schema import HeadSection, StrategySection
from models.heads.contract import TrainingSet
from models.heads.scaling import measure_scale
from models.learn import learn
from models.scoring import score_pool
from strategies.contract import FloatArray, IntArray, PoolState
from strategies.registry import strategies

QUEUE, REPEATS = 60, 3
ITEMS, DIMENSIONS, CLASSES, LABELS = 100_000, 256, 10, 500


def measure_round(items: int = ITEMS, *, size: str = "1e5") -> dict[str, float]:
    """Time a round of the default head and strategy, the best of three, the first not counted.

    Args:
        items: size of the pool.
        size: the same as it stands in the figures' names.

    Returns:
        `round_<size>_s`, and of its parts `learn_<size>_s`, `score_<size>_s` and `choose_<strategy>_<size>_s`.
    """
    vectors, labels = drawn_pool(items)
    rows = np.flatnonzero(labels >= 0)
    training = TrainingSet(vectors[rows], labels[rows], class_count=CLASSES, scale=measure_scale(vectors))
    section, name = HeadSection(device="cpu"), StrategySection().name
    best = {"round": np.inf}
    for repeat in range(REPEATS + 1):
        times = [time.perf_counter()]
        learned = learn(training, section=section, seed=repeat, device=torch.device("cpu"))
        times.append(time.perf_counter())
        scores = score_pool(vectors, learned.trained, temperature=learned.temperature)
        times.append(time.perf_counter())
        state = replace(
            _state(vectors, labels),
            probabilities=scores.probabilities,
            balanced_probabilities=scores.balanced_probabilities,
            disagreement=scores.disagreement,
            prior=scores.prior,
            member_rows=scores.member_rows,
            member_probabilities=scores.member_probabilities,
        )
        strategies.get(name)(state, QUEUE, np.random.default_rng(repeat))
        times.append(time.perf_counter())
        if repeat and times[3] - times[0] < best["round"]:
            parts = np.diff(times).tolist()
            best = dict(zip(("learn", "score", f"choose_{name}"), parts, strict=True))
            best["round"] = times[3] - times[0]
    return {f"{part}_{size}_s": float(seconds) for part, seconds in best.items()}


def measure_choices(items: int = ITEMS) -> dict[str, float]:
    """Time one list of 60 of every strategy with a model's answer, the best of three.

    Args:
        items: size of the pool.

    Returns:
        `choose_<strategy>_s` seconds of wall time and `choose_<strategy>_cpu_s` seconds of processor time.
    """
    vectors, labels = drawn_pool(items)
    generator = np.random.default_rng(1)
    shares = generator.dirichlet(np.full(CLASSES, 0.3), items).astype(np.float32)
    rows = np.sort(generator.choice(items, min(items, 4_096), replace=False)).astype(np.int64)
    state = replace(
        _state(vectors, labels),
        probabilities=shares,
        balanced_probabilities=shares,
        disagreement=np.zeros(items, np.float32),
        prior=shares.mean(axis=0),
        member_rows=rows,
        member_probabilities=np.stack([_mixed(shares[rows], generator) for _ in range(8)]),
    )
    figures: dict[str, float] = {}
    for name, strategy in strategies:
        wall, processor = _best(lambda seed: strategy(state, QUEUE, np.random.default_rng(seed)))  # noqa: B023
        figures |= {f"choose_{name}_s": wall, f"choose_{name}_cpu_s": processor}
    return figures


def drawn_pool(items: int) -> tuple[FloatArray, IntArray]:
    """Draw 50 clumps of items and give some of them labels.

    Args:
        items: how many.

    Returns:
        (n, d) float32 vectors and (n,) int64 labels, -1 where there is none.
    """
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(50, DIMENSIONS)).astype(np.float32) * 2
    clumps = generator.integers(0, 50, items)
    vectors = centres[clumps] + generator.standard_normal((items, DIMENSIONS), np.float32)
    labels = np.full(items, -1, np.int64)
    rows = generator.choice(items, min(LABELS, items // 2), replace=False)
    labels[rows] = clumps[rows] % CLASSES
    return vectors, labels


def _state(vectors: FloatArray, labels: IntArray) -> PoolState:
    return PoolState(
        vectors=vectors,
        labels=labels,
        closed=labels >= 0,
        class_names=tuple(f"class {index}" for index in range(CLASSES)),
        targets=np.full(CLASSES, 1 / CLASSES, np.float32),
    )


def _best(call: Callable[[int], object]) -> tuple[float, float]:
    walls, processors = [], []
    for seed in range(REPEATS):
        wall, processor = time.perf_counter(), time.process_time()
        call(seed)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls), min(processors)


def _mixed(shares: FloatArray, generator: np.random.Generator) -> FloatArray:
    other = generator.dirichlet(np.ones(shares.shape[1]), len(shares)).astype(np.float32)
    mixed: FloatArray = 0.9 * shares + 0.1 * other
    return mixed


def main() -> None:
    """Run the benchmark as the command line asks."""
    arguments = benchmark_arguments("strategy_speed", "How long a round and each strategy take.").parse_args()
    items, size = (10_000, "1e4") if arguments.quick else (ITEMS, "1e5")
    report(
        "strategy_speed", measure_round(items, size=size) | measure_choices(items), json_path=arguments.json
    )


if __name__ == "__main__":
    main()
