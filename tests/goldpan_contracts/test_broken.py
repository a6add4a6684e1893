"""A part that breaks a promise is told which."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from goldpan_contracts import (
    ContractBrokenError,
    check_encoder,
    check_export,
    check_head,
    check_plot,
    check_reader,
    check_strategy,
)
from labeling.exports.contract import Written
from labeling.exports.csv import write_csv
from labeling.pools.contract import Column, Part, Reading
from models.encoders.tabular import TabularEncoder
from models.heads.logistic import LogisticHead
from strategies.contract import Choice, PoolState
from strategies.random_draw import random_draw
from tests.app.test_colour_columns import pool_of


def own_chance(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    return random_draw(state, batch, np.random.default_rng())


def no_sentence(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    choice = random_draw(state, batch, generator)
    return replace(choice, reasons=tuple("because" for _ in choice.reasons))


def too_few(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    return random_draw(state, min(batch, 3), generator)


def crashing(state: PoolState, batch: int, generator: np.random.Generator) -> Choice:
    raise KeyError("oh")


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (own_chance, "the same seed gives the same choice"),
        (no_sentence, "one sentence"),
        (too_few, "too_few"),
        (crashing, "it raised KeyError"),
    ],
)
def test_check_strategy__broken(strategy: Any, words: str) -> None:
    with pytest.raises(ContractBrokenError, match=words):
        check_strategy(strategy)


class Forgetful(LogisticHead):
    """Draws from torch's own generator."""

    name = "forgetful"

    def fit(self, training: Any, **more: Any) -> Any:
        trained = super().fit(training, **more)
        noise = {key: value + torch.rand_like(value) * 1e-3 for key, value in trained.tensors.items()}
        return replace(trained, tensors=noise)


def test_check_head__broken() -> None:
    with pytest.raises(ContractBrokenError, match="the same seed gives the same parameters"):
        check_head(Forgetful)


class Loud(TabularEncoder):
    """Gives unreadable items a vector."""

    def fit(self, source: Any, **more: Any) -> Any:
        fitted = super().fit(source, **more)

        class Shifted:
            dimensions = fitted.dimensions

            def transform(self, source: Any, start: int, stop: int) -> Any:
                return fitted.transform(source, start, stop) + np.float32(1)

        return Shifted()


def test_check_encoder__broken() -> None:
    with pytest.raises(ContractBrokenError, match="a vector of zeros"):
        check_encoder(Loud)


def reader_of(*keys: str) -> Any:
    def read(section: Any, path: Path) -> Reading:
        part = Part(
            keys=pa.array(keys, pa.string()),
            columns=(pa.array([1.0] * len(keys), pa.float64()),),
            problems=pa.nulls(len(keys), pa.string()),
        )
        return Reading(kind="table", columns=(Column("a", "numeric"),), parts=iter([part]))

    return read


@pytest.mark.parametrize(
    ("keys", "words"), [(("a", "a"), "same key"), (("a", ""), "not empty"), (("a",), "two items or more")]
)
def test_check_reader__broken(tmp_path: Path, keys: tuple[str, ...], words: str) -> None:
    path = tmp_path / "x"
    path.write_text("x", "utf-8")
    with pytest.raises(ContractBrokenError, match=words):
        check_reader(reader_of(*keys), path)


def secret_file(bundle: Any, folder: Path) -> Written:
    (folder / "secret.txt").write_text("x", "utf-8")
    return write_csv(bundle, folder)


def timed_file(bundle: Any, folder: Path) -> Written:
    (folder / "t.txt").write_text(str(np.random.default_rng().random()), "utf-8")
    return Written((folder / "t.txt",))


@pytest.mark.parametrize(
    ("write", "words"), [(secret_file, "every file it wrote"), (timed_file, "the same bytes")]
)
def test_check_export__broken(write: Any, words: str) -> None:
    with pytest.raises(ContractBrokenError, match=words):
        check_export(write)


def test_check_plot__broken(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, ["id,u", *(f"{row},{row}" for row in range(5))])

    def only_marked(scene: Any) -> Any:
        return scene.frame(["u"])["u"][scene.marked + 0]

    with pytest.raises(ContractBrokenError, match="only_marked"):
        check_plot(only_marked, pool)
