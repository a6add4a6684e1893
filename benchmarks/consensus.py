"""What several people's votes add up to, against the truth: `python -m benchmarks.consensus`.

CIFAR-10N: 10,000 images, each labelled by three people (three columns of labels, about 18 % wrong each; Wei et al.
2022, "Learning with noisy labels revisited"). Each method of `labeling.consensus` says a class; how often it is the
true one is compared with a majority vote, item by item. A tie of the majority counts as the chance to draw the true
class from it. The model's opinion is out-of-fold, by goldpan's own encoder and head trained on the consensus of the
votes: it never sees the truth. cleanlab, where it is installed, is given the same opinion. Then heads are trained on
some of the items, on the latest label, on each consensus as a hard and as a soft label, and on the truth; they answer
for other items, of which they are judged by the truth.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy.stats import binomtest

from app.round_consensus import said_shares
from app.simulation.measures import mean_interval
from benchmarks.consensus_peers import ABSENT, cleanlab_consensus
from benchmarks.encoder_pools import HeldItems, data_folder
from benchmarks.report import benchmark_arguments, report
from config.schema import EncoderSection, HeadSection
from labeling.agreement import krippendorff_alpha
from labeling.consensus.contract import Consensus, Votes
from labeling.consensus.quality import annotator_quality
from labeling.consensus.registry import methods
from models.devices import fixed_threads
from models.heads.contract import TrainingSet
from models.heads.scaling import measure_scale
from models.learn import train_head
from models.second_opinion import second_opinion
from models.vectors import write_vectors

FILE = "cifar10n_10k.parquet"
PEOPLE = ("annotator_1", "annotator_2", "annotator_3")
HEAD = HeadSection()
CPU = torch.device("cpu")
BASE = "majority"
DRAWS = 2000
SIZES = (100, 1000)
"""Items of the smaller samples on which the methods are compared too."""

FIRST_SEED = 500
"""Samples drawn with lower seeds were looked at while the strengths of Dawid-Skene's priors were chosen."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class People:
    """Items that several people labelled, with their truth. n items.

    Attributes:
        said: (n, 3) the class each person gave.
        truth: (n,) the true classes, which no method sees.
        class_count: k.
        vectors: (n, d) of the items.
    """

    said: IntArray
    truth: IntArray
    class_count: int
    vectors: npt.NDArray[np.float32]

    def part(self, rows: IntArray) -> People:
        """Return some of the items."""
        return replace(self, said=self.said[rows], truth=self.truth[rows], vectors=self.vectors[rows])

    @property
    def votes(self) -> Votes:
        """Everybody's votes."""
        n, people = self.said.shape
        return Votes(
            items=np.repeat(np.arange(n), people),
            annotators=np.tile(np.arange(people), n),
            classes=self.said.reshape(-1),
            settled=np.full(n, -1, np.int64),
            annotator_count=people,
            class_count=self.class_count,
        )


def main() -> None:
    """Measure, print and write the figures."""
    arguments = benchmark_arguments(
        "consensus", "what several people's votes add up to, against the truth"
    ).parse_args()
    path = data_folder() / FILE
    if not path.exists():
        sys.exit(f"{path} is not there; set GOLDPAN_DATA to the folder that holds {FILE}")
    people = read_people(path, most=2000 if arguments.quick else 10_000)
    figures = agreement_figures(people) | accuracy_figures(people)
    for size in SIZES:
        figures |= sample_figures(people, size, draws=3 if arguments.quick else 20)
    for size in (300,) if arguments.quick else (300, 1000, 5000):
        figures |= training_figures(people, size, draws=2 if arguments.quick else 5)
    report(
        "consensus",
        in_percent(figures) | speed_figures(),
        json_path=arguments.json,
        notes=[
            "accuracy_*: share of items whose consensus is the true class; gain_*: the difference to a majority vote "
            "on the same items with its 95 % interval; mcnemar_p_*: exact sign test where the two differ.",
            "head_*: accuracy of a head trained on so many items, on items it did not see. Times are of this machine.",
            *(() if find_spec("cleanlab") else (ABSENT,)),
        ],
    )


def in_percent(figures: dict[str, float]) -> dict[str, float]:
    """Return shares as percentages, which their names then say; alpha and p-values stay."""
    kept = ("alpha", "mcnemar")
    return {
        name if name.startswith(kept) else f"{name}_percent": value if name.startswith(kept) else 100 * value
        for name, value in figures.items()
    }


