"""Who works on a project, and what their role lets them do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; each role may do all that the ones below it may."""

    ADMIN = "admin"
    REVIEWER = "reviewer"
    ANNOTATOR = "annotator"
    VIEWER = "viewer"

    def may(self, needed: Role) -> bool:
        """Return whether this role reaches the needed one."""
        order = list(Role)
        return order.index(self) <= order.index(needed)


@dataclass(frozen=True)
class Person:
    """A person at work.

    Attributes:
        annotator_id: under which their annotations are stored.
        name: how others see them.
        role: what they may do.
    """

    annotator_id: int
    name: str
    role: Role
