"""Tests of who may do what."""

from __future__ import annotations

import pytest

from labeling.people import Role


@pytest.mark.parametrize(
    ("role", "needed", "allowed"),
    [
        (Role.ADMIN, Role.ADMIN, True),
        (Role.ADMIN, Role.VIEWER, True),
        (Role.REVIEWER, Role.ADMIN, False),
        (Role.ANNOTATOR, Role.REVIEWER, False),
        (Role.ANNOTATOR, Role.ANNOTATOR, True),
        (Role.VIEWER, Role.ANNOTATOR, False),
    ],
)
def test_may__each_role_includes_those_below(role: Role, needed: Role, allowed: bool) -> None:
    assert role.may(needed) is allowed
