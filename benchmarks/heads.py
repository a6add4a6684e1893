"""Heads and their options against the default, on real vectors: `python -m benchmarks.heads`.

Labels are drawn with a long tail, the larger a class of the pool the more of them, ten times as many for the largest as
for the smallest; every class has at least one. Each variant is trained by `models.learn.learn` as in a round and
answers for a balanced held-out set. Differences to the default are paired by pool, number of labels and seed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd
import torch

from app.simulation.measures import Interval, mean_interval
from app.simulation.pools import LabelledItems, LabelledPool, profile
from benchmarks.report import benchmark_arguments, report
from benchmarks.strategy_pools import POOLS, data_folder
from benchmarks.text_vectors import TextEncoderAbsentError
from config.schema import HeadSection
from models.heads.contract import TrainingSet
from models.heads.scaling import measure_scale, spaced_rows
from models.learn import UNLABELLED_ROWS, learn
from models.training import to_tensor

DEFAULT = "logistic"
SIZES = (20, 100, 500)
RATIO = 10.0
"""Labels of the largest class over those of the smallest."""

FIRST_SEED = 500
"""Seeds 0 to 499 were used for tuning."""

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Variant:
    """A head with settings.

    Attributes:
        changes: what differs from the default settings.
        quick: whether it is part of the quick form.
        ordered: whether it needs ordered classes, and is tried on the ordered pool alone.
    """

    changes: Mapping[str, object] = field(default_factory=dict)
    quick: bool = True
    ordered: bool = False


def _estimator(name: str) -> Variant:
    return Variant({"name": "sklearn", "estimator": name}, quick=name in ("knn", "svm_rbf"))


VARIANTS: Mapping[str, Variant] = {
    DEFAULT: Variant(),
    "weight_decay=0.0003": Variant({"weight_decay": 0.0003}),
    "weight_decay=0.003": Variant({"weight_decay": 0.003}),
    "balanced_weights": Variant({"imbalance": "balanced_weights"}),
    "semi_supervised": Variant({"semi_supervised": True}),
    "mixup": Variant({"mixup": True}),
    "adamw": Variant({"optimiser": "adamw"}, quick=False),
    "muon": Variant({"optimiser": "muon"}, quick=False),
    "mlp": Variant({"name": "mlp"}),
    "mlp+adamw": Variant({"name": "mlp", "optimiser": "adamw"}, quick=False),
    "mlp+muon": Variant({"name": "mlp", "optimiser": "muon"}, quick=False),
    "evidential": Variant({"name": "evidential"}),
    "sade": Variant({"name": "sade"}),
    "ordinal": Variant({"name": "ordinal"}, ordered=True),
    "auto": Variant({"name": "auto"}, quick=False),
    "random_forest": _estimator("random_forest"),
    "extra_trees": _estimator("extra_trees"),
    "gradient_boosting": _estimator("gradient_boosting"),
    "knn": _estimator("knn"),
    "svm_rbf": _estimator("svm_rbf"),
    "gaussian_process": _estimator("gaussian_process"),
    "linear_discriminant": _estimator("linear_discriminant"),
    "naive_bayes": _estimator("naive_bayes"),
}
"""Name → variant; all but the first are compared with the first."""

SLOW_CLASSES = 20
"""With more classes, what grows with classes times labels is left out."""

SLOW_LABELS = 100
"""The one number of labels at which slow variants are tried."""

SLOW = {"mlp+adamw", "mlp+muon", "random_forest", "extra_trees", "gradient_boosting", "gaussian_process"}
"""Variants that take seconds a round."""

ORDERED = "redshift"


@lru_cache(maxsize=2)
def draw(name: str, seed: int) -> LabelledPool:
    """Draw a pool, and keep the last two.

    Args:
        name: a pool of `benchmarks.strategy_pools`, or `ORDERED`: SDSS's objects, whose classes are fifths of the
            redshift, from magnitudes and colours.
        seed: draws everything.
    """
    if name != ORDERED:
        return POOLS[name].draw(seed)
    table = pd.read_csv(data_folder() / "sdss.csv")
    bands = table[list("ugriz")].to_numpy(float)
    columns = np.hstack([bands, bands[:, :-1] - bands[:, 1:]])
    columns = ((columns - columns.mean(axis=0)) / columns.std(axis=0)).astype(np.float32)
    fifths = np.searchsorted(np.quantile(table["redshift"], [0.2, 0.4, 0.6, 0.8]), table["redshift"])
    items = LabelledItems(ORDERED, columns, fifths.astype(np.int64), tuple("12345"))
    return profile(items, (1500, 1200, 900, 600, 300), held_out_each=300, shuffle=False, seed=seed)


def draw_labels(pool: LabelledPool, count: int, *, seed: int) -> TrainingSet:
    """Draw labels with a long tail.

    Args:
        pool: what they are drawn from.
        count: how many; a few less where a class of the pool runs out.
        seed: of the draw.
    """
    generator = np.random.default_rng([seed, count])
    sizes = np.bincount(pool.truth, minlength=len(pool.class_names))
    order = np.argsort(-sizes, kind="stable")
    shares = np.geomspace(RATIO, 1.0, len(order))
    wanted = np.maximum(1, np.round(count * shares / shares.sum())).astype(int)
    rows = np.concatenate(
        [
            generator.permutation(np.flatnonzero(pool.truth == index))[: wanted[place]]
            for place, index in enumerate(order)
        ]
    )
    others = np.setdiff1d(np.arange(len(pool.truth)), rows)
    return TrainingSet(
        vectors=pool.vectors[rows],
        labels=pool.truth[rows],
        class_count=len(pool.class_names),
        scale=measure_scale(pool.vectors),
        unlabelled=pool.vectors[others[spaced_rows(len(others), UNLABELLED_ROWS)]],
    )


def measure(pool: LabelledPool, training: TrainingSet, variant: Variant, *, seed: int) -> dict[str, float]:
    """Train a variant and let it answer for the held-out set.

    Args:
        pool: the pool.
        training: the labels.
        variant: the head and its settings.
        seed: the round's.

    Returns:
        `accuracy` (balanced), `log_loss` in nats, `seconds` of processor time.
    """
    section = HeadSection(**{"device": "cpu", **variant.changes})
    began = time.process_time()
    learned = learn(training, section=section, seed=seed, device=CPU)
    seconds = time.process_time() - began
    with torch.inference_mode():
        logits = learned.trained.logits(to_tensor(pool.held_out, CPU)) / learned.temperature
        chances = torch.softmax(logits, dim=2).mean(dim=0).numpy()
    truth = pool.held_out_truth
    counts = np.bincount(truth, minlength=chances.shape[1])
    hits = np.bincount(truth[chances.argmax(axis=1) == truth], minlength=chances.shape[1])
    losses = -np.log(np.maximum(chances[np.arange(len(truth)), truth], 1e-6))
    sums = np.bincount(truth, weights=losses, minlength=chances.shape[1])
    judged = counts > 0
    return {
        "accuracy": float((hits[judged] / counts[judged]).mean()),
        "log_loss": float((sums[judged] / counts[judged]).mean()),
        "seconds": seconds,
    }


def run(
    pools: Sequence[str], variants: Mapping[str, Variant], sizes: Sequence[int], seeds: Sequence[int]
) -> pd.DataFrame:
    """Measure all variants on all pools.

    Args:
        pools: names.
        variants: name → variant.
        sizes: numbers of labels.
        seeds: of pools, labels and rounds.

    Returns:
        Columns `pool`, `labels`, `seed`, `variant`, and those of `measure`.
    """
    rows = []
    for name in pools:
        for seed in seeds:
            try:
                pool = draw(name, seed)
            except (TextEncoderAbsentError, FileNotFoundError) as problem:
                print(f"{name} is left out: {problem}", file=sys.stderr)
                break
            for count in (size for size in sizes if size >= len(pool.class_names)):
                training = draw_labels(pool, count, seed=seed)
                for each, variant in variants.items():
                    if _suits(each, variant, pool, count):
                        found = measure(pool, training, variant, seed=seed)
                        rows.append({"pool": name, "labels": count, "seed": seed, "variant": each} | found)
    return pd.DataFrame(rows)


def gains(table: pd.DataFrame, measure_name: str) -> dict[tuple[str, str, int], Interval]:
    """Return how much better each variant is than the default, with its 95 % interval over seeds.

    Args:
        table: what `run` returned.
        measure_name: "accuracy", or "log_loss" (turned round, so that above 0 is better).

    Returns:
        (variant, pool, labels) → gain; the pool "all" is the mean over pools, its interval over pools and seeds.
    """
    sign = -1.0 if measure_name == "log_loss" else 1.0
    keys = zip(table["variant"], table["pool"], table["labels"], table["seed"], strict=True)
    values = dict(zip(keys, table[measure_name], strict=True))
    found: dict[tuple[str, str, int], list[float]] = {}
    for (variant, pool, labels, seed), value in values.items():
        if variant != DEFAULT:
            gain = sign * (float(value) - float(values[DEFAULT, pool, labels, seed]))
            found.setdefault((variant, str(pool), int(labels)), []).append(gain)
            found.setdefault((variant, "all", int(labels)), []).append(gain)
    return {key: mean_interval(own) for key, own in found.items()}


def markdown(table: pd.DataFrame, measure_name: str) -> str:
    """Return the gains as a table in Markdown: a row a variant and number of labels, a column a pool.

    Args:
        table: what `run` returned.
        measure_name: "accuracy" (in hundredths) or "log_loss" (in hundredths of a nat).
    """
    found = gains(table, measure_name)
    pools = ["all", *dict.fromkeys(table["pool"])]
    lines = [f"| labels | variant | {' | '.join(pools)} |", "|---|---|" + "---|" * len(pools)]
    for labels in sorted(table["labels"].unique()):
        own = table[(table["variant"] == DEFAULT) & (table["labels"] == labels)]
        means = own.groupby("pool")[measure_name].mean()
        cells = [f"{100 * means[pool]:.1f}" if pool in means else "" for pool in pools[1:]]
        lines.append(f"| {labels} | {DEFAULT} | {100 * means.mean():.1f} | {' | '.join(cells)} |")
        for variant in (name for name in dict.fromkeys(table["variant"]) if name != DEFAULT):
            cells = [_cell(found.get((variant, pool, int(labels)))) for pool in pools]
            if any(cells):
                lines.append(f"| {labels} | {variant} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark.

    Args:
        arguments: those of the command line; None takes `sys.argv`.

    Returns:
        0.
    """
    given = _arguments(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    variants = {
        name: VARIANTS[name] for name in given.variants or VARIANTS if not given.quick or VARIANTS[name].quick
    }
    variants = {DEFAULT: VARIANTS[DEFAULT]} | variants
    seeds = range(given.first_seed, given.first_seed + (given.seeds or (2 if given.quick else 3)))
    sizes = given.sizes or (SIZES[:2] if given.quick else SIZES)
    table = run(given.pools, variants, sizes, seeds)
    if given.csv:
        table.to_csv(given.csv, index=False)
    for name, title in (("accuracy", "balanced accuracy, %"), ("log_loss", "log-loss, hundredths of a nat")):
        print(f"\nGain in {title}, 95 % interval ({DEFAULT}: its own value)\n\n{markdown(table, name)}")
    seconds = table.groupby("variant", sort=False)["seconds"].median()
    print(
        "\nMedian processor seconds of a round's learning:",
        ", ".join(f"{k} {v:.2f}" for k, v in seconds.items()),
    )
    report("heads", _figures(table), json_path=given.json)
    return 0


def _suits(name: str, variant: Variant, pool: LabelledPool, labels: int) -> bool:
    if len(pool.class_names) > SLOW_CLASSES and (name in SLOW or name == "auto"):
        return False
    if name in SLOW and labels != SLOW_LABELS:
        return False
    return pool.name == ORDERED if variant.ordered else True


def _figures(table: pd.DataFrame) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, short in (("accuracy", "accuracy_gain"), ("log_loss", "log_loss_gain")):
        for (variant, pool, labels), gain in gains(table, name).items():
            if pool == "all":
                figures[f"{variant}_{labels}_{short}"] = gain.mean
                figures[f"{variant}_{labels}_{short}_low"] = max(gain.low, -9.0)
    return figures


def _cell(gain: Interval | None) -> str:
    if gain is None:
        return ""
    half = 100 * (gain.high - gain.mean)
    mark = "**" if abs(100 * gain.mean) > half else ""
    return (
        f"{mark}{100 * gain.mean:+.1f}{mark} ± {half:.1f}" if np.isfinite(half) else f"{100 * gain.mean:+.1f}"
    )


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = benchmark_arguments("heads", "Compare heads and their options with the default on real vectors.")
    parser.add_argument(
        "--pools", nargs="+", choices=[*POOLS, ORDERED],
        default=["digits", "mnist", "sdss", "htru2", "banking77", ORDERED],
    )  # fmt: skip
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS))
    parser.add_argument("--sizes", nargs="+", type=int, help="numbers of labels")
    parser.add_argument("--seeds", type=int, help="how many; 3, or 2 with --quick")
    parser.add_argument("--csv", metavar="FILE", help="also write every measurement as a table")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
