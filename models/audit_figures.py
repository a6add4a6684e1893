"""What the audit set says of the model and of the pool: each figure with a 95 % interval; numpy alone.

Where the model's probabilities are known for the whole pool, a class's share is estimated by a difference: the mean
probability over the pool, corrected by how far the probabilities are off on the audit set (Cochran 1977, chapter 7;
prediction-powered inference: Angelopoulos et al. 2023, the factor tuned as in PPI++, 2023). The better the
model, the narrower the interval; a bad model makes it no wider, and no wrong model makes it wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.audit_sample import (
    AuditSample,
    FloatArray,
    Measured,
    measured_ratio,
    mid_p_interval,
    ratio_of,
    share_of,
    unmet_weight,
)
from models.errors import AuditSampleError
from models.quality import Estimate

ENOUGH_MET = 10
"""So many items of a class, and of the others, must be met before the spread of the model's errors is believed."""


@dataclass(frozen=True)
class PoolKnown:
    """What is known of the whole that the audit set was drawn from. k classes.

    Attributes:
        items: how many items it holds; of several draws put together their mean, as the sample's shares weigh them.
        found: (k,) float64; of them, items that are labelled by now, by class; the audit set's too.
        open: items of the pool that nobody has labelled by now: of no class can more be unfound.
        mean_scores: (k,) float64; mean probability of each class over them; None where it is not known.
        scores: (m, k) float64; the probabilities of the sample's items; None likewise.
        beside: items that nobody has labelled and that were not among them, since they were held out already: what they
            are the sample does not say.
    """

    items: float
    found: FloatArray
    open: int
    mean_scores: FloatArray | None = None
    scores: npt.NDArray[np.floating] | None = None
    beside: float = 0.0


@dataclass(frozen=True)
class AuditClass:
    """What the audit set says of one class.

    Attributes:
        class_index: the class.
        met: items of it in the audit set.
        predicted: items of the audit set that the model takes for it.
        precision: share of what the model takes for it that is of it; None where it takes none of the set for it.
        recall: share of its items that the model recognises; None where the set met none.
        prevalence: its share of what the set was drawn from.
        unfound: items of it in the pool that nobody has labelled yet.
    """

    class_index: int
    met: int
    predicted: int
    precision: Estimate | None
    recall: Estimate | None
    prevalence: Estimate
    unfound: Estimate


@dataclass(frozen=True)
class AuditFigures:
    """What the audit set says.

    Attributes:
        answered: items it rests on.
        accuracy: share of the items the model gets right; None without a model.
        balanced_accuracy: mean recall over the classes met; None where none was met, or without a model.
        classes: one entry a class, in the order of the columns.
    """

    answered: int
    accuracy: Estimate | None
    balanced_accuracy: Estimate | None
    classes: tuple[AuditClass, ...]

    @property
    def met(self) -> int:
        """How many classes the audit set met."""
        return sum(entry.met > 0 for entry in self.classes)


def audit_figures(sample: AuditSample, known: PoolKnown) -> AuditFigures:
    """Return what an audit set says.

    Args:
        sample: the items that were drawn and answered.
        known: what is known of the whole.

    Raises:
        AuditSampleError: nothing was answered, or the known has other lengths.
    """
    if not sample.size:
        raise AuditSampleError("none of the audit set is answered yet; label some of it first")
    if known.scores is not None and len(known.scores) != sample.size:
        raise AuditSampleError(f"{len(known.scores)} rows of scores for {sample.size} answers; give one each")
    joined = sample.joined()
    classes = tuple(_class_figures(joined, known, column) for column in range(len(known.found)))
    judged = bool((sample.predicted >= 0).any())
    return AuditFigures(
        answered=sample.size,
        accuracy=share_of(joined, sample.truth == sample.predicted) if judged else None,
        balanced_accuracy=mean_of([entry.recall for entry in classes if entry.recall is not None])
        if judged
        else None,
        classes=classes,
    )


