"""Whether it is time to stop labelling: what the rounds show, as plain values that travel as JSON. No torch here.

Three looks, none of which needs labels drawn at random: do predictions still change from round to round (Bloodgood &
Vijay-Shanker 2009), what would the next hundred labels bring, and what is still unfound. What comes out is advice with
its reason; nobody is stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.errors import ModelError
from models.quality import Estimate

SETTLED = 0.99
"""Mean agreement from which predictions count as settled; the threshold of Bloodgood & Vijay-Shanker."""

WINDOW = 3
"""Comparisons whose mean is looked at, as there."""

STEP_LABELS = 20
"""Two models are compared when so many labels lie between them: after every label nothing ever changes much."""

SMALL_GAIN = 0.01
"""A rise of balanced accuracy that is hardly worth a hundred labels."""

MORE_LABELS = 100
"""Labels whose gain is estimated."""

NAMED_CLASSES = 20
"""Classes listed with their unfound items: those with the fewest labels."""

MOST_POINTS = 60
"""Points of the curve that are carried along."""

VERDICTS = ("too_early", "go_on", "unsure", "may_stop")
"""From nothing to say yet to nothing that speaks against stopping."""


@dataclass(frozen=True)
class CurvePoint:
    """How good the model was in one round.

    Attributes:
        labels: labels it was trained on.
        level: mean recall by cross-validation, chained: from point to point it moves by the mean change over the
            classes measured both times, so that a class met late does not make it fall.
    """

    labels: int
    level: float


@dataclass(frozen=True)
class Watch:
    """The last model whose predictions on the watched rows are kept, and how it agreed with those before.

    Attributes:
        round_number: the round whose folder holds them; 0 for none.
        labels: labels it was trained on.
        agreements: of each model with the one before it, oldest first, at most WINDOW.
    """

    round_number: int = 0
    labels: int = 0
    agreements: tuple[Estimate, ...] = ()


@dataclass(frozen=True)
class Course:
    """What the rounds so far have shown; each round takes it from the one before.

    Attributes:
        pool: hash of the pool it is about.
        points: the curve so far, labels rising.
        recalls: recall of each class in the last round, by the class's id as text.
        watch: the model the next one is compared with.
    """

    pool: str = ""
    points: tuple[CurvePoint, ...] = ()
    recalls: Mapping[str, float] | None = None
    watch: Watch = Watch()


@dataclass(frozen=True)
class Unfound:
    """Items of a class that have no label yet.

    Attributes:
        class_name: the class.
        labels: labels it has.
        items: how many items of it are estimated to be without; None where the class has no label yet.
    """

    class_name: str
    labels: int
    items: Estimate | None


@dataclass(frozen=True)
class Stopping:
    """Advice on stopping, with the figures it rests on.

    Attributes:
        verdict: one of VERDICTS.
        labels: labels of the round.
        left: items that nobody has looked at yet.
        stability: mean agreement of the predictions over the last comparisons; None before WINDOW of them.
        compared: comparisons so far, at most WINDOW.
        gain: expected rise of balanced accuracy with MORE_LABELS more labels, or as many as are left; None where the
            curve does not tell.
        unfound: unfound items of the classes with the fewest labels, at most NAMED_CLASSES, the fewest labels first.
        classes: all classes there are.
        unmet: classes with a name and no label yet.
        unknown: estimated number of classes without any label, named or not; None without labels.
        new_class: chance that a label drawn at random would be of such a class; None likewise.
        course: what the next round goes on from.
    """

    verdict: str
    labels: int
    left: int
    stability: Estimate | None
    compared: int
    gain: Estimate | None
    unfound: tuple[Unfound, ...]
    classes: int
    unmet: int
    unknown: Estimate | None
    new_class: Estimate | None
    course: Course

    def to_dict(self) -> dict[str, Any]:
        """Return the advice as dicts, lists, numbers and texts."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Stopping:
        """Make the advice from what `to_dict` returned, also after a way through JSON.

        Args:
            data: the advice as a dict.

        Raises:
            ModelError: something is missing or of the wrong kind.
        """
        try:
            if data["verdict"] not in VERDICTS:
                raise ValueError(f"verdict {data['verdict']!r}")
            return cls(
                verdict=str(data["verdict"]),
                labels=int(data["labels"]),
                left=int(data["left"]),
                stability=_estimate(data["stability"]),
                compared=int(data["compared"]),
                gain=_estimate(data["gain"]),
                unfound=tuple(
                    Unfound(str(entry["class_name"]), int(entry["labels"]), _estimate(entry["items"]))
                    for entry in data["unfound"]
                ),
                classes=int(data["classes"]),
                unmet=int(data["unmet"]),
                unknown=_estimate(data["unknown"]),
                new_class=_estimate(data["new_class"]),
                course=_course(data["course"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(
                f"this is no advice on stopping ({error!r}); let a round make a new one"
            ) from error


def decide(
    *,
    trained: bool,
    left: int,
    stability: Estimate | None,
    gain: Estimate | None,
    unmet: int,
    unknown: Estimate | None,
) -> str:
    """Return the verdict that the figures allow.

    Args:
        trained: whether there is a model.
        left: items that nobody has looked at yet.
        stability: mean agreement over the last comparisons; None where there were too few.
        gain: expected rise with more labels; None where the curve does not tell.
        unmet: classes with a name and no label.
        unknown: estimated number of classes without labels.

    Returns:
        `go_on` where predictions still change, the curve clearly rises or classes are missing; else `may_stop` where
        hardly any gain is expected, and `unsure` where the curve does not tell or its rise may be chance. `too_early`
        before enough models could be compared. Where nothing is left to label `may_stop`, whatever else.
    """
    if not left:
        return "may_stop"
    if not trained or stability is None:
        return "too_early"
    changing = stability.value < SETTLED
    rising = gain is not None and gain.value >= SMALL_GAIN and gain.low > 0.0
    missing = unmet > 0 or (unknown is not None and unknown.value >= 1.0)
    if changing or rising or missing:
        return "go_on"
    return "may_stop" if gain is not None and gain.value < SMALL_GAIN else "unsure"


def next_points(
    points: Sequence[CurvePoint], *, labels: int, figure: float, change: float | None
) -> tuple[CurvePoint, ...]:
    """Return the curve with the new round in it.

    Args:
        points: the curve so far.
        labels: labels of the round; points with as many or more (labels were taken back) are dropped.
        figure: its balanced accuracy; where the curve begins.
        change: how much the recalls moved on average since the last point; None where no class was measured twice.
    """
    level = points[-1].level + change if points and change is not None else figure
    kept = [point for point in points if point.labels < labels] if change is not None else []
    return _thinned([*kept, CurvePoint(labels, round(level, 5))])


def _thinned(points: list[CurvePoint]) -> tuple[CurvePoint, ...]:
    """Keep the curve short over a long project: beyond MOST_POINTS every second one of its older half goes."""
    if len(points) > MOST_POINTS:
        half = len(points) // 2
        points = points[:half:2] + points[half:]
    return tuple(points)


def _estimate(data: Mapping[str, Any] | None) -> Estimate | None:
    return None if data is None else Estimate(float(data["value"]), float(data["low"]), float(data["high"]))


def _course(data: Mapping[str, Any]) -> Course:
    watch = data["watch"]
    agreements = [_estimate(entry) for entry in watch["agreements"]]
    recalls = data["recalls"]
    return Course(
        pool=str(data["pool"]),
        points=tuple(CurvePoint(int(point["labels"]), float(point["level"])) for point in data["points"]),
        recalls=None if recalls is None else {str(key): float(value) for key, value in recalls.items()},
        watch=Watch(
            int(watch["round_number"]),
            int(watch["labels"]),
            tuple(entry for entry in agreements if entry is not None),
        ),
    )
