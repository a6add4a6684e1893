from __future__ import annotations

import math

from app.balance_data import balance_frame, class_balance
from app.components.balance_bars import ClassBalance, balance_rows
from app.project import Project
from app.round_files import read_meaning
from app.run_now import run_now
from app.status import read_status
from tests.projects import COUNTS, label_some


def test_class_balance__before_a_model(clouds: Project) -> None:
    rows = class_balance(read_status(clouds.database), None, pool_size=clouds.pool.n)
    assert [(row.name, row.labelled, row.predicted) for row in rows] == [(name, 0, None) for name in COUNTS]


def test_class_balance__predicts_the_pool(clouds: Project) -> None:
    label_some(clouds)
    run_now(clouds)
    rows = class_balance(
        read_status(clouds.database), read_meaning(clouds.paths.rounds, 1), pool_size=clouds.pool.n
    )
    for row, true in zip(rows, COUNTS.values(), strict=True):
        assert row.predicted is not None and row.low is not None and row.high is not None
        assert abs(row.predicted - true) < 6
        assert row.low <= row.predicted <= row.high


def test_balance_frame__shares_and_missing_values() -> None:
    rows = [
        ClassBalance("a", "#000000", 3, 20.0, 10.0, 30.0, 0.5),
        ClassBalance("b", "#111111", 0, None, None, None, 0.5),
    ]
    frame = balance_frame(rows, pool_size=100)
    assert frame["predicted"].iloc[0] == 0.2
    assert math.isnan(frame["predicted"][1])


def test_balance_rows__names_are_text() -> None:
    hostile = ClassBalance("<img src=x onerror=alert(1)>", "#000000", 1, None, None, None, 1.0)
    assert "<img" not in balance_rows([hostile])


def test_balance_rows__without_classes() -> None:
    assert "first class" in balance_rows([])
