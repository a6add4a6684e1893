"""Predictions that are exported as labels because somebody asked for it, and what is said of them everywhere.

Nothing here is a label that a person gave. Such a row has the act `predicted`, no annotator and no time; `label_source`
is `model` and `probability` what the model gave, in every format that has rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from labeling.exports.contract import AUTO, ExportBundle

PREDICTED = "predicted"
"""The act of such a row."""


@dataclass(frozen=True)
class AutoClass:
    """What was added of one class.

    Attributes:
        class_name: the class.
        threshold: predictions of this probability or higher were taken; None where none were.
        added: how many.
        capped: whether there were more, which the cap left out.
        audited: items of the audit set that the same rule takes.
        wrong: share of them that is of another class, weighed as they were drawn, with the ends of its 95 % interval;
            None where the rule takes none of the audit set.
    """

    class_name: str
    threshold: float | None
    added: int
    capped: bool
    audited: int
    wrong: tuple[float, float, float] | None


@dataclass(frozen=True)
class AutoLabels:
    """Predictions added as labels.

    Attributes:
        round_number: the round whose model predicts.
        target: share of right ones that the thresholds were chosen for, by cross-validation.
        cap: at most so many of a class.
        audited: whether an audit set says how many are wrong.
        wrong: the share wrong among all that the rule takes; as of `AutoClass`.
        classes: one entry a class, in the order of the classes.
    """

    round_number: int
    target: float
    cap: int
    audited: bool
    wrong: tuple[float, float, float] | None
    classes: tuple[AutoClass, ...]

    @property
    def added(self) -> int:
        """How many in all."""
        return sum(entry.added for entry in self.classes)


def with_auto_labels(
    bundle: ExportBundle, auto: AutoLabels, *, item_keys: list[str], rows: list[int], labels: pd.DataFrame
) -> ExportBundle:
    """Return a bundle with predictions added as labels.

    Args:
        bundle: what people said.
        auto: what is said of the predictions.
        item_keys: m keys of items that nobody annotated.
        rows: m rows of the pool.
        labels: m rows: `class_name` and `probability`.
    """
    added = pd.DataFrame(
        {
            "item_key": item_keys,
            "row": pd.array(rows, dtype="Int64"),
            "class_name": labels["class_name"].to_numpy(object),
            "act": PREDICTED,
            "round": pd.array([auto.round_number] * len(rows), dtype="Int64"),
            "kind": "",
            "strategy": "",
            "audit_set": False,
            "votes": pd.array([0] * len(rows), dtype="Int64"),
            "label_source": AUTO,
            "probability": labels["probability"].to_numpy(float),
        }
    )
    columns = list(dict.fromkeys([*bundle.labels.columns, *added.columns]))
    told = added.reindex(columns=columns).astype(object)
    both = pd.concat([bundle.labels.reindex(columns=columns).astype(object), told], ignore_index=True)
    return replace(bundle, labels=both, auto=auto)


def auto_sentences(auto: AutoLabels) -> list[str]:
    """Say what was added, by which rule, and how much of it is wrong."""
    head = (
        f"{auto.added:,} predictions of the model of round {auto.round_number} are added as labels, marked "
        f"label_source = {AUTO} with their probability: at most {auto.cap:,} of a class, surest first, above a "
        f"threshold that cross-validation puts at {100 * auto.target:g} % right."
    )
    if not auto.audited:
        return [head, "How many of them are wrong is not known: there was no audit set."]
    told = [head, f"Of what this rule takes, the audit set finds wrong: {_wrong(auto.wrong)}."]
    return told + [_class_sentence(entry) for entry in auto.classes]


def _class_sentence(entry: AutoClass) -> str:
    if entry.threshold is None:
        return f"{entry.class_name}: none added, no threshold is sure enough."
    capped = ", as many as the cap lets" if entry.capped else ""
    return (
        f"{entry.class_name}: {entry.added:,} added{capped}, probability {entry.threshold:.3f} or higher; wrong: "
        f"{_wrong(entry.wrong)}, from {entry.audited:,} items."
    )


def _wrong(share: tuple[float, float, float] | None) -> str:
    if share is None:
        return "not known, it takes none of the audit set"
    value, low, high = (100 * each for each in share)
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"
