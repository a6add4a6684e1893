"""A stranger on an empty machine repeats a session of five rounds on SDSS: a process of its own, and two files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.prepare import create_project
from app.project import open_project
from app.setup import ProjectWishes, make_config
from app.share import share_project
from config.files import load_config
from labeling.queue import proposals_of
from labeling.round_log import list_rounds
from tests.servers import ROOT
from tests.sessions import play

DATA = Path(os.environ.get("GOLDPAN_DATA") or ROOT.parent / "shared" / "data")
ROUNDS, EACH = 5, 20
COLOURS = {"GALAXY": (1.8, 0.9, 0.45, 0.3), "STAR": (1.3, 0.5, 0.2, 0.1), "QSO": (0.3, 0.2, 0.15, 0.1)}
"""Differences of neighbouring bands (u-g, g-r, r-i, i-z), about as the survey has them."""
SHARES = {"GALAXY": 0.5, "STAR": 0.415, "QSO": 0.085}


def write_sky(path: Path, *, count: int = 2_000, seed: int = 8) -> None:
    """Write objects as SDSS has them: five magnitudes, a position, a redshift, the class."""
    generator = np.random.default_rng(seed)
    classes = generator.choice(list(SHARES), size=count, p=list(SHARES.values()))
    steps = np.array([COLOURS[name] for name in classes]) + generator.normal(0, 0.15, (count, 4))
    bands = generator.normal(18.6, 0.8, (count, 1)) - np.cumsum(np.c_[np.zeros(count), steps], axis=1)
    table = pd.DataFrame(bands.round(5), columns=list("ugriz"))
    table.insert(0, "id", [f"sky-{number:05d}" for number in range(count)])
    table["ra"], table["dec"] = generator.uniform(0, 360, count), generator.uniform(-5, 60, count)
    table["redshift"] = np.where(classes == "QSO", generator.uniform(0.5, 3, count), 0.05)
    table["class"] = classes
    table.to_csv(path, index=False)


def hold_session(pool: Path, made: Path, sent: Path) -> None:
    """Label a pool over five rounds and put what a stranger gets into a folder: the pool's file and the shared file."""
    made.mkdir()
    sent.mkdir()
    wishes = ProjectWishes(
        name="sky",
        pool=str(pool),
        key="id",
        truth="class",
        extra=("redshift", "ra", "dec"),
        classes=("GALAXY", "STAR", "QSO"),
        seed=11,
    )
    project = create_project(make_config(wishes, made / "sky.yaml"), made / "sky.yaml")
    play(project, rounds=ROUNDS, each=EACH)
    share_project(project, sent / "sky.shared.yaml")
    project.close()
    shutil.copy(pool, sent / "pool.csv")
    shutil.rmtree(made)


def replay_as_stranger(sent: Path, machine: Path) -> str:
    """Run the command as somebody else would, who has goldpan and nothing of ours; return what it says."""
    home = machine / "home"
    home.mkdir(parents=True)
    # PATH alone is kept: no settings, no caches, no name of ours.
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, "-m", "app", "replay", str(sent / "sky.shared.yaml"), "--pool", str(sent / "pool.csv"),
         "--to", "again", "--every-figure"],
        cwd=machine, env=environment, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_same(said: str, sent: Path, machine: Path) -> None:
    """Look at what was said, and at the project that came of it: same proposals, same figures."""
    assert f"{ROUNDS} rounds: {ROUNDS} same" in said
    given = load_config(sent / "sky.shared.yaml").shared
    assert given is not None and len(given.rounds) == ROUNDS
    last = given.rounds[-1]
    assert last.figures["labels"] == (ROUNDS - 1) * EACH and last.figures["balanced_accuracy"] is not None
    figures = re.findall(r"^  (.+) (\S+), the same$", said, re.MULTILINE)
    assert len(figures) == sum(len(row.figures) for row in given.rounds)
    assert ("balanced_accuracy", f"{last.figures['balanced_accuracy']:.6f}") in figures
    project = open_project(machine / "again" / "replayed.yaml")
    with project.database.reading() as session:
        done = {row.number: row for row in list_rounds(session)}
        for row in given.rounds:
            keys = [entry.item_key for entry in proposals_of(session, round_number=row.number)]
            assert keys == list(row.proposals) and len(keys) > EACH
            assert done[row.number].metrics["figures"] == row.figures
    project.close()


def test_stranger__repeats_five_rounds_on_an_empty_machine(tmp_path: Path) -> None:
    write_sky(tmp_path / "sky.csv")
    hold_session(tmp_path / "sky.csv", tmp_path / "made", tmp_path / "sent")
    (tmp_path / "sky.csv").unlink()
    said = replay_as_stranger(tmp_path / "sent", tmp_path / "machine")
    check_same(said, tmp_path / "sent", tmp_path / "machine")


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_stranger__repeats_five_rounds_on_sdss(tmp_path: Path) -> None:
    """On 10,000 real objects of the sky."""
    if not (DATA / "sdss.csv").is_file():
        pytest.skip(f"{DATA / 'sdss.csv'} is not here; set GOLDPAN_DATA to the folder of the real data sets")
    hold_session(DATA / "sdss.csv", tmp_path / "made", tmp_path / "sent")
    said = replay_as_stranger(tmp_path / "sent", tmp_path / "machine")
    check_same(said, tmp_path / "sent", tmp_path / "machine")
