from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.heads import DEFAULT, VARIANTS, draw, draw_labels, gains, markdown, measure
from config.schema import HeadSection


def table() -> pd.DataFrame:
    rows = [
        {"pool": "digits", "labels": 20, "seed": seed, "variant": name, "accuracy": right, "log_loss": loss}
        for seed in (0, 1)
        for name, right, loss in ((DEFAULT, 0.70 + seed / 10, 0.9), ("mlp", 0.73 + seed / 10, 0.8))
    ]
    return pd.DataFrame(rows)


def test_gains__are_paired_by_seed_and_above_zero_is_better() -> None:
    assert gains(table(), "accuracy")["mlp", "all", 20].mean == pytest.approx(0.03)
    assert gains(table(), "log_loss")["mlp", "digits", 20].mean == pytest.approx(0.1)


def test_markdown__marks_what_excludes_zero() -> None:
    assert "| 20 | logistic | 75.0 | 75.0 |" in markdown(table(), "accuracy")
    assert "**+3.0** ± 0.0" in markdown(table(), "accuracy")


def test_draw_labels__a_long_tail_with_every_class() -> None:
    pool = draw("digits", 0)
    training = draw_labels(pool, 100, seed=0)
    counts = np.sort(training.label_counts)
    assert counts.min() >= 1
    assert counts.max() >= 5 * counts.min()
    assert 90 <= counts.sum() <= 110
    assert training.unlabelled is not None
    assert len(training.unlabelled) == len(pool.truth) - counts.sum()


def test_measure__the_default_learns_the_digits() -> None:
    pool = draw("digits", 0)
    found = measure(pool, draw_labels(pool, 100, seed=0), VARIANTS[DEFAULT], seed=0)
    assert found["accuracy"] > 0.75
    assert 0 < found["log_loss"] < 1.0


def test_variants__are_valid_settings() -> None:
    sections = [HeadSection.model_validate(variant.changes) for variant in VARIANTS.values()]
    assert len(set(map(repr, sections))) == len(VARIANTS)
