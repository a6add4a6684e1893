"""Labelled, predicted and wanted per class: what the Label and Balance pages show."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from app.components.balance_bars import ClassBalance
from app.round_files import RoundMeaning
from app.status import Status
from app.targets import target_shares


def class_balance(status: Status, meaning: RoundMeaning | None, *, pool_size: int) -> list[ClassBalance]:
    """Return one row a class, in the classes' order.

    Args:
        status: the present status.
        meaning: the last round's meaning; None before the first.
        pool_size: items in the pool.
    """
    shares = target_shares(status.classes)
    column = (
        {} if meaning is None or not meaning.prior else {key: i for i, key in enumerate(meaning.class_ids)}
    )
    counts = dict(status.counts)
    rows = []
    for entry, share in zip(status.classes, shares, strict=True):
        at = column.get(entry.id)
        known = meaning is not None and at is not None
        rows.append(
            ClassBalance(
                name=entry.name,
                colour=entry.colour or "#8793a0",
                labelled=counts.get(entry.id, 0),
                predicted=meaning.prior[at] * pool_size if known and meaning and at is not None else None,
                low=meaning.prior_low[at] * pool_size if known and meaning and at is not None else None,
                high=meaning.prior_high[at] * pool_size if known and meaning and at is not None else None,
                wanted_share=float(share),
                class_id=entry.id,
            )
        )
    return rows


def balance_frame(rows: Sequence[ClassBalance], *, pool_size: int) -> pd.DataFrame:
    """Return the rows as a frame for the charts.

    Columns: class_id, class_name, colour, labelled (number), predicted, low, high (shares of the pool; NaN without a
    model), target (wanted share among the labels).
    """

    def share(value: float | None) -> float:
        return float("nan") if value is None else value / pool_size

    return pd.DataFrame(
        {
            "class_id": [row.class_id for row in rows],
            "class_name": [row.name for row in rows],
            "colour": [row.colour for row in rows],
            "labelled": [row.labelled for row in rows],
            "predicted": [share(row.predicted) for row in rows],
            "low": [share(row.low) for row in rows],
            "high": [share(row.high) for row in rows],
            "target": [row.wanted_share for row in rows],
        }
    )
