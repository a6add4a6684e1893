"""How a round is made easier after one that failed: fewer members, the CPU, a smaller step, a plainer head, no cluster.

Read from the log of rounds alone, where each round has how it was eased, so that any server comes to the same answer,
and a round can be repeated. Free of torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.round_failure import Cause
from config.schema import HeadSection, ProjectConfig
from labeling.round_log import RoundRow

EASED_ROUNDS = 5
"""After so many eased rounds in a row that did not fail, the settings as they are in the file are tried again."""

HARDEST = 3
CHUNK_ROWS = 65_536
"""Rows of the pool that a round scores at once, unless it is eased."""

ASKED_ROUNDS = EASED_ROUNDS
"""Rounds of the log, the newest, that decide on an easing."""


@dataclass(frozen=True)
class Easing:
    """How far a round is made easier, for each cause.

    Attributes:
        levels: from 1, by cause; empty for the settings as they are in the file.
    """

    levels: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether anything is eased."""
        return bool(self.levels)

    def harder_by(self, cause: Cause) -> Easing:
        """Return the easing after one more failure of a cause."""
        if cause is Cause.OTHER:
            return self
        level = min(self.levels.get(cause, 0) + 1, HARDEST)
        return Easing({**self.levels, str(cause): level})

    @property
    def chunk_rows(self) -> int:
        """Rows of the pool scored at once."""
        return int(CHUNK_ROWS >> (2 * self._short_of_memory))

    @property
    def _short_of_memory(self) -> int:
        # A worker that was killed says nothing; the system ends processes so where memory runs out.
        return max(self.levels.get(Cause.MEMORY, 0), self.levels.get(Cause.WORKER, 0))

    @property
    def _without_gpu(self) -> bool:
        # The pass has tried smaller parts already when a GPU's memory ends a round.
        return bool(self.levels.get(Cause.DEVICE, 0) or self.levels.get(Cause.GPU_MEMORY, 0))

    def head(self, section: HeadSection) -> HeadSection:
        """Return a head's settings as the eased round has them.

        Args:
            section: as they are in the file.
        """
        smaller = max(self._short_of_memory, self.levels.get(Cause.TIMEOUT, 0))
        diverged = self.levels.get(Cause.DIVERGED, 0)
        changes: dict[str, Any] = {}
        if smaller:
            changes["members"] = max(section.members >> smaller, 1)
        if diverged:
            changes["learning_rate"] = section.learning_rate / 100
        if smaller >= 2 or diverged >= 2:
            changes |= {"name": "logistic", "optimiser": "lbfgs", "semi_supervised": False, "mixup": False}
        if diverged >= 2:
            changes |= {"weight_decay": max(section.weight_decay, 0.01), "learn_names": False}
        if self._without_gpu:
            changes["device"] = "cpu"
        return section.model_copy(update=changes)

    def config(self, config: ProjectConfig) -> ProjectConfig:
        """Return a project's settings as the eased round has them.

        Args:
            config: as the file has them.
        """
        if not self:
            return config
        update: dict[str, Any] = {"head": self.head(config.head)}
        if self._without_gpu:
            update["encoder"] = config.encoder.model_copy(update={"device": "cpu"})
        if self.levels.get(Cause.CLUSTER, 0):
            update["rounds"] = config.rounds.model_copy(update={"scheduler": None})
        return config.model_copy(update=update)

    def words(self, section: HeadSection) -> str:
        """Return what differs, in words that follow "with"; empty where nothing does.

        Args:
            section: the head's settings as they are in the file.
        """
        eased = self.head(section)
        parts = []
        if eased.members != section.members:
            members = "1 member" if eased.members == 1 else f"{eased.members} members"
            parts.append(f"{members} in place of {section.members}")
        if self.chunk_rows != CHUNK_ROWS:
            parts.append("fewer items at once")
        if eased.name != section.name:
            parts.append(f"the head {eased.name} in place of {section.name}")
        if eased.learning_rate != section.learning_rate:
            parts.append("a smaller step")
        if eased.device != section.device:
            parts.append("the CPU alone")
        if self.levels.get(Cause.CLUSTER, 0):
            parts.append("this machine in place of the cluster")
        return ", ".join(parts)

    def to_dict(self, section: HeadSection) -> dict[str, Any]:
        """Return what the log keeps of it.

        Args:
            section: the head's settings as they are in the file.
        """
        return {
            "levels": {str(cause): level for cause, level in self.levels.items()},
            "words": self.words(section),
        }


def easing_of(row: RoundRow) -> Easing:
    """Return how a round in the log was eased.

    Args:
        row: of the log.
    """
    told = row.metrics.get("easing")
    levels = told.get("levels") if isinstance(told, dict) else None
    known = {str(cause) for cause in Cause}
    kept = {
        str(cause): min(max(int(level), 1), HARDEST)
        for cause, level in (levels.items() if isinstance(levels, dict) else ())
        if cause in known and isinstance(level, int)
    }
    return Easing(kept)


def next_easing(newest: Sequence[RoundRow]) -> Easing:
    """Return how the next round is eased.

    Args:
        newest: the newest rounds of the log, none of them running, newest first; ASKED_ROUNDS suffice.
    """
    if not newest:
        return Easing()
    last = newest[0]
    if last.state == "failed":
        cause = last.metrics.get("cause", Cause.OTHER)
        return easing_of(last).harder_by(Cause(cause) if cause in list(Cause) else Cause.OTHER)
    fine = newest[:EASED_ROUNDS]
    if len(fine) == EASED_ROUNDS and all(row.state == "done" and easing_of(row) for row in fine):
        return Easing()
    return easing_of(last)


def eased_words(row: RoundRow) -> str:
    """Return how a round in the log was eased, in words that follow "with"; empty where it was not.

    Args:
        row: of the log.
    """
    told = row.metrics.get("easing")
    words = told.get("words", "") if isinstance(told, dict) else ""
    return str(words)
