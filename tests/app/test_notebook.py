"""A project in a notebook: from a frame to labels, rounds, predictions and an export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import goldpan
from app.errors import FrameError, ProjectExistsError, RoundError
from app.notebook import NotebookProject
from config.errors import ConfigInvalidError
from models.vectors import open_vectors
from tests.projects import CENTRES, COUNTS, label


def clouds_frame() -> pd.DataFrame:
    """Return the clouds of `tests.projects` as a frame: the index names the items, `kind` is the truth."""
    generator = np.random.default_rng(3)
    names = [name for name, count in COUNTS.items() for _ in range(count)]
    values = np.array([CENTRES[name] for name in names]) + generator.normal(0, 0.6, (len(names), 4))
    frame = pd.DataFrame(values, columns=list("abcd"), index=[f"item-{n:03d}" for n in range(len(names))])
    return frame.assign(kind=names, band=["red" if n % 3 else "blue" for n in range(len(names))])


def make(folder: Path, **options: object) -> NotebookProject:
    given = {"truth": "kind", "classes": ["common", "other", "rare"], "folder": folder, "seed": 5} | options
    return NotebookProject.from_frame(clouds_frame(), **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookProject]:
    """A project with six labels of each class and a model."""
    project = make(tmp_path_factory.mktemp("notebook"))
    frame = clouds_frame()
    first = frame.groupby("kind").head(6)["kind"]
    label(project, dict(zip(first.index.astype(str), first, strict=True)))
    project.round()
    yield project
    project.close()


def test_from_frame__opens_the_same_project_again(tmp_path: Path) -> None:
    with_labels = make(tmp_path)
    label(with_labels, {"item-001": "common"})
    with_labels.close()
    again = make(tmp_path)
    assert again.labels["class_name"].to_dict() == {"item-001": "common"}
    again.close()


def test_from_frame__another_frame_is_refused(tmp_path: Path) -> None:
    make(tmp_path).close()
    with pytest.raises(ProjectExistsError, match="another frame"):
        NotebookProject.from_frame(clouds_frame().tail(50), truth="kind", folder=tmp_path)
    with pytest.raises(ProjectExistsError, match="another frame"):
        make(tmp_path, extra=["band"])


def test_from_frame__without_a_folder_is_kept_in_a_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    project = NotebookProject.from_frame(clouds_frame(), truth="kind")
    project.close()
    assert project.paths.config.is_relative_to(tmp_path) and project.paths.config.is_file()
    assert goldpan.open_project(project.paths.config).pool.n == 108


def test_from_frame__wrong_input_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalidError, match="given 'Rare', used by class 1"):
        make(tmp_path, classes=["rare", "Rare"])
    with pytest.raises(FrameError, match="without slashes"):
        make(tmp_path, name="../x")
    with pytest.raises(FrameError, match="no rows"):
        NotebookProject.from_frame(clouds_frame().iloc[:0], folder=tmp_path)
    with pytest.raises(goldpan.GoldpanError, match="'colour' is not a column"):
        make(tmp_path, extra=["colour"])
    assert not (tmp_path / "notebook.yaml").exists() and not (tmp_path / "notebook.goldpan").exists()


def test_labels__and_proposals_before_anything(tmp_path: Path) -> None:
    project = make(tmp_path)
    assert len(project.labels) == len(project.proposals) == 0
    for ask in (project.predict_proba, project.predict, lambda: project.classes_):
        with pytest.raises(RoundError, match="two classes at least"):
            ask()
    found = project.round()
    assert len(found) > 0 and found["rank"].is_monotonic_increasing and found["reason"].str.len().min() > 10
    with pytest.raises(RoundError, match="two classes at least"):
        project.predict()
    project.close()


def test_predict__of_the_pool_and_of_its_vectors_agree(trained: NotebookProject) -> None:
    chances = trained.predict_proba()
    assert chances.shape == (108, 3) and np.allclose(chances.sum(axis=1), 1, atol=2e-3)
    assert list(trained.classes_) == ["common", "other", "rare"]
    vectors = open_vectors(trained.paths.vectors).array
    assert np.allclose(trained.predict_proba(np.asarray(vectors)), chances, atol=2e-3)
    assert (trained.predict() == clouds_frame()["kind"].to_numpy()).mean() > 0.95


def test_predict__of_rows_is_that_of_the_same_items(trained: NotebookProject) -> None:
    frame = clouds_frame()
    assert np.allclose(trained.predict_proba(frame), trained.predict_proba(), atol=2e-3)
    # One row, of which nothing could be told of its columns, in another order and with a column more.
    one = frame.iloc[[7]][["band", "d", "c", "b", "a"]].assign(more=1)
    assert np.allclose(trained.predict_proba(one), trained.predict_proba()[[7]], atol=2e-3)
    new = pd.DataFrame([[0.0, 6.0, 0.0, 6.0, "red"]], columns=[*"abcd", "band"])
    assert trained.predict(new).tolist() == ["rare"]


def test_predict__rows_that_do_not_suit(trained: NotebookProject) -> None:
    with pytest.raises(FrameError, match="'c', 'd'"):
        trained.predict(clouds_frame()[["a", "b", "band"]])
    with pytest.raises(FrameError, match="'a' holds numbers in the pool"):
        trained.predict(clouds_frame().assign(a="north"))
    with pytest.raises(FrameError, match=r"shape \(2, 99\)"):
        trained.predict(np.zeros((2, 99), np.float32))
    with pytest.raises(FrameError, match="no value in any of 'a', 'b', 'c'"):
        trained.predict(clouds_frame().head(3).map(lambda _: None))
    missing = clouds_frame().head(3).assign(band=None, a=np.nan)
    assert np.isfinite(trained.predict_proba(missing)).all()


def test_export__writes_what_was_labelled(trained: NotebookProject, tmp_path: Path) -> None:
    written = trained.export(tmp_path / "out", format="csv", licence="CC0-1.0")
    assert written.labels == 18
    assert pd.read_csv(tmp_path / "out" / "labels.csv")["item_key"].tolist() == trained.labels.index.tolist()


def test_predict__texts_and_vectors(tmp_path: Path) -> None:
    kinds = {"weather": "rain and wind over the coast", "card": "my bank card was stolen today"}
    texts = [f"{words} {number}" for words in kinds.values() for number in range(12)]
    frame = pd.DataFrame({"text": texts})
    project = NotebookProject.from_frame(
        frame, text="text", classes=list(kinds), folder=tmp_path / "t", encoder="text_tfidf"
    )
    label(project, {str(row): "weather" if row < 12 else "card" for row in (0, 1, 2, 12, 13, 14)})
    project.round()
    assert project.predict(pd.DataFrame({"text": ["a stolen card", "wind and rain"]})).tolist() == [
        "card",
        "weather",
    ]
    project.close()
    array = clouds_frame()[list("abcd")].to_numpy(np.float32)
    given = NotebookProject.from_frame(
        clouds_frame()[["kind"]],
        vectors=array,
        truth="kind",
        classes=["common", "rare"],
        folder=tmp_path / "v",
    )
    label(given, {"item-000": "common", "item-001": "common", "item-107": "rare", "item-106": "rare"})
    given.round()
    assert given.predict(array[[2, 105]]).tolist() == ["common", "rare"]
    given.close()