def recall_of(sample: AuditSample, column: int) -> Estimate | None:
    """Estimate the share of a class's items that the model recognises; None where none was met."""
    found = measured_recall(sample, column)
    return None if found is None else found.estimate()


def measured_recall(sample: AuditSample, column: int) -> Measured | None:
    """Return what the interval of `recall_of` is read off; None likewise."""
    said = sample.predicted == column
    return measured_ratio(sample, said, sample.truth == column, hit_room=said, miss_room=~said)


def precision_of(sample: AuditSample, column: int) -> Estimate | None:
    """Estimate the share of what the model takes for a class that is of it; None where it takes none for it."""
    said = sample.predicted == column
    return ratio_of(sample, sample.truth == column, said, hit_room=said, miss_room=said)


def difference_share(
    sample: AuditSample, hits: npt.NDArray[np.bool_], scores: FloatArray, mean_score: float
) -> Estimate:
    """Estimate a share from the sample and the model's scores over the whole.

    Args:
        sample: the sample; strata of one answer joined before.
        hits: (m,) bool.
        scores: (m,) what the model says of the items; it must not have learned from them.
        mean_score: the mean of the same over all that the sample was drawn from.
    """
    every = np.ones(sample.size, np.bool_)
    spread = sample.variance(scores)
    # The factor that makes the variance least, by polarisation; 0 leaves the model out.
    both = sample.variance(hits + scores) - sample.variance(hits.astype(np.float64)) - spread
    factor = float(np.clip(0.5 * both / spread, 0.0, 1.0)) if spread > 0 else 0.0
    left = hits - factor * scores
    value = float(np.clip(factor * mean_score + (sample.weights * left).sum(), 0.0, 1.0))
    weight = unmet_weight(sample, every)
    low, high = mid_p_interval(
        value, sample.variance(left), hit=weight / (1.0 + weight), miss=weight / (1.0 + weight)
    )
    return Estimate(value, min(low, value), max(high, value))


def prevalence_of(sample: AuditSample, known: PoolKnown, column: int) -> Estimate:
    """Estimate a class's share of what the sample was drawn from, with the model's help where that can be trusted."""
    hits = sample.truth == column
    plain = share_of(sample, hits)
    assert plain is not None
    met = int(hits.sum())
    if known.scores is None or known.mean_scores is None or min(met, sample.size - met) < ENOUGH_MET:
        return plain
    scores = np.asarray(known.scores[:, column], np.float64)
    return difference_share(sample, hits, scores, float(known.mean_scores[column]))


def unfound_of(prevalence: Estimate, known: PoolKnown, column: int) -> Estimate:
    """Turn a class's share of the whole into how many of it nobody has labelled yet.

    Each of the items beside may be of the class: the upper end counts them all.
    """
    low, value, high = (
        float(np.clip(share * known.items - known.found[column] + more, 0.0, known.open))
        for share, more in (
            (prevalence.low, 0.0),
            (prevalence.value, 0.0),
            (prevalence.high, known.beside),
        )
    )
    return Estimate(value, low, high)


def mean_of(parts: Sequence[Estimate]) -> Estimate | None:
    """Return the mean of independent estimates, each end as far away as the parts' ends together (Zou & Donner 2008).

    Recalls of different classes rest on different items, so that they are nearly independent.
    """
    if not parts:
        return None
    value = float(np.mean([part.value for part in parts]))
    below = float(np.sqrt(sum((part.value - part.low) ** 2 for part in parts))) / len(parts)
    above = float(np.sqrt(sum((part.high - part.value) ** 2 for part in parts))) / len(parts)
    return Estimate(value, max(0.0, value - below), min(1.0, value + above))


def _class_figures(sample: AuditSample, known: PoolKnown, column: int) -> AuditClass:
    prevalence = prevalence_of(sample, known, column)
    return AuditClass(
        class_index=column,
        met=int((sample.truth == column).sum()),
        predicted=int((sample.predicted == column).sum()),
        precision=precision_of(sample, column),
        recall=recall_of(sample, column),
        prevalence=prevalence,
        unfound=unfound_of(prevalence, known, column),
    )
