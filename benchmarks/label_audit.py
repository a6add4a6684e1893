"""How many wrong labels come first when labels are ranked by doubt: `python -m benchmarks.label_audit`.

CIFAR-10N (Wei et al. 2022, "Learning with noisy labels revisited"): 10,000 images with the labels that one person
really gave, about 18 % of them wrong. They are taken as they are; a head that did not see a label says how probable
each class is, by goldpan's own encoder and cross-validation, which never see the truth. Every ranking is given these
same probabilities, and those that use vectors the same vectors: goldpan's, its parts, and cleanlab's where cleanlab is
installed (`make peers`). What counts is how many of the first tenth of the labels are truly wrong. The seed is that of
the encoder and of the cross-validation. The ranking was chosen on the second person's labels, seeds 0 and 1.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt
import torch

from app.simulation.measures import mean_interval
from benchmarks.consensus import FILE, PEOPLE, People, read_people
from benchmarks.encoder_pools import data_folder
from benchmarks.report import benchmark_arguments, report
from config.schema import HeadSection
from labeling.curation.label_audit import doubt_labels, joint_opinion
from models.heads.contract import TrainingSet
from models.heads.scaling import measure_scale
from models.label_neighbours import neighbour_shares
from models.second_opinion import second_opinion

SHOWN_SHARE = 0.1
"""Share of the labels that a person looks at: the first 1,000 of 10,000."""

OURS = "goldpan"
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Given:
    """What a ranking is given. m labels, k classes.

    Attributes:
        probabilities: (m, k) out-of-fold.
        labels: (m,) as the person gave them.
        vectors: (m, d) of the items.
    """

    probabilities: FloatArray
    labels: IntArray
    vectors: npt.NDArray[np.float32]


Ranking = Callable[[Given], IntArray]
"""Returns (m,) int64, the places of all labels, the one most likely wrong first."""


def main() -> None:
    """Measure, print and write the figures."""
    arguments = benchmark_arguments("label_audit", "how many wrong labels come first").parse_args()
    path = data_folder() / FILE
    if not path.exists():
        sys.exit(f"{path} is not there; set GOLDPAN_DATA to the folder that holds {FILE}")
    absent = () if find_spec("cleanlab") else ("cleanlab is not installed here and left out: make peers",)
    seeds = range(2) if arguments.quick else range(5)
    most = 2000 if arguments.quick else 10_000
    found = {seed: read_people(path, most=most, seed=seed) for seed in seeds}
    figures: dict[str, float] = {}
    for person in range(1 if arguments.quick else len(PEOPLE)):
        figures |= person_figures(found, person)
    report(
        "label_audit",
        figures | speed_figures(),
        json_path=arguments.json,
        notes=[
            f"found_*: truly wrong labels among the first {SHOWN_SHARE:.0%} shown, mean over {len(seeds)} seeds; "
            "gain_*: goldpan's less another's on the same probabilities, with its 95 % interval; wrong: of all labels.",
            *absent,
            *([f"cleanlab {version('cleanlab')}"] if not absent else []),
        ],
    )


def rankings() -> Mapping[str, Ranking]:
    """Return the rankings by name, cleanlab's where it is installed."""
    found: dict[str, Ranking] = {
        OURS: _ours,
        "model_alone": lambda given: doubt_labels(given.probabilities, given.labels).ranked(),
        "neighbours": _neighbours,
    }
    if find_spec("cleanlab"):
        found["cleanlab_issues"] = _cleanlab_issues
        for name in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
            found[f"cleanlab_{name}"] = _cleanlab_scores(name)
    return found


def person_figures(people: Mapping[int, People], person: int) -> dict[str, float]:
    """Return how many wrong labels each ranking finds among those of one person.

    Args:
        people: the items and their vectors, by seed.
        person: which of the three people's labels are taken.
    """
    hits: dict[str, list[float]] = {}
    right: list[float] = []
    for seed, held in people.items():
        labels, truth = held.said[:, person], held.truth
        given = Given(out_of_fold(held, labels, seed=seed), labels, held.vectors)
        right.append(float((given.probabilities.argmax(axis=1) == truth).mean()))
        for name, ranking in rankings().items():
            first = ranking(given)[: round(SHOWN_SHARE * len(labels))]
            hits.setdefault(name, []).append(float((labels != truth)[first].sum()))
    mark = PEOPLE[person]
    figures = {f"wrong_{mark}": float((labels != truth).sum()), f"model_right_{mark}": float(np.mean(right))}
    figures |= {f"found_{name}_{mark}": float(np.mean(values)) for name, values in hits.items()}
    for name, values in hits.items():
        if name != OURS:
            gain = mean_interval(np.subtract(hits[OURS], values).tolist())
            named = f"gain_over_{name}_{mark}"
            figures |= {named: gain.mean, f"{named}_low": gain.low, f"{named}_high": gain.high}
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def out_of_fold(held: People, labels: IntArray, *, seed: int) -> FloatArray:
    """Return (n, k) probabilities of heads that did not see an item's label."""
    training = TrainingSet(held.vectors, labels, held.class_count, scale=measure_scale(held.vectors))
    return second_opinion(training, section=HeadSection(), seed=seed, device=torch.device("cpu"))


def speed_figures() -> dict[str, float]:
    """Return how long ranking 10,000 labels of ten classes takes."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 10, 10_000)
    vectors = generator.normal(size=(10_000, 64)).astype(np.float32)
    given = Given(generator.dirichlet(np.ones(10), 10_000), labels, vectors)
    began = time.perf_counter()
    _ours(given)
    return {"ranking_1e4_s": time.perf_counter() - began}


def _ours(given: Given) -> IntArray:
    near = neighbour_shares(given.vectors, given.labels, class_count=given.probabilities.shape[1])
    return doubt_labels(joint_opinion(given.probabilities, near), given.labels).ranked()


def _neighbours(given: Given) -> IntArray:
    near = neighbour_shares(given.vectors, given.labels, class_count=given.probabilities.shape[1])
    return doubt_labels(near, given.labels).ranked()


def _cleanlab_issues(given: Given) -> IntArray:
    """Return what cleanlab calls issues in its own order, then the other labels by the same score."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    method = "self_confidence"
    issues = find_label_issues(given.labels, given.probabilities, return_indices_ranked_by=method)
    scores = get_label_quality_scores(given.labels, given.probabilities, method=method)
    order = np.argsort(scores, kind="stable")
    return np.concatenate([issues, order[~np.isin(order, issues)]]).astype(np.int64)


def _cleanlab_scores(method: str) -> Ranking:
    def rank(given: Given) -> IntArray:
        from cleanlab.rank import get_label_quality_scores

        scores = get_label_quality_scores(given.labels, given.probabilities, method=method)
        return np.argsort(scores, kind="stable").astype(np.int64)

    return rank


if __name__ == "__main__":
    main()
