"""The exported model reads raw rows, in a process that knows nothing of the project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from app.errors import ProjectError
from app.exporting import export_project
from app.prepare import create_project
from app.project import Project
from app.round_files import read_arrays
from app.run_now import run_now
from app.setup import ProjectWishes, make_config
from app.table_encoder import read_table_encoder, write_table_encoder
from models.portable.predict import load
from models.vectors import open_vectors
from tests.projects import label, label_some, truth_of

ROOT = Path(__file__).parents[2]
READ_BACK = """
import sys
import numpy as np, pandas as pd
sys.path.insert(0, sys.argv[1])
from predict import load
assert "goldpan" not in sys.modules
model = load()
frame = pd.read_csv(sys.argv[2])
np.save(sys.argv[3], model.predict_proba(frame))
print(",".join(model.predict(frame.iloc[::-1])))
"""


def write_mixed(path: Path) -> pd.DataFrame:
    """Write a table of all that a column can be, with gaps: numbers, a code, categories, a date, texts, yes and no."""
    generator = np.random.default_rng(1)
    count = 160
    kinds = np.array(["red", "blue", ""])[generator.choice(3, count, p=[0.5, 0.4, 0.1])]
    numbers = generator.normal(size=count) + 3 * (kinds == "red")
    frame = pd.DataFrame(
        {
            "id": [f"row-{number}" for number in range(count)],
            "size": np.where(generator.random(count) < 0.15, np.nan, numbers),
            "count": generator.integers(0, 9, count),
            "kind": kinds,
            "seen": pd.Timestamp("2026-01-01") + pd.to_timedelta(generator.integers(0, 400, count), unit="D"),
            "good": generator.random(count) < 0.3,
            "words": [
                f"note {a} on the {b} thing of day {c}"
                for a, b, c in zip(kinds, kinds[::-1], range(count), strict=True)
            ],
            "truth": np.where(numbers > 1, "high", "low"),
        }
    )
    frame.to_csv(path, index=False)
    return frame


@pytest.fixture
def mixed(tmp_path: Path) -> Project:
    """A project of such a table, with a round."""
    write_mixed(tmp_path / "mixed.csv")
    path = tmp_path / "mixed.yaml"
    wishes = ProjectWishes(
        name="mixed",
        pool=str(tmp_path / "mixed.csv"),
        key="id",
        truth="truth",
        classes=("high", "low"),
        seed=2,
    )
    project = create_project(make_config(wishes, path), path)
    label(project, dict(list(truth_of(project).items())[:24]))
    run_now(project)
    return project


def expected(project: Project) -> np.ndarray:
    arrays = read_arrays(project.paths.rounds, 1)
    assert arrays is not None
    return np.asarray(arrays.probabilities, np.float32)


def run_python(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_model__a_fresh_process_predicts_raw_rows_as_the_app_does(clouds: Project, tmp_path: Path) -> None:
    label_some(clouds)
    run_now(clouds)
    model = export_project(clouds, formats=("model",), folder=tmp_path / "out").folder / "model"
    told = json.loads((model / "model.json").read_text(encoding="utf-8"))
    assert (told["reads_rows"], told["why_no_rows"]) == (True, "")
    names = (
        run_python("-c", READ_BACK, model, tmp_path / "clouds.csv", tmp_path / "found.npy").strip().split(",")
    )
    found = np.load(tmp_path / "found.npy")
    wanted = expected(clouds)
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert names == [told["class_names"][place] for place in found.argmax(axis=1)[::-1]]

    done = run_python(model / "predict.py", tmp_path / "clouds.csv")
    lines = done.splitlines()
    assert lines[0] == "common,other,rare"
    np.testing.assert_allclose([float(each) for each in lines[1].split(",")], wanted[0], atol=1e-3)


def test_model__rows_of_every_type_give_the_pools_own_vectors(mixed: Project, tmp_path: Path) -> None:
    frame = write_mixed(tmp_path / "again.csv")
    model = load(export_project(mixed, formats=("model",), folder=tmp_path / "out").folder / "model")
    vectors = np.asarray(open_vectors(mixed.paths.vectors).array)
    as_read = pd.read_csv(tmp_path / "again.csv")
    as_text = pd.read_csv(tmp_path / "again.csv", dtype=str, keep_default_na=False)
    for rows in (frame, as_read, as_text, as_read[as_read.columns[::-1]]):
        np.testing.assert_allclose(model.encode(rows), vectors, atol=1e-4)
    np.testing.assert_allclose(model.predict_proba(as_read), expected(mixed), atol=1e-3)
    # One row alone, and none at all.
    np.testing.assert_allclose(model.predict_proba(as_read.iloc[[7]]), expected(mixed)[[7]], atol=1e-3)
    assert model.predict_proba(as_read.iloc[:0]).shape == (0, 2)


def test_encode__says_which_column_is_missing(mixed: Project, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    [path] = write_table_encoder(mixed, tmp_path / "out")
    encoder = read_table_encoder(path)
    assert "truth" not in {column.name for column in encoder.columns}
    frame = write_mixed(tmp_path / "again.csv")
    with pytest.raises(ProjectError, match=r"1 of the \d columns that the model reads are missing: 'size'"):
        encoder.encode(frame.drop(columns="size"))


def test_read_table_encoder__a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "encoder.safetensors").write_bytes(b"no such thing")
    with pytest.raises(ProjectError, match="cannot be read as a table's encoder"):
        read_table_encoder(tmp_path / "encoder.safetensors")
