"""The map's axes on a cluster: every item where one machine puts it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.cluster import place, there
from app.cluster.plan import Part
from app.errors import PartUnseenError
from models import projection
from models.projection import open_projection, write_projection


@pytest.mark.parametrize("seen", [True, False])
def test_write_projection__cluster_gives_the_same(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    monkeypatch.setattr(projection, "CHUNK_ROWS", 64)
    vectors = np.random.default_rng(0).normal(size=(1_000, 5)).astype(np.float32)
    np.save(tmp_path / "vectors.npy", vectors)
    if not seen:

        def unseen(part: Part) -> np.ndarray:
            raise PartUnseenError("not mounted")

        monkeypatch.setattr(there, "open_part", unseen)
    asked = place.ClusterPlace(scheduler, tmp_path / "vectors.npy", f"hash {seen}")
    for name, elsewhere in (("here", None), ("there", asked)):
        write_projection(vectors, seed=1, folder=tmp_path / name, progress=lambda *_: None, place=elsewhere)
    here, found = open_projection(tmp_path / "here"), open_projection(tmp_path / "there")
    assert np.array_equal(here, found)
