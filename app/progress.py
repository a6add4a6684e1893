"""How the labelling goes: the pace lately, and what the last round changed. Free of widgets and of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from app.context import ServerContext
from app.round_files import RoundMeaning, read_meaning
from labeling.labels import label_times
from models.errors import ModelError
from models.quality import QualityReport

PACE_OVER_S = 600.0
"""The pace is taken over this much activity."""

PAUSE_S = 120.0
"""Longer without a label is a pause and no activity."""

LEAST_S = 5.0
"""Activity below which no pace is told."""

TIMES_READ = 2_000
LOOK_BACK = 5
"""Rounds before the last one among which one with figures is looked for."""


@dataclass(frozen=True)
class RoundChange:
    """What the last round changed.

    Attributes:
        number: the round.
        gain: by how much the cross-validated balanced accuracy differs from the round before, -1 to 1; None where one
            of the two could not be measured.
        met: names of the classes that had no label in the round before and have one now.
    """

    number: int
    gain: float | None
    met: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """How the labelling goes.

    Attributes:
        pace: labels a minute lately; None before there is one.
        change: what the last round changed; None before the second round with figures.
    """

    pace: float | None = None
    change: RoundChange | None = None


def read_progress(
    context: ServerContext, meaning: RoundMeaning | None, known: RoundChange | None
) -> Progress:
    """Read how the labelling goes; bounded in the number of labels, for a reader's thread.

    Args:
        context: the running server.
        meaning: of the last round; None before the first.
        known: the change that was read last; read again only after another round.
    """
    with context.project.database.reading() as session:
        times = label_times(session, annotator_id=context.annotator_id, limit=TIMES_READ)
    if meaning is None:
        return Progress(pace_of(times))
    if known is None or known.number != meaning.number:
        known = round_change(context.project.paths.rounds, meaning)
    return Progress(pace_of(times), known)


def pace_of(times: Sequence[datetime]) -> float | None:
    """Return labels a minute over the last PACE_OVER_S of activity, pauses left out; None with too few labels.

    Args:
        times: when labels were given, newest first.
    """
    active_s, count = 0.0, 0
    for newer, older in pairwise(times):
        gap_s = (newer - older).total_seconds()
        if not 0 <= gap_s <= PAUSE_S:
            continue
        if active_s + gap_s > PACE_OVER_S:
            break
        active_s += gap_s
        count += 1
    return 60 * count / active_s if active_s >= LEAST_S else None


def round_change(rounds: Path, meaning: RoundMeaning) -> RoundChange:
    """Return what a round changed against the round before it that has figures.

    Args:
        rounds: the folder of all rounds.
        meaning: of the round.
    """
    before = None
    for number in range(meaning.number - 1, max(meaning.number - 1 - LOOK_BACK, 0), -1):
        found = read_meaning(rounds, number)
        if found is not None and found.quality is not None:
            before = found
            break
    now_report, old_report = _report(meaning), _report(before)
    if before is None or now_report is None or old_report is None:
        return RoundChange(meaning.number, None, ())
    old_labels = {before.class_ids[entry.class_index]: entry.labels for entry in old_report.per_class}
    met = tuple(
        meaning.class_names[entry.class_index]
        for entry in now_report.per_class
        if entry.labels and not old_labels.get(meaning.class_ids[entry.class_index])
    )
    gain = None
    if now_report.balanced_accuracy is not None and old_report.balanced_accuracy is not None:
        gain = now_report.balanced_accuracy.value - old_report.balanced_accuracy.value
    return RoundChange(meaning.number, gain, met)


def _report(meaning: RoundMeaning | None) -> QualityReport | None:
    if meaning is None or meaning.quality is None:
        return None
    try:
        return QualityReport.from_dict(meaning.quality)
    except ModelError:
        return None  # of an older goldpan; the Model page says so
