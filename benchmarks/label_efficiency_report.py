"""The figures of label_efficiency by name, the table of what must be reached, and the tables behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from app.simulation.oracle import ORACLE
from benchmarks.label_efficiency_figures import (
    Ratio,
    accuracy_at,
    accuracy_ratio,
    area_difference,
    areas,
    bootstrap_interval,
    effort_ratio,
    geometric_mean,
    half_budget_ratio,
    has,
    labels_to_all,
    put,
    rare_met_at,
)
from benchmarks.label_efficiency_runs import BASE, Runs
from benchmarks.peers import registry as peers
from benchmarks.strategy_pools import POOLS

ALONE = "prospect"
"""Our strategy with the classifier of all."""
OURS, NAMED = "prospect+shares", "prospect+names+shares"
"""goldpan as it comes: the same, with labels weighed by the share of the pool they stand for."""
PAGES, NAMED_PAGES = f"{OURS}+pages", f"{NAMED}+pages"
BASE_SHARES = f"{BASE}+shares"
COMPARED = ("digits", "mnist", "sdss", "htru2", "banking77")
NEEDLES_WITHIN, NEEDLES_AT = 40, 100


@dataclass
class Findings:
    """All figures, and what has to be said beside them.

    Attributes:
        figures: number by name.
        notes: plain sentences.
    """

    figures: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """A line of the table of what must be reached.

    Attributes:
        what: in words.
        figure: its name.
        limit: the most it may be, or the least.
        least: whether `limit` is the least.
    """

    what: str
    figure: str
    limit: float
    least: bool = False

    def kept(self, value: float) -> bool:
        """Tell whether a value reaches it.

        Args:
            value: the figure.
        """
        return value >= self.limit if self.least else value <= self.limit


TARGETS = (
    Target("labels to margin's half budget, same start, geometric mean", "ratio_same_start_geomean", 0.75),
    Target("the same, worst pool", "ratio_same_start_worst", 1.05),
    Target("the same by the strategy alone, one classifier for all", "ratio_alone_geomean", 0.75),
    Target("the same by the strategy alone, worst pool", "ratio_alone_worst", 1.05),
    Target("the same against peers, own start, geometric mean", "ratio_peers_geomean", 0.7),
    Target("the same by the strategy alone, one classifier for all", "ratio_alone_peers_geomean", 0.7),
    Target("the same against the strongest peer, geometric mean", "ratio_peers_strongest_geomean", 0.7),
    Target("the same, worst peer and pool", "ratio_peers_worst", 1.0),
    Target("area over each peer, worst peer and pool", "area_over_peers_worst", 0.0, least=True),
    Target("pools where area is above every peer's, interval above 0", "area_pools_above_peers", 4, least=True),
    Target("names given: labels to all 77 classes, median", "named_all_classes_banking77", 110),
    Target("names given: the same, worst seed", "named_all_classes_banking77_worst", 200),
    Target("names given: needles of 12 met in 40 labels, mean", "named_needles_found_40", 11.5, least=True),
    Target("names given: the same, worst seed", "named_needles_found_40_worst", 11, least=True),
    Target("needles: balanced accuracy at 100 labels over the oracle's", "named_needles_over_oracle", 0.9, least=True),
    Target("decisions with pages over single labels, geometric mean", "effort_ratio_geomean", 0.5),
    Target("a round at 100,000 x 256, warm, seconds", "round_1e5_s", 2.0),
    Target("the strategy's share of it, seconds", "choose_1e5_s", 0.5),
)  # fmt: skip


def findings_of(runs: Runs) -> Findings:
    """Compute all figures that the runs allow.

    Args:
        runs: by pool, contender and seed.
    """
    found = Findings()
    _areas(runs, found)
    _same_start(runs, found)
    _peers(runs, found)
    _named(runs, found)
    _effort(runs, found)
    duplicates = {
        name: sum(run.duplicates for run in by_seed.values())
        for by_name in runs.values()
        for name, by_seed in by_name.items()
    }
    if any(duplicates.values()):
        listed = ", ".join(f"{name} {count}" for name, count in duplicates.items() if count)
        found.notes.append(f"picked twice in one batch, replaced by a random draw: {listed}")
    return found


def _areas(runs: Runs, found: Findings) -> None:
    for pool, by_name in runs.items():
        for name, by_seed in by_name.items():
            key = f"{pool}_{name.replace('+', '_')}"
            if "+pages" not in name:
                found.figures[f"auc_{key}"] = float(np.mean([*areas(by_seed, POOLS[pool].labels).values()]))
            found.figures[f"cpu_s_{key}"] = float(np.mean([run.cpu_s for run in by_seed.values()]))


def _same_start(runs: Runs, found: Findings) -> None:
    for one, name in ((OURS, "ratio_same_start"), (ALONE, "ratio_alone")):
        ratios = _ratios(runs, one, BASE, name, found)
        if ratios:
            put(found.figures, f"{name}_geomean", geometric_mean([*ratios.values()]))
            found.figures[f"{name}_worst"] = max(ratio.mean for ratio in ratios.values())
    oracle = _ratios(runs, ORACLE, BASE, "ratio_oracle", Findings())
    if oracle:
        put(found.figures, "ratio_oracle_geomean", geometric_mean([*oracle.values()]))


def _peers(runs: Runs, found: Findings) -> None:
    every: list[Ratio] = []
    alone: list[Ratio] = []
    means: dict[int, list[float]] = {}
    differences = {}
    for peer in peers.NAMES:
        _our_start(runs, peer, found)
        ratios = _ratios(runs, OURS, peer, f"ratio_{peer}", found)
        if not ratios:
            continue
        mean = geometric_mean([*ratios.values()])
        put(found.figures, f"ratio_{peer}_geomean", mean)
        means.setdefault(len(ratios), []).append(mean.mean)
        every += ratios.values()
        alone += _ratios(runs, ALONE, peer, f"ratio_alone_{peer}", Findings()).values()
        for pool in ratios:
            area = area_difference(runs[pool][OURS], runs[pool][peer], POOLS[pool].labels)
            put(found.figures, f"area_over_{peer}_{pool}", area)
            differences[peer, pool] = area
    if not every:
        return
    put(found.figures, "ratio_peers_geomean", geometric_mean(every))
    if alone:
        put(found.figures, "ratio_alone_peers_geomean", geometric_mean(alone))
    # Of the peers that ran on most pools: on a single pool any may look strong.
    found.figures["ratio_peers_strongest_geomean"] = max(means[max(means)])
    found.figures["ratio_peers_worst"] = max(ratio.mean for ratio in every)
    found.figures["area_over_peers_worst"] = min(area.mean for area in differences.values())
    above = [
        all(area.low > 0 for (_, of), area in differences.items() if of == pool)
        for pool in {pool for _, pool in differences}
    ]
    found.figures["area_pools_above_peers"] = sum(above)


def _our_start(runs: Runs, peer: str, found: Findings) -> None:
    ratios = _ratios(runs, OURS, f"{peer}+density", f"ratio_{peer}_density", Findings())
    if ratios:
        put(found.figures, f"ratio_{peer}_density_geomean", geometric_mean([*ratios.values()]))


def _ratios(runs: Runs, one: str, other: str, name: str, found: Findings) -> dict[str, Ratio]:
    ratios = {}
    for pool in COMPARED:
        if not has(runs, pool, one, other):
            continue
        ratio = half_budget_ratio(runs[pool][one], runs[pool][other], POOLS[pool].labels)
        put(found.figures, f"{name}_{pool}", ratio.interval)
        if not ratio.reached:
            found.notes.append(
                f"{one} never has what {other} has at half budget on {pool}: the budget's end counts"
            )
        ratios[pool] = ratio
    return ratios


def _named(runs: Runs, found: Findings) -> None:
    figures, budget = found.figures, POOLS["banking77"].labels
    for name in (NAMED, OURS, BASE, "margin", "random", *peers.NAMES):
        if not has(runs, "banking77", name):
            continue
        labels, never = labels_to_all(runs["banking77"][name], budget)
        key = "named_all_classes_banking77" if name == NAMED else f"all_classes_banking77_{_key(name)}"
        put(figures, key, bootstrap_interval(labels, _median))
        figures[f"{key}_worst"] = float(labels.max())
        if never:
            found.notes.append(
                f"{name} did not meet all 77 classes in {never} of {labels.size} seeds: {budget} counts"
            )
    for name, by_seed in runs.get("needles", {}).items():
        key = "named_needles_found_40" if name == NAMED else f"needles_found_40_{_key(name)}"
        met = rare_met_at(by_seed, NEEDLES_WITHIN)
        put(figures, key, bootstrap_interval(met, _mean))
        figures[f"{key}_worst"] = float(met.min())
        figures[f"needles_accuracy_100_{_key(name)}"] = accuracy_at(by_seed, NEEDLES_AT)
    if has(runs, "needles", NAMED, ORACLE):
        ratio = accuracy_ratio(runs["needles"][NAMED], runs["needles"][ORACLE], NEEDLES_AT)
        put(figures, "named_needles_over_oracle", ratio)


def _effort(runs: Runs, found: Findings) -> None:
    ratios = {}
    for pool in COMPARED:
        if has(runs, pool, PAGES, BASE):
            budgets = POOLS[pool].labels, POOLS[pool].effort_labels
            ratio = effort_ratio(runs[pool][PAGES], runs[pool][BASE], budgets)
            put(found.figures, f"effort_ratio_{pool}", ratio.interval)
            ratios[pool] = ratio
            if not ratio.reached:
                found.notes.append(
                    f"pages never come to 95 % of the whole pool's model on {pool}: the budget's end counts"
                )
    if ratios:
        put(found.figures, "effort_ratio_geomean", geometric_mean([*ratios.values()]))
    if has(runs, "banking77", NAMED_PAGES, BASE):
        budgets = POOLS["banking77"].labels, POOLS["banking77"].effort_labels
        named = effort_ratio(runs["banking77"][NAMED_PAGES], runs["banking77"][BASE], budgets)
        put(found.figures, "effort_ratio_banking77_named", named.interval)


def print_tables(runs: Runs, figures: Mapping[str, float], notes: Sequence[str]) -> None:
    """Print what must be reached, then areas and ratios of every contender.

    Args:
        runs: by pool, contender and seed.
        figures: as of `findings_of`, and the times.
        notes: what has to be said beside them.
    """
    console = Console(width=120)
    console.print(_targets_table(figures))
    pools = [pool for pool in COMPARED if pool in runs]
    if pools:
        console.print(_contenders_table(runs, figures, pools))
    for note in notes:
        console.print(note, highlight=False, markup=False)


def _targets_table(figures: Mapping[str, float]) -> Table:
    table = Table(title="must reach", title_justify="left")
    for heading in ("what", "value", "95 % interval", "target", ""):
        table.add_column(heading, justify="left" if heading in ("what", "") else "right")
    for target in TARGETS:
        value = figures.get(target.figure)
        if value is None:
            table.add_row(target.what, "not measured", "", _limit(target), "")
            continue
        low, high = (figures.get(f"{target.figure}_{end}") for end in ("low", "high"))
        interval = "" if low is None or high is None else f"{low:.2f} to {high:.2f}"
        kept = "ok" if target.kept(value) else "missed"
        table.add_row(target.what, f"{value:.3f}", interval, _limit(target), kept)
    return table


def _contenders_table(runs: Runs, figures: Mapping[str, float], pools: Sequence[str]) -> Table:
    title = f"area under the curve / labels {OURS} needs to what it has at half budget, over half budget"
    table = Table(title=title, title_justify="left")
    table.add_column("contender")
    for pool in pools:
        table.add_column(pool, justify="right")
    table.add_column("geometric mean", justify="right")
    names = dict.fromkeys(name for pool in pools for name in runs[pool] if "+pages" not in name)
    for name in names:
        cells = [_cell(figures, name, pool) for pool in pools]
        mean = figures.get(f"{_ratio_name(name)}_geomean")
        table.add_row(name, *cells, "" if mean is None else f"{mean:.2f}")
    return table


def _cell(figures: Mapping[str, float], name: str, pool: str) -> str:
    area = figures.get(f"auc_{pool}_{_key(name)}")
    if area is None:
        return ""
    ratio = figures.get(f"{_ratio_name(name)}_{pool}")
    return f"{area:.3f}" + ("" if ratio is None else f" / {ratio:.2f}")


def _ratio_name(name: str) -> str:
    return "ratio_same_start" if name == BASE else f"ratio_{_key(name)}"


def _key(name: str) -> str:
    return name.replace("+", "_")


def _limit(target: Target) -> str:
    return f"{'>=' if target.least else '<='} {target.limit:g}"


def _median(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.median(values, axis=-1))


def _mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(values.mean(axis=-1))
