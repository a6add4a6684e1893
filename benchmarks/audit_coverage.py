"""How often the audit set's 95 % intervals hold the truth, on pools whose truth is known.

Each trial draws an audit set anew from one of many made-up pools of three classes and a model that is right more or
less often, and asks whether each interval holds what the whole pool says. The rare class's share varies by half around
what the table says: at one share exactly, counts as small as these make every interval's coverage jump by several
percent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.report import benchmark_arguments, report
from models.audit_design import Draw, draw_random, draw_stratified
from models.audit_figures import AuditFigures, PoolKnown, audit_figures
from models.audit_sample import AuditSample
from models.quality import Estimate
from models.quality_figures import BINS, QualityFigures, bins_of, calibration_of, quality_figures

PREVALENCES = (0.01, 0.1, 0.5)
SIZES = (100, 300, 1000)
DESIGNS = ("random", "stratified")
ITEMS = 20_000
POOLS = 60
SPREAD = 1.5
SKILLS = {"good": (1.5, 3.5), "bad": (0.0, 1.5)}
"""How much higher a model's logit of the right class is than of others, in standard deviations of its noise, about."""
NAMES = ("rare", "second", "third")
SHARES = ("prevalence", "recall", "precision", "accuracy", "balanced_accuracy", "second_prevalence")
QUALITIES = (
    "f1",
    "auroc",
    "auprc",
    "macro_f1",
    "g_mean",
    "macro_auroc",
    "macro_auprc",
    "gap",
    "calibration_error",
)
FIGURES = (*SHARES, *QUALITIES)
"""What is looked at; `f1`, `auroc`, and `auprc` are the rare class's."""

GROUPS = ("few", "many", "many")


@dataclass(frozen=True)
class MadePool:
    """A pool whose truth is known. n items, k classes.

    Attributes:
        truth: (n,) int64 classes.
        scores: (n, k) probabilities of the model.
        predicted: (n,) int64 likeliest classes.
    """

    truth: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.int64]

    def true_figures(self, *, bins: int = BINS, quality: bool = True) -> dict[str, float]:
        """Return what the whole pool says of the model and the first two classes.

        Args:
            bins: of the calibration error.
            quality: whether the figures of `QUALITIES` are among them.
        """
        right = self.truth == self.predicted
        recalls = [float(right[self.truth == column].mean()) for column in range(len(NAMES))]
        said = self.predicted == 0
        more: dict[str, float] = {}
        if quality:
            found = quality_figures(self.census(), self.scores, groups=GROUPS)
            more = {name: each.value for name, each in qualities(found).items() if each is not None}
            more["calibration_error"] = calibration_of(self.census(), self.scores, bins=bins).value
        return {
            "prevalence": float((self.truth == 0).mean()),
            "recall": recalls[0],
            "precision": float(right[said].mean()) if said.any() else float("nan"),
            "accuracy": float(right.mean()),
            "balanced_accuracy": float(np.mean(recalls)),
            "second_prevalence": float((self.truth == 1).mean()),
            **more,
        }

    def census(self) -> AuditSample:
        """Return the sample that is the whole pool."""
        n = len(self.truth)
        return AuditSample(np.zeros(n, np.int64), np.array([n]), np.ones(1), self.truth, self.predicted)


@dataclass
class Tally:
    """How often a figure's interval held the truth.

    Attributes:
        asked: trials in which there was an interval.
        held: of them, those in which it held the truth.
        above: those in which the truth lay above it.
        width: the sum of the widths.
    """

    asked: int = 0
    held: int = 0
    above: int = 0
    width: float = 0.0

    def add(self, estimate: Estimate, truth: float) -> None:
        """Count one interval."""
        self.asked += 1
        self.held += estimate.low - 1e-9 <= truth <= estimate.high + 1e-9
        self.above += truth > estimate.high + 1e-9
        self.width += estimate.high - estimate.low

    @property
    def coverage_percent(self) -> float:
        """In how many of a hundred trials the interval held the truth."""
        return 100.0 * self.held / max(self.asked, 1)

    @property
    def mean_width(self) -> float:
        """How wide the interval was."""
        return self.width / max(self.asked, 1)


def make_pool(
    prevalence: float, *, items: int, generator: np.random.Generator, skill: str = "good"
) -> MadePool:
    """Make a pool with a rare class, and a model of some skill, one of `SKILLS`, that knows nothing of its rarity."""
    share = float(np.clip(prevalence * SPREAD ** generator.uniform(-1, 1), 0.0, 0.75))
    truth = generator.choice(len(NAMES), size=items, p=[share, 0.4 * (1 - share), 0.6 * (1 - share)])
    logits = generator.normal(size=(items, len(NAMES))) * generator.uniform(0.8, 1.2)
    logits[np.arange(items), truth] += generator.uniform(*SKILLS[skill])
    logits += np.log([share, 0.4 * (1 - share), 0.6 * (1 - share)]) * generator.uniform(0.5, 1.0)
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    return MadePool(truth.astype(np.int64), scores, scores.argmax(axis=1).astype(np.int64))


