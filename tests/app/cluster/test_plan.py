from __future__ import annotations

from itertools import pairwise

import pytest

from app.cluster.plan import PART_BYTES, PARTS_A_WORKER, cut_pool


@pytest.mark.parametrize("count", [1, 63, 64, 65, 10_000, 1_000_000])
@pytest.mark.parametrize("workers", [1, 2, 50])
def test_cut_pool__all_rows_once_at_multiples_of_the_chunk(count: int, workers: int) -> None:
    cuts = cut_pool(count, workers=workers, chunk_rows=64, row_bytes=600)
    assert cuts[0][0] == 0
    assert cuts[-1][1] == count
    assert all(high == low for (_, high), (low, _) in pairwise(cuts))
    assert all(low % 64 == 0 for low, _ in cuts)
    assert len(cuts) <= PARTS_A_WORKER * workers


def test_cut_pool__parts_stay_small_enough_for_a_worker() -> None:
    cuts = cut_pool(10**9, workers=2, chunk_rows=65_536, row_bytes=592)
    assert max(high - low for low, high in cuts) * 592 <= PART_BYTES + 65_536 * 592
