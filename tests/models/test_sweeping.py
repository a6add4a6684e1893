"""The pass of a GPU, its order of things on a CPU; the tests marked `gpu` compare both."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from models import sweeping
from models.sweeping import LEAST_ROWS, Residence, staged, sweep

CPU = torch.device("cpu")


def vectors_of(count: int, dimensions: int = 3, dtype: type = np.float16) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, dimensions)).astype(dtype)


def summed(part: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return part.to(torch.float32).sum(dim=1), part.to(torch.float32) * 2


class Taken:
    """Takes answers, and keeps copies."""

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []
        self.answers: list[tuple[np.ndarray, ...]] = []

    def __call__(self, start: int, stop: int, answers: tuple[np.ndarray, ...]) -> None:
        self.ranges.append((start, stop))
        self.answers.append(tuple(answer.copy() for answer in answers))


@pytest.mark.parametrize("rows", [1, 3, 10, 99])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_staged__all_rows_once_in_order_as_they_are_stored(rows: int, dtype: type) -> None:
    vectors = vectors_of(10, dtype=dtype)
    with closing(staged(vectors, CPU, rows=rows)) as parts:
        found = [(start, stop, part.clone()) for start, stop, part in parts]
    assert [stop - start for start, stop, _ in found[:-1]] == [rows] * (len(found) - 1)
    assert found[-1][1] == 10
    together = torch.cat([part for _, _, part in found]).numpy()
    assert together.dtype == dtype
    assert np.array_equal(together, vectors)


def test_staged__read_by_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "ALONE_BYTES", 8)
    monkeypatch.setattr(sweeping, "COPIERS", 3)
    vectors = vectors_of(50)
    with closing(staged(vectors, CPU, rows=16)) as parts:
        assert np.array_equal(torch.cat([part.clone() for _, _, part in parts]).numpy(), vectors)


def test_sweep__answers_come_back_in_order(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", vectors_of(25))
    mapped, taken = np.load(tmp_path / "v.npy", mmap_mode="r"), Taken()
    sweep(mapped, CPU, summed, taken, rows=10)
    assert taken.ranges == [(0, 10), (10, 20), (20, 25)]
    assert np.allclose(
        np.concatenate([first for first, _ in taken.answers]), mapped.astype(np.float32).sum(axis=1)
    )
    assert np.array_equal(
        np.concatenate([second for _, second in taken.answers]), mapped.astype(np.float32) * 2
    )


def test_sweep__parts_that_do_not_fit_become_smaller_and_all_is_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    most, taken, residence = LEAST_ROWS * 2, Taken(), Residence(lambda _: 1 << 40)
    vectors = vectors_of(LEAST_ROWS * 9)

    def answer(part: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if len(part) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.\nAdvice.")
        return summed(part)

    with caplog.at_level(logging.WARNING):
        sweep(vectors, CPU, answer, taken, rows=LEAST_ROWS * 8, key="v", residence=residence)
    assert taken.ranges[0] == (0, most)
    assert np.allclose(
        np.concatenate([first for first, _ in taken.answers]),
        vectors.astype(np.float32).sum(axis=1),
        atol=1e-5,
    )
    assert "(CUDA out of memory.); going on with 4096" in caplog.text


def test_sweep__gives_up_where_small_parts_do_not_fit() -> None:
    asked: list[int] = []

    def answer(part: torch.Tensor) -> tuple[torch.Tensor, ...]:
        asked.append(len(part))
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        sweep(vectors_of(LEAST_ROWS * 4), CPU, answer, Taken(), rows=LEAST_ROWS * 4)
    assert asked == [LEAST_ROWS * 4, LEAST_ROWS]


def test_residence__keeps_those_of_one_pool_and_reads_them_once() -> None:
    residence, first = Residence(lambda _: 10_000), vectors_of(20)
    there = residence.hold(first, CPU, key="a", rows=7)
    assert there is not None
    assert np.array_equal(there.numpy(), first)
    assert (
        residence.hold(np.zeros_like(first), CPU, key="a", rows=7) is there
    )  # known by its key, not read again
    other = residence.hold(vectors_of(20) + 1, CPU, key="b", rows=7)
    assert other is not None
    assert not np.array_equal(other.numpy(), first)


def test_residence__what_would_take_more_than_its_share_does_not_stay() -> None:
    vectors = vectors_of(20)
    assert Residence(lambda _: 2 * vectors.nbytes - 1).hold(vectors, CPU, key="a", rows=7) is None
    assert Residence(lambda _: 2 * vectors.nbytes).hold(vectors, CPU, key="a", rows=7) is not None
    assert Residence().hold(vectors, CPU, key="a", rows=7) is None  # nothing needs to stay on a CPU


def test_sweep__from_where_they_stay() -> None:
    residence, taken, vectors = Residence(lambda _: 1 << 40), Taken(), vectors_of(12)
    for _ in range(2):
        sweep(vectors, CPU, summed, taken, rows=5, key="a", residence=residence)
    assert taken.ranges == [(0, 5), (5, 10), (10, 12)] * 2
    halves = [np.concatenate([first for first, _ in taken.answers[low : low + 3]]) for low in (0, 3)]
    assert np.array_equal(halves[0], halves[1])


@pytest.mark.gpu
@pytest.mark.parametrize("key", ["", "a"])
def test_sweep__on_a_gpu_as_on_a_cpu(key: str) -> None:
    vectors, here, there = vectors_of(300_000, 64), Taken(), Taken()
    sweep(vectors, CPU, summed, here, rows=70_000)
    sweep(vectors, torch.device("cuda"), summed, there, rows=70_000, key=key, residence=Residence())
    assert here.ranges == there.ranges
    for ours, theirs in zip(here.answers, there.answers, strict=True):
        assert all(np.allclose(mine, other, atol=1e-4) for mine, other in zip(ours, theirs, strict=True))
