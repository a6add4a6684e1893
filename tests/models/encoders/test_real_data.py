"""The encoders on the real data sets; skipped where those are not there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.schema import EncoderSection
from models.encoders.text_transformer import TextTransformerEncoder
from models.vectors import VectorFile, write_vectors
from tests.models.encoders.sources import MemorySource, image_source, table_source, text_source

DATA = Path(os.environ.get("GOLDPAN_DATA") or Path(__file__).parents[3].parent / "shared" / "data")

pytestmark = pytest.mark.shared_data


def read(name: str) -> pd.DataFrame:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here; set GOLDPAN_DATA to the folder that has it")
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def encode(source: MemorySource, folder: Path, *, name: str = "auto") -> VectorFile:
    written = write_vectors(
        source,
        section=EncoderSection(name=name, device="cpu"),
        seed=0,
        folder=folder,
        progress=lambda share, text: None,
    )
    print(f"\n{written.encoder} {written.shape} {written.seconds:.1f} s ({written.reason})")
    assert np.isfinite(written.array).all()
    assert written.shape[0] == len(source)
    return written


def nearest_agree(vectors: np.ndarray, labels: pd.Series) -> float:
    """Share of 300 items whose nearest other item has the same label, balanced over the classes."""
    codes = np.asarray(pd.factorize(labels)[0])
    chosen = np.random.default_rng(0).permutation(len(codes))[:300]
    gaps = np.stack([np.square(vectors - vectors[row]).sum(axis=1) for row in chosen])
    gaps[np.arange(len(chosen)), chosen] = np.inf
    same = codes[gaps.argmin(axis=1)] == codes[chosen]
    return float(np.mean([same[codes[chosen] == code].mean() for code in np.unique(codes[chosen])]))


def test_tabular__sdss(tmp_path: Path) -> None:
    table = read("sdss.csv")
    written = encode(table_source(table, dict.fromkeys("ugriz", "numeric")), tmp_path)
    assert nearest_agree(written.array, table["class"]) > 0.85


def test_tabular__htru2(tmp_path: Path) -> None:
    table = read("htru2.csv")
    roles = dict.fromkeys(table.columns.drop(["id", "Class"]), "numeric")
    written = encode(table_source(table, roles), tmp_path)  # type: ignore[arg-type]
    assert nearest_agree(written.array, table["Class"]) > 0.8


def test_text_tfidf__banking77(tmp_path: Path) -> None:
    table = read("banking77_train.csv")
    written = encode(text_source(list(table["text"])), tmp_path, name="text_tfidf")
    assert nearest_agree(written.array, table["category"]) > 0.6


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_text_transformer__banking77(tmp_path: Path) -> None:
    table = read("banking77_train.csv")
    if TextTransformerEncoder().obstacle(EncoderSection()):
        pytest.skip(TextTransformerEncoder().obstacle(EncoderSection()))
    written = encode(text_source(list(table["text"])), tmp_path)
    assert written.encoder == "text_transformer"
    assert nearest_agree(written.array, table["category"]) > 0.8


@pytest.mark.slow
def test_image_conv__mnist(tmp_path: Path) -> None:
    table = read("mnist_train.parquet")
    written = encode(image_source(list(table["image"])), tmp_path, name="image_conv")
    assert nearest_agree(written.array, table["label"]) > 0.95
