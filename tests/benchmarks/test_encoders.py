from __future__ import annotations

import numpy as np
import pytest

from benchmarks.encoder_pools import STRAY, image_pools, table_pools
from benchmarks.encoders import probe


def test_probe__clear_classes_are_found_and_noise_is_not() -> None:
    truth = np.repeat(np.arange(3), 100)
    noise = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    clear = noise + 10 * np.eye(3, 4, dtype=np.float32)[truth]
    assert all(mean > 0.99 for mean, _ in probe(clear, truth, draws=2).values())
    assert all(mean < 0.6 for mean, _ in probe(noise, truth, draws=2).values())


def test_probe__the_same_draws_each_time() -> None:
    truth = np.repeat(np.arange(2), 80)
    vectors = np.random.default_rng(0).normal(size=(160, 3)).astype(np.float32) + truth[:, None]
    assert probe(vectors, truth, draws=2) == probe(vectors, truth, draws=2)


def test_image_pools__digits_need_no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("GOLDPAN_DATA", str(tmp_path))
    pools = image_pools(most=100)
    assert [pool.name for pool in pools] == ["digits"]
    assert len(pools[0].items) == len(pools[0].truth) == 1797
    assert table_pools() == []


@pytest.mark.shared_data
def test_table_pools__are_spoiled_as_they_say() -> None:
    pools = {pool.name: pool.items.table for pool in table_pools()}
    if "sdss" not in pools:
        pytest.skip("sdss.csv is not here; set GOLDPAN_DATA to the folder that has it")
    assert not pools["sdss"].isna().any().any()
    assert (pools["sdss strays"] == STRAY).mean().mean() == pytest.approx(0.01, abs=0.003)
    assert pools["sdss gaps"].isna().mean().mean() == pytest.approx(0.2, abs=0.02)
