from __future__ import annotations

import numpy as np
import pytest

from app.targets import target_shares
from labeling.classes import LabelClass


def classes(*targets: float | None) -> list[LabelClass]:
    return [
        LabelClass(
            id=number, name=str(number), position=number, key=None, colour=None, parent_id=None, description="",
            target=target, archived=False,
        )
        for number, target in enumerate(targets)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("targets", "shares"),
    [
        ((), []),
        ((None, None), [0.5, 0.5]),
        ((3.0, 1.0), [0.75, 0.25]),
        ((2.0, None), [0.5, 0.5]),
        ((0.0, 0.0), [0.5, 0.5]),
        ((0.0, 1.0), [0.0, 1.0]),
    ],
)
def test_target_shares__sum_to_one(targets: tuple[float | None, ...], shares: list[float]) -> None:
    assert np.allclose(target_shares(classes(*targets)), shares)
