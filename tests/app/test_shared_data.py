"""Real pools from `init` to a served page with a first round; the labels column is hidden truth only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.prepare import create_project
from app.run_now import run_first
from app.setup import ProjectWishes, make_config
from labeling.pools.truth import read_truth
from tests.servers import ROOT, serving, wait_for

pytestmark = [pytest.mark.shared_data, pytest.mark.timeout(600)]

DATA = Path(os.environ.get("GOLDPAN_DATA") or ROOT.parent / "shared" / "data")
POOLS = {
    "sdss.csv": (
        ProjectWishes(name="sdss", pool="", truth="class", extra=("redshift", "ra", "dec")),
        "table",
        10_000,
    ),
    "htru2.csv": (ProjectWishes(name="htru2", pool="", truth="Class"), "table", 17_898),
    "banking77_train.csv": (
        ProjectWishes(name="banking77", pool="", text="text", truth="category"),
        "text",
        10_003,
    ),
    "mnist_train.parquet": (
        ProjectWishes(name="mnist", pool="", image="image", truth="label"),
        "image",
        60_000,
    ),
}


@pytest.mark.parametrize("file", list(POOLS))
def test_init__to_a_served_page_with_a_first_round(tmp_path: Path, file: str) -> None:
    if not (DATA / file).is_file():
        pytest.skip(f"{DATA / file} is not here; set GOLDPAN_DATA to the folder of the real data sets")
    wishes, kind, count = POOLS[file]
    path = tmp_path / "p.yaml"
    given = ProjectWishes(**{**vars(wishes), "pool": str(DATA / file)})
    project = create_project(make_config(given, path), path)
    run_first(project, lambda share, what: None)
    truth = read_truth(project.paths.pool)
    assert (project.pool.kind, project.pool.n) == (kind, count)
    assert truth is not None and len(set(truth)) >= 2
    project.close()
    with serving(path) as server:
        items = wait_for(lambda: server.get("/api/queue?count=20")[1]["items"], what="the first proposals")
        assert len(items) == 20
        assert all(item["reason"] for item in items)
        shown = " ".join(str(item["view"]["fields"]) + str(item["extra"]) for item in items)
        assert wishes.truth is not None
        assert f"'{wishes.truth}'" not in shown
        if kind == "image":
            status, content = server.get(items[0]["view"]["image"])
            assert status == 200
            assert content.startswith(b"\x89PNG")
        page = server.get("/")
        assert page[0] == 200
