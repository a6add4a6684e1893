"""What leaves the house computes what the house computes, for every head that can be written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch

from config.schema import HeadSection
from models.heads.contract import TrainingSet
from models.heads.files import load_head
from models.heads.registry import heads
from models.portable.files import CAN_WRITE, HeadFile, open_head, write_weights
from models.portable.onnx_graph import write_onnx
from models.portable.predict import Model, load
from models.scoring import score_pool

PRIOR = np.asarray([0.7, 0.25, 0.05], dtype=np.float32)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def vectors() -> npt.NDArray[np.float32]:
    """Three clouds in five dimensions, 40 of each."""
    generator = np.random.default_rng(0)
    centres = np.repeat(generator.normal(size=(3, 5)) * 2, 40, axis=0)
    return (centres + generator.normal(size=(120, 5))).astype(np.float32)


def trained(name: str, vectors: npt.NDArray[np.float32], folder: Path) -> HeadFile:
    labels = np.repeat(np.arange(3), 40)[::4]
    training = TrainingSet(vectors[::4], labels, 3, class_names=("a", "b/é", "c"))
    head = heads.get(name).fit(training, section=HeadSection(name=name, members=3), seed=1, device=CPU)
    head.save(folder / "head.safetensors", temperature=1.7)
    file = open_head(folder / "head.safetensors", prior=PRIOR.tolist())
    assert file is not None
    return file


def expected(file: HeadFile, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    head, temperature = load_head(file.path)
    return score_pool(vectors, head, temperature=temperature, prior=PRIOR).probabilities


@pytest.fixture
def model(vectors: npt.NDArray[np.float32], tmp_path: Path) -> Model:
    write_weights(trained("logistic", vectors, tmp_path), made(tmp_path / "out"), facts={})
    return load(tmp_path / "out")


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", CAN_WRITE)
def test_predict_proba__is_what_a_round_computes(
    name: str, vectors: npt.NDArray[np.float32], tmp_path: Path
) -> None:
    file = trained(name, vectors, tmp_path)
    write_weights(file, made(tmp_path / "out"), facts={})
    found = load(tmp_path / "out").predict_proba(vectors)
    np.testing.assert_allclose(found, expected(file, vectors), atol=2e-5)
    assert found.std(axis=0).min() > 0.01


def test_predict_proba__of_rows_without_their_encoder_says_what_it_reads(model: Model) -> None:
    with pytest.raises(
        ValueError, match=r"reads vectors of the encoder .* encoder\.safetensors is not beside it"
    ):
        model.predict_proba(pd.DataFrame({"a": [1.0]}))


@pytest.mark.parametrize("name", CAN_WRITE)
def test_write_onnx__onnxruntime_computes_the_same(
    name: str, vectors: npt.NDArray[np.float32], tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    file = trained(name, vectors, tmp_path)
    path = write_onnx(file, tmp_path / "model.onnx", description="a test")
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"vectors": vectors})
    np.testing.assert_allclose(found, expected(file, vectors), atol=2e-5)


def test_heads__that_cannot_be_written_are_known(vectors: npt.NDArray[np.float32], tmp_path: Path) -> None:
    assert set(heads.names()) - set(CAN_WRITE) == {"sklearn"}
    training = TrainingSet(vectors, np.repeat(np.arange(3), 40), 3)
    section = HeadSection(name="sklearn", members=1)
    heads.get("sklearn").fit(training, section=section, seed=1, device=CPU).save(
        tmp_path / "head.safetensors"
    )
    assert open_head(tmp_path / "head.safetensors", prior=PRIOR.tolist()) is None


def test_predict__gives_names(model: Model, vectors: npt.NDArray[np.float32]) -> None:
    names = model.predict(vectors)
    assert set(names) == {"a", "b/é", "c"}
    assert model.predict(vectors[:0]) == []


@pytest.mark.parametrize("shape", [(3, 4), (5,)])
def test_predict_proba__vectors_of_another_length(model: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(b, 5\)"):
        model.predict_proba(np.zeros(shape, np.float32))
