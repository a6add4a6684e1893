from __future__ import annotations

import pytest

from labeling.pools.contract import DATE_UNIT, Column
from labeling.pools.values import format_value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (3.0, "3"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (1234567.0, "1234567"),
        (1234567.25, "1.23457e+06"),
        (6.02e23, "6.02e+23"),
        (1e-12, "1e-12"),
    ],
)
def test_format_value__numbers_are_short(value: float | None, text: str) -> None:
    assert format_value(Column("x", "numeric"), value) == text


def test_format_value__dates() -> None:
    day = Column("d", "numeric", unit=DATE_UNIT)
    assert format_value(day, 86400.0 * 365) == "1971-01-01"
    assert format_value(day, -1.0) == "1969-12-31 23:59:59"
    assert format_value(day, 1e18) == "1e+18 s"


def test_format_value__texts_stay_as_they_are() -> None:
    assert format_value(Column("t", "text"), " a\nb ") == " a\nb "
