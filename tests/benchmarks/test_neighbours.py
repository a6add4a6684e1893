"""Similar items: what is drawn, and that each way that needs no library finds what exact search finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.neighbours import draw, queries, recall, run
from benchmarks.neighbours_ways import NEAREST, WAYS


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("neighbours"), 5_000, dimensions=24)


def test_draw__the_same_again_in_chunks(tmp_path: Path, drawn: Path) -> None:
    again = np.load(draw(tmp_path, 5_000, dimensions=24), allow_pickle=False)
    assert np.array_equal(again, np.load(drawn, allow_pickle=False))
    assert (again.dtype, again.shape) == (np.float16, (5_000, 24))


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if not way.library])
def test_ways__find_the_nearest(drawn: Path, name: str) -> None:
    vectors = np.load(drawn, mmap_mode="r", allow_pickle=False)
    ask = WAYS[name].build(vectors)
    asked = queries(len(vectors))[:40]
    points = np.asarray(vectors[asked], np.float32)
    gaps = np.square(np.asarray(vectors, np.float32)[None] - points[:, None]).sum(axis=2)
    right = np.argsort(gaps, axis=1, kind="stable")[:, :NEAREST]
    found = np.stack([ask(point) for point in points])
    assert (found[:, 0] == asked).all()
    assert recall(found, right) >= (0.9 if name == "cells" else 0.999)


@pytest.mark.slow
def test_run__measures_in_a_process_of_its_own(drawn: Path) -> None:
    figures, answers = run(drawn, WAYS["exact"])
    assert {"build_s", "query_ms", "query_p95_ms"} <= set(figures)
    assert (answers[:, 0] == queries(5_000)).all()