def read_people(path: Path, *, most: int, seed: int = 0) -> People:
    """Read CIFAR-10N and encode its images with goldpan's own offline encoder, without any label.

    Args:
        path: the Parquet file.
        most: how many of its images, from the first on.
        seed: of the encoder.
    """
    table = pd.read_parquet(path).iloc[:most]
    names = sorted(table["label"].unique())
    codes = {name: place for place, name in enumerate(names)}
    with tempfile.TemporaryDirectory() as place:
        written = write_vectors(
            HeldItems("image", np.ones(len(table), np.bool_), all_images=list(table["image"])),
            section=EncoderSection(name="image_ssl", device="cpu"),
            seed=seed,
            folder=Path(place),
            progress=lambda share, text: None,
        )
        vectors = np.array(written.array, np.float32)
    said = np.stack([table[name].map(codes).to_numpy(np.int64) for name in PEOPLE], axis=1)
    return People(said, table["label"].map(codes).to_numpy(np.int64), len(names), vectors)


def opinion_of(people: People, found: Consensus) -> FloatArray:
    """Return (n, k) what models that did not see an item's label say of it, trained on a consensus of votes alone."""
    training = TrainingSet(
        people.vectors,
        found.classes,
        people.class_count,
        scale=measure_scale(people.vectors),
        soft=said_shares(people.votes, found),
    )
    return second_opinion(training, section=HEAD, seed=0, device=CPU)


def find(name: str, people: People) -> Consensus:
    """Return a method's consensus, with the model's opinion where it wants one."""
    method, votes = methods.get(name), people.votes
    found = method(votes)
    return method(votes, opinion_of(people, found)) if method.wants_model else found


def find_all(people: People, opinion: FloatArray) -> dict[str, Consensus]:
    """Return every method's consensus by name, cleanlab's too where it is installed and told the opinion."""
    votes = people.votes
    found = {name: methods.get(name)(votes, opinion) for name in methods.names()}
    return found | cleanlab_consensus(people.said, opinion)


def correctness(found: Consensus, truth: IntArray) -> FloatArray:
    """Return (n,) 1 where the consensus is the true class, 0 where not, and the chance to draw it from a tie."""
    best = found.probabilities >= found.confidence[:, None] - 1e-9
    return np.asarray(best[np.arange(len(truth)), truth] / best.sum(axis=1), np.float64)


def agreement_figures(people: People) -> dict[str, float]:
    """Return alpha, and each person's quality by the consensus beside the truth."""
    alpha = krippendorff_alpha(people.votes)
    assert alpha.value is not None
    assert alpha.low is not None
    assert alpha.high is not None
    figures = {"alpha": alpha.value, "alpha_low": alpha.low, "alpha_high": alpha.high}
    for name in methods.names():
        for person, quality in enumerate(annotator_quality(people.votes, find(name, people)), start=1):
            assert quality.agreement is not None
            figures[f"quality_{person}_{name}"] = quality.agreement
    for person in range(people.said.shape[1]):
        figures[f"quality_{person + 1}_truth"] = float((people.said[:, person] == people.truth).mean())
    return figures


def accuracy_figures(people: People) -> dict[str, float]:
    """Return each method's accuracy, its gain over a majority vote with interval and test, and its confidence."""
    base = find(BASE, people)
    right = correctness(base, people.truth)
    figures: dict[str, float] = {}
    opinion = opinion_of(people, find("dawid_skene", people))
    for name, found in find_all(people, opinion).items():
        own = correctness(found, people.truth)
        figures[f"accuracy_{name}"] = float(own.mean())
        figures[f"confidence_{name}"] = float(found.confidence.mean())
        if name != BASE:
            figures |= _gain(name, own, right)
            figures[f"mcnemar_p_{name}"] = _sign_test(found.classes, base, people.truth)
    figures["accuracy_of_the_model_alone"] = float((opinion.argmax(axis=1) == people.truth).mean())
    return figures


def _gain(name: str, own: FloatArray, right: FloatArray) -> dict[str, float]:
    """Return the mean difference with a bootstrap interval over items."""
    difference = own - right
    values, counts = np.unique(difference, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(difference), counts / len(difference), size=DRAWS)
    low, high = np.quantile(drawn @ values / len(difference), [0.025, 0.975])
    return {
        f"gain_{name}": float(difference.mean()),
        f"gain_{name}_low": float(low),
        f"gain_{name}_high": float(high),
    }


