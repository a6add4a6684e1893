"""The encoders on the real data sets; skipped where those are not there."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.preprocessing import StandardScaler

from config.schema import EncoderSection
from models.encoders.decode import ImageShape, decode_images
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


def probe(name: str, vectors: np.ndarray, labels: pd.Series, *, seeds: int = 8) -> float:
    """Balanced accuracy of a linear classifier trained on 10 labels a class; the mean of several draws, printed."""
    codes = np.asarray(pd.factorize(labels)[0])
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std()
    scores = []
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        chosen = [generator.choice(np.flatnonzero(codes == code), 10, False) for code in np.unique(codes)]
        train = np.concatenate(chosen)
        test = generator.permutation(np.setdiff1d(np.arange(len(codes)), train))[:4000]
        classifier = LogisticRegression(C=0.1, max_iter=500).fit(scaled[train], codes[train])
        scores.append(balanced_accuracy_score(codes[test], classifier.predict(scaled[test])))
    print(f"{name}: 10 labels a class give {np.mean(scores):.3f} ± {np.std(scores):.3f} balanced accuracy")
    return float(np.mean(scores))


def test_tabular__sdss(tmp_path: Path) -> None:
    table = read("sdss.csv")
    written = encode(table_source(table, dict.fromkeys("ugriz", "numeric")), tmp_path)
    plain = probe("standardised", StandardScaler().fit_transform(table[list("ugriz")]), table["class"])
    assert probe("vectors", written.array, table["class"]) > plain + 0.1


def test_tabular__htru2(tmp_path: Path) -> None:
    table = read("htru2.csv")
    columns = list(table.columns.drop(["id", "Class"]))
    written = encode(table_source(table, {name: "numeric" for name in columns}), tmp_path)
    plain = probe("standardised", StandardScaler().fit_transform(table[columns]), table["Class"])
    assert probe("vectors", written.array, table["Class"]) > plain


@pytest.mark.parametrize("name", ["sdss.csv", "htru2.csv"])
def test_tabular__strays_and_gaps_cost_little(tmp_path: Path, name: str) -> None:
    table = read(name)
    label = "class" if name == "sdss.csv" else "Class"
    columns = list("ugriz") if name == "sdss.csv" else list(table.columns.drop(["id", label]))
    draw, spoiled = np.random.default_rng(0), table[columns].astype(float)
    strays, gaps = draw.random(spoiled.shape) < 0.01, draw.random(spoiled.shape) < 0.2
    for what, changed in (("strays", spoiled.mask(strays, 1e9)), ("gaps", spoiled.mask(gaps))):
        written = encode(table_source(changed, dict.fromkeys(columns, "numeric")), tmp_path / what)
        least = {"strays": 0.88, "gaps": 0.81}[what]
        assert probe(f"{name}, {what}", written.array, table[label]) > least


def test_text_tfidf__banking77(tmp_path: Path) -> None:
    table = read("banking77_train.csv")
    written = encode(text_source(list(table["text"])), tmp_path, name="text_tfidf")
    assert probe("vectors", written.array, table["category"], seeds=3) > 0.55


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_text_transformer__banking77(tmp_path: Path) -> None:
    table = read("banking77_train.csv")
    if TextTransformerEncoder().obstacle(EncoderSection()):
        pytest.skip(TextTransformerEncoder().obstacle(EncoderSection()))
    written = encode(text_source(list(table["text"])), tmp_path)
    assert written.encoder == "text_transformer"
    assert probe("vectors", written.array, table["category"], seeds=3) > 0.75


def test_image_conv__cifar(tmp_path: Path) -> None:
    table = read("cifar10n_10k.parquet")
    written = encode(image_source(list(table["image"])), tmp_path, name="image_conv")
    assert probe("vectors", written.array, table["label"]) > 0.32


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_image_ssl__cifar(tmp_path: Path) -> None:
    table = read("cifar10n_10k.parquet")
    written = encode(image_source(list(table["image"])), tmp_path, name="image_ssl")
    assert probe("vectors", written.array, table["label"]) > 0.34


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_image_ssl__mnist(tmp_path: Path) -> None:
    table = read("mnist_test.parquet")
    written = encode(image_source(list(table["image"])), tmp_path, name="image_ssl")
    assert probe("vectors", written.array, table["label"], seeds=3) > 0.94


@pytest.mark.slow
def test_image_conv__mnist(tmp_path: Path) -> None:
    table = read("mnist_train.parquet")
    written = encode(image_source(list(table["image"])), tmp_path, name="image_conv")
    pixels = np.concatenate(
        [decode_images(list(part), ImageShape(28, 1))[0] for part in np.array_split(table["image"], 8)]
    )
    axes = PCA(64, random_state=0).fit_transform(pixels.reshape(len(pixels), -1))
    plain = probe("64 principal axes of the pixels", axes, table["label"])
    assert probe("vectors", written.array, table["label"]) > plain + 0.1
