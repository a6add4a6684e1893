"""What the log keeps of a round so that it can be repeated, and the figures it is compared by. No torch here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.round_inputs import RoundInputs

DECIMALS = 6
"""Figures are kept and compared to so many decimals: the last digits differ from one processor to another."""

_RATES = ("balanced_accuracy", "macro_f1")
_OF_CLASSES = ("precision", "recall")


def seen_by(inputs: RoundInputs) -> dict[str, Any]:
    """Return what a round saw that may be another a minute later: classes with their names and targets, and seeks.

    Args:
        inputs: what the round looks at.

    Returns:
        `classes`: id, name and target of each, in order; `seeks`: the numbers of those that were open.
    """
    return {
        "classes": [[entry.id, entry.name, entry.target] for entry in inputs.classes],
        "seeks": [entry.id for entry in inputs.seeks],
    }


def figures_of(
    quality: Mapping[str, Any] | None,
    *,
    labels: int,
    class_names: Sequence[str] = (),
    prior: Sequence[float] = (),
) -> dict[str, float | int | None]:
    """Return what a round reached as one number for each name, such as "balanced_accuracy" or "recall: quasar".

    Args:
        quality: its quality report as a dictionary; None where it has none.
        labels: labels it learned from.
        class_names: of the classes, in the order of the report; without them the figures of classes are left out.
        prior: the pool's estimated class shares, in the same order.
    """
    found: dict[str, Any] = {} if quality is None else dict(_rates(quality))
    if quality is not None:
        found["calibration_error"] = quality.get("calibration_error")
        for class_name, entry in zip(class_names, quality.get("per_class", ()), strict=False):
            found |= {f"{name}: {class_name}": (entry.get(name) or {}).get("value") for name in _OF_CLASSES}
    found |= {f"share: {name}": share for name, share in zip(class_names, prior, strict=False)}
    numbers = {
        name: None if value is None else round(float(value), DECIMALS) for name, value in found.items()
    }
    return {"labels": labels, **numbers}


def _rates(quality: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _RATES:
        estimate = quality.get(name) or {}
        yield name, estimate.get("value")
        yield f"{name}_low", estimate.get("low")
        yield f"{name}_high", estimate.get("high")