def _sign_test(classes: IntArray, base: Consensus, truth: IntArray) -> float:
    """Return the p-value of McNemar's exact test against a majority vote whose ties are drawn."""
    generator = np.random.default_rng(0)
    best = base.probabilities >= base.confidence[:, None] - 1e-9
    drawn = np.where(best, generator.random(best.shape), -1.0).argmax(axis=1)
    better = int(((classes == truth) & (drawn != truth)).sum())
    worse = int(((classes != truth) & (drawn == truth)).sum())
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0


def sample_figures(people: People, size: int, *, draws: int) -> dict[str, float]:
    """Return the mean gain over a majority vote in samples of so many items, the model trained on these alone."""
    gains: dict[str, list[float]] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + draws):
        rows = np.random.default_rng(seed).choice(len(people.truth), size, replace=False)
        part = people.part(rows.astype(np.int64))
        right = correctness(find(BASE, part), part.truth).mean()
        for name, found in find_all(part, opinion_of(part, find("dawid_skene", part))).items():
            if name != BASE:
                gains.setdefault(name, []).append(float(correctness(found, part.truth).mean() - right))
    return _with_intervals({f"gain_{name}_of_{size}": found for name, found in gains.items()})


def training_figures(people: People, size: int, *, draws: int) -> dict[str, float]:
    """Return how often heads are right that were trained on so many items, by what they were told."""
    found: dict[str, list[float]] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + draws):
        order = np.random.default_rng(seed).permutation(len(people.truth)).astype(np.int64)
        part, rest = people.part(order[:size]), people.part(order[size : size + 4000])
        told: dict[str, tuple[IntArray, npt.NDArray[np.float32] | None]] = {
            "latest": (part.said[:, -1], None),
            "truth": (part.truth, None),
        }
        for name in methods.names():
            agreed = find(name, part)
            told[f"{name}_hard"] = (agreed.classes, None)
            told[f"{name}_soft"] = (agreed.classes, said_shares(part.votes, agreed))
        for name, (labels, soft) in told.items():
            found.setdefault(f"head_{name}_of_{size}", []).append(_head_accuracy(part, rest, labels, soft))
    return {name: float(np.mean(values)) for name, values in found.items()} | _gains_of_heads(found, size)


def _gains_of_heads(found: dict[str, list[float]], size: int) -> dict[str, float]:
    """Return the gains of soft labels over the majority's hard ones, paired by draw."""
    base = np.array(found[f"head_{BASE}_hard_of_{size}"])
    gains = {
        f"head_gain_{name}_of_{size}": (np.array(found[f"head_{name}_of_{size}"]) - base).tolist()
        for name in ("dawid_skene_soft", "model_assisted_soft")
    }
    return _with_intervals(gains)


def _head_accuracy(
    part: People, rest: People, labels: IntArray, soft: npt.NDArray[np.float32] | None
) -> float:
    training = TrainingSet(
        part.vectors, labels, part.class_count, scale=measure_scale(part.vectors), soft=soft
    )
    trained = train_head(training, section=HEAD, seed=0, device=CPU)
    with fixed_threads(), torch.inference_mode():
        chances = torch.softmax(trained.logits(torch.tensor(rest.vectors)), dim=2).mean(dim=0).numpy()
    return float((chances.argmax(axis=1) == rest.truth).mean())


def _with_intervals(values: dict[str, list[float]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, each in values.items():
        interval = mean_interval(each)
        figures |= {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return figures


def speed_figures() -> dict[str, float]:
    """Return how long 100,000 items with three votes of thirty people take."""
    generator = np.random.default_rng(0)
    n, k = 100_000, 10
    people = np.argsort(generator.random((n, 30)), axis=1)[:, :3]
    truth = generator.integers(0, k, n)
    said = np.where(generator.random((n, 3)) < 0.8, truth[:, None], generator.integers(0, k, (n, 3)))
    votes = Votes(np.repeat(np.arange(n), 3), people.ravel(), said.ravel(), np.full(n, -1), 30, k)
    even = np.full((n, k), 1 / k)
    figures = {}
    for name in methods.names():
        began = time.perf_counter()
        methods.get(name)(votes, even)
        figures[f"{name}_1e5_s"] = time.perf_counter() - began
    began = time.perf_counter()
    krippendorff_alpha(votes)
    figures["alpha_1e5_s"] = time.perf_counter() - began
    return figures


if __name__ == "__main__":
    main()