def draw_from(pool: MadePool, *, size: int, design: str, generator: np.random.Generator) -> Draw:
    """Draw an audit set from a pool."""
    rows = np.arange(len(pool.truth), dtype=np.int64)
    if design == "random":
        return draw_random(rows, size=size, generator=generator)
    sure = pool.scores.max(axis=1)
    return draw_stratified(rows, pool.predicted, sure, class_names=NAMES, size=size, generator=generator)


def answer(pool: MadePool, drawn: Draw, *, quality: bool = True) -> dict[str, Estimate | None]:
    """Return what the drawn items say, once they are labelled; the figures of `QUALITIES` only if wanted."""
    n, rows = len(pool.truth), drawn.rows
    sample = AuditSample(drawn.strata, drawn.sizes, drawn.sizes / n, pool.truth[rows], pool.predicted[rows])
    known = PoolKnown(n, np.zeros(len(NAMES)), n, pool.scores.mean(axis=0), pool.scores[rows])
    told = dict(estimates(audit_figures(sample, known)))
    if quality:
        told |= qualities(quality_figures(sample.joined(), pool.scores[rows], groups=GROUPS))
    return told


def measure(
    prevalence: float,
    size: int,
    design: str,
    *,
    trials: int,
    seed: int,
    items: int = ITEMS,
    every: int = 1,
    skill: str = "good",
) -> dict[str, Tally]:
    """Return how often each figure's interval held the truth.

    Args:
        prevalence: share of the rare class, about.
        size: items of the audit set.
        design: "random" or "stratified".
        trials: audit sets drawn.
        seed: of everything.
        items: items of each pool.
        every: the figures of `QUALITIES`, which take longest, are computed of one audit set in so many.
        skill: of the models, one of `SKILLS`.
    """
    generator = np.random.default_rng([seed, size, int(1000 * prevalence), DESIGNS.index(design)])
    pools = [make_pool(prevalence, items=items, generator=generator, skill=skill) for _ in range(POOLS)]
    truths = [
        pool.true_figures(bins=bins_of(size), quality=number % every == 0 or bool(POOLS % every))
        for number, pool in enumerate(pools)
    ]
    tallies = {name: Tally() for name in FIGURES}
    for trial in range(trials):
        pool, truth = pools[trial % POOLS], truths[trial % POOLS]
        drawn = draw_from(pool, size=size, design=design, generator=generator)
        for name, estimate in answer(pool, drawn, quality=trial % every == 0).items():
            if estimate is not None:
                tallies[name].add(estimate, truth[name])
    return tallies


def qualities(found: QualityFigures) -> dict[str, Estimate | None]:
    """Return the figures for unequal classes, by name; those over all classes only where all were met."""
    rare, whole = found.classes[0], found.met == len(NAMES)
    of_all = {
        "macro_f1": found.macro_f1,
        "g_mean": found.g_mean,
        "macro_auroc": found.auroc,
        "macro_auprc": found.auprc,
        "gap": None if found.disparity is None else found.disparity.gap,
    }
    return {
        "f1": rare.f1,
        "auroc": rare.auroc,
        "auprc": rare.auprc,
        **(of_all if whole else dict.fromkeys(of_all)),
        "calibration_error": found.calibration_error,
    }


def estimates(found: AuditFigures) -> Mapping[str, Estimate | None]:
    """Return the figures of `SHARES`, by name."""
    rare, second = found.classes[:2]
    return {
        "prevalence": rare.prevalence,
        "recall": rare.recall,
        "precision": rare.precision,
        "accuracy": found.accuracy,
        "balanced_accuracy": found.balanced_accuracy if found.met == len(NAMES) else None,
        "second_prevalence": second.prevalence,
    }


def main() -> None:
    """Measure all of the table."""
    parser = benchmark_arguments("audit_coverage", "how often the audit set's intervals hold the truth")
    parser.add_argument("--trials", type=int, default=4000, help="audit sets drawn for each row")
    parser.add_argument("--skill", choices=sorted(SKILLS), default="good", help="of the models")
    arguments = parser.parse_args()
    trials = 300 if arguments.quick else arguments.trials
    figures: dict[str, float] = {}
    lines = [f"design, prevalence, size: coverage in percent over {trials} audit sets (mean width)"]
    for design in DESIGNS:
        for prevalence in PREVALENCES:
            for size in SIZES:
                found = measure(prevalence, size, design, trials=trials, seed=1, skill=arguments.skill)
                for name, tally in found.items():
                    key = f"{design}_{100 * prevalence:g}_{size}_{name}"
                    figures[f"{key}_coverage_percent"] = round(tally.coverage_percent, 2)
                told = (
                    f"{name} {tally.coverage_percent:.1f} ({tally.mean_width:.3f})"
                    for name, tally in found.items()
                )
                lines.append(f"{design}, {100 * prevalence:g} %, {size}: {', '.join(told)}")
    report("audit_coverage", figures, json_path=arguments.json, notes=lines)


if __name__ == "__main__":
    main()
