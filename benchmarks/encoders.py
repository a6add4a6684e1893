"""What an encoder is worth: how well few labels do on its vectors, and how long it takes.

`python -m benchmarks.encoders [--quick] [--json FILE]`. For each pool and encoder: the balanced accuracy of a linear
classifier (multinomial logistic regression, C = 0.1) and of the five nearest labelled items, trained on 10 and on 30
labels a class, mean over the same draws for all; and the seconds from call to finished file. To compare: the 64
principal axes of the pixels, and a table's columns standardised with medians in the gaps.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.encoder_pools import EncoderPool, HeldItems, image_pools, table_pools, text_pools
from benchmarks.report import benchmark_arguments, report
from config.schema import EncoderSection
from models.encoders.contract import ranges
from models.encoders.decode import choose_shape, decode_images
from models.encoders.registry import encoders
from models.vectors import write_vectors

SHOTS, DRAWS, QUICK_DRAWS = (10, 30), 10, 3
TESTED, NEIGHBOURS, PIXEL_AXES = 4000, 5, 64

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Made:
    """Vectors of a pool.

    Attributes:
        pool: the pool.
        encoder: who made them.
        vectors: (n, d) float32.
        seconds: from call to finished file.
    """

    pool: EncoderPool
    encoder: str
    vectors: Vectors
    seconds: float


def main() -> None:
    """Measure, print the tables and write the JSON object."""
    parser = benchmark_arguments("encoders", __doc__.split("\n", 1)[0])
    parser.add_argument("--only", choices=("images", "tables", "texts"), help="one kind of pool")
    arguments = parser.parse_args()
    table = Table(title="balanced accuracy, mean over draws", title_justify="left")
    for heading in (
        "pool",
        "encoder",
        "n x d",
        "seconds",
        *(f"{how} {k}" for how in ("linear", "knn") for k in SHOTS),
    ):
        table.add_column(heading, justify="left" if heading in ("pool", "encoder") else "right")
    figures: dict[str, float] = {}
    with threadpool_limits(1):
        for made in _make(arguments):
            scores = probe(made.vectors, made.pool.truth, draws=QUICK_DRAWS if arguments.quick else DRAWS)
            stem = f"{made.pool.name}_{made.encoder}".replace(" ", "_")
            figures[f"{stem}_s"] = made.seconds
            figures |= {f"{stem}_{name}": mean for name, (mean, _) in scores.items()}
            n, d = made.vectors.shape
            shown = [f"{mean:.3f} ± {deviation:.3f}" for mean, deviation in scores.values()]
            table.add_row(made.pool.name, made.encoder, f"{n:,} x {d}", f"{made.seconds:.1f}", *shown)
    Console(width=140).print(table)
    if arguments.json is not None:
        report("encoders", figures, json_path=arguments.json)


def probe(vectors: Vectors, truth: npt.NDArray[np.int64], *, draws: int) -> dict[str, tuple[float, float]]:
    """Measure what few labels are worth on vectors.

    Args:
        vectors: (n, d) float32.
        truth: (n,) int64.
        draws: how often labels are drawn; draw i has seed i.

    Returns:
        `linear_10`, `linear_30`, `knn_10`, `knn_30` → mean and deviation of the balanced accuracy on 4,000 other items.
        Where the smallest class has fewer than twice the labels wanted, half of it is used.
    """
    scaled = (vectors - vectors.mean(axis=0)) / max(float(vectors.std()), 1e-9)
    found: dict[str, list[float]] = {f"{how}_{k}": [] for how in ("linear", "knn") for k in SHOTS}
    for shots in SHOTS:
        for seed in range(draws):
            train, test = _draw(truth, shots, seed)
            linear = LogisticRegression(C=0.1, max_iter=500).fit(scaled[train], truth[train])
            near = KNeighborsClassifier(min(NEIGHBOURS, shots)).fit(scaled[train], truth[train])
            for how, classifier in (("linear", linear), ("knn", near)):
                score = balanced_accuracy_score(truth[test], classifier.predict(scaled[test]))
                found[f"{how}_{shots}"].append(float(score))
    return {name: (float(np.mean(scores)), float(np.std(scores))) for name, scores in found.items()}


def _draw(
    truth: npt.NDArray[np.int64], shots: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    chosen = []
    for code in np.unique(truth):
        rows = np.flatnonzero(truth == code)
        chosen.append(generator.choice(rows, max(1, min(shots, len(rows) // 2)), replace=False))
    train = np.concatenate(chosen)
    return train, generator.permutation(np.setdiff1d(np.arange(len(truth)), train))[:TESTED]


def _make(arguments: argparse.Namespace) -> Iterator[Made]:
    most = 3000 if arguments.quick else 10_000
    if arguments.only in (None, "images"):
        for pool in image_pools(most=most):
            yield _pixels(pool)
            yield from _encoded(pool)
    if arguments.only in (None, "tables"):
        for pool in table_pools():
            yield _standardised(pool)
            yield from _encoded(pool)
    if arguments.only in (None, "texts"):
        for pool in text_pools(most=most):
            yield from _encoded(pool)


def _encoded(pool: EncoderPool) -> Iterator[Made]:
    for name, encoder in encoders:
        section = EncoderSection(name=name, device="cpu")
        if pool.items.kind not in encoder.kinds or encoder.obstacle(section):
            continue
        with tempfile.TemporaryDirectory() as folder:
            written = write_vectors(
                pool.items, section=section, seed=0, folder=Path(folder), progress=lambda share, text: None
            )
            yield Made(pool, name, np.array(written.array), written.seconds)


def _pixels(pool: EncoderPool) -> Made:
    started = time.perf_counter()
    items = pool.items
    shape = choose_shape(items, seed=0, smallest_px=8, largest_px=48)
    parts = [decode_images(items.images(low, high), shape)[0] for low, high in ranges(0, len(items), 512)]
    pixels = np.concatenate(parts).reshape(len(items), -1)
    axes = PCA(min(PIXEL_AXES, pixels.shape[1] - 1), random_state=0).fit_transform(pixels)
    return Made(pool, "pixels", axes.astype(np.float32), time.perf_counter() - started)


def _standardised(pool: EncoderPool) -> Made:
    started = time.perf_counter()
    items: HeldItems = pool.items
    table: pd.DataFrame = items.frame(0, len(items))
    values = StandardScaler().fit_transform(table.fillna(table.median()))
    return Made(pool, "standardised", values.astype(np.float32), time.perf_counter() - started)


if __name__ == "__main__":
    main()
