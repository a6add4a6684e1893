"""Layouts of the map against each other: `python -m benchmarks.projection`.

Each layout is made in a process of its own from vectors alone and judged by the true classes, one of them thinned to
20 items. Then goldpan's is timed on drawn pools up to ten million items. Libraries that are absent are left out.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import models.arranging as arranging
from benchmarks.projection_figures import FloatArray, IntArray, judge
from benchmarks.report import benchmark_arguments, report
from benchmarks.strategy_pools import data_folder, mnist_items, sdss_items
from benchmarks.text_vectors import TextEncoderAbsentError, banking_vectors
from models.arranging import open_arrangement, write_arrangement
from models.projection import open_projection, write_projection
from models.vectors import VectorFile

RARE_ITEMS = 20
SIZES = (
    (1_000, 64), (10_000, 64), (100_000, 64), (100_000, 384), (1_000_000, 64), (1_000_000, 384), (10_000_000, 64)
)  # fmt: skip
QUICK_SIZES = SIZES[:3]
CLOUDS = 40
OURS = ("principal", "arranged")
WATCH_S = 0.05


def digits() -> tuple[FloatArray, IntArray]:
    """Return scikit-learn's digits."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data.astype(np.float32) / 16, data.target.astype(np.int64)


def mnist() -> tuple[FloatArray, IntArray]:
    """Return 20,000 images of MNIST as 64 principal components."""
    items = mnist_items(data_folder())
    return items.vectors, items.truth


def sdss() -> tuple[FloatArray, IntArray]:
    """Return SDSS' objects by magnitudes and colours."""
    items = sdss_items(data_folder())
    return items.vectors, items.truth


def banking() -> tuple[FloatArray, IntArray]:
    """Return BANKING77's training texts as MiniLM vectors."""
    texts = banking_vectors(data_folder())
    return texts.vectors, texts.truth


POOLS: Mapping[str, Callable[[], tuple[FloatArray, IntArray]]] = {
    "digits": digits,
    "sdss": sdss,
    "banking77": banking,
    "mnist": mnist,
}


def thin(vectors: FloatArray, truth: IntArray) -> tuple[FloatArray, IntArray, int]:
    """Return the pool with its smallest class thinned to `RARE_ITEMS` items, and that class."""
    rare = int(np.bincount(truth).argmin())
    members = np.random.default_rng(0).permutation(np.flatnonzero(truth == rare))
    kept = np.setdiff1d(np.arange(len(truth)), members[RARE_ITEMS:])
    return np.ascontiguousarray(vectors[kept]), truth[kept], rare


def vector_file(vectors: FloatArray, folder: Path) -> VectorFile:
    """Put vectors into a folder, with their principal axes, as a project has them."""
    path = folder / "vectors.npy"
    if not path.exists():
        np.save(path, vectors)
    file = VectorFile(path, (len(vectors), vectors.shape[1]), "v", "given", "", "p", "", 0.0)
    write_projection(
        file.array, seed=0, folder=folder, progress=lambda *_: None, vectors_hash="v", pool_hash="p"
    )
    return file


def principal_layout(vectors: FloatArray, folder: Path) -> FloatArray:
    """Return the principal axes."""
    vector_file(vectors, folder)
    return np.array(open_projection(folder))


def arranged_layout(vectors: FloatArray, folder: Path) -> FloatArray:
    """Return goldpan's layout, as the worker makes it."""
    write_arrangement(vector_file(vectors, folder), seed=0, folder=folder, progress=lambda *_: None)
    return np.array(open_arrangement(folder, expected_rows=len(vectors), vectors_hash="v"))


def sampled_layout(vectors: FloatArray, folder: Path) -> FloatArray:
    """Return goldpan's layout where only every fourth item is laid out itself."""
    arranging.FITTED_ROWS = len(vectors) // 4
    return arranged_layout(vectors, folder)


def umap_layout(vectors: FloatArray, _folder: Path) -> FloatArray:
    """Return umap-learn's layout, its settings as they come; its compilation counts."""
    from umap import UMAP

    return np.asarray(UMAP(random_state=0).fit_transform(vectors), np.float32)


def pacmap_layout(vectors: FloatArray, _folder: Path) -> FloatArray:
    """Return PaCMAP's layout, its settings as they come."""
    from pacmap import PaCMAP

    return np.asarray(PaCMAP(random_state=0).fit_transform(vectors), np.float32)


def sklearn_layout(vectors: FloatArray, _folder: Path) -> FloatArray:
    """Return scikit-learn's t-SNE (Barnes-Hut), its settings as they come."""
    from sklearn.manifold import TSNE

    return np.asarray(TSNE(random_state=0, init="pca").fit_transform(vectors), np.float32)


def opentsne_layout(vectors: FloatArray, _folder: Path) -> FloatArray:
    """Return openTSNE's layout, its settings as they come."""
    from openTSNE import TSNE

    return np.asarray(TSNE(random_state=0).fit(vectors), np.float32)


METHODS: Mapping[str, Callable[[FloatArray, Path], FloatArray]] = {
    "principal": principal_layout,
    "arranged": arranged_layout,
    "arranged_quarter": sampled_layout,
    "opentsne": opentsne_layout,
    "sklearn_tsne": sklearn_layout,
    "umap": umap_layout,
    "pacmap": pacmap_layout,
}


def draw_clouds(count: int, dimensions: int, path: Path) -> None:
    """Write (count, dimensions) float32: clouds of very different sizes on planes of few dimensions, in chunks."""
    generator = np.random.default_rng(0)
    centres = generator.normal(scale=3, size=(CLOUDS, dimensions))
    planes = generator.normal(size=(CLOUDS, 8, dimensions))
    shares = np.geomspace(1, 1e-4, CLOUDS)
    file = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count, dimensions))
    for low in range(0, count, 50_000):
        size = min(50_000, count - low)
        clouds = generator.choice(CLOUDS, size, p=shares / shares.sum())
        values = np.einsum("nk,nkd->nd", generator.normal(size=(size, 8)).astype(np.float32), planes[clouds])
        noise = generator.normal(scale=0.3, size=(size, dimensions))
        file[low : low + size] = centres[clouds] + values + noise
    file.flush()


def lay_out_here(method: str, folder: str) -> tuple[float, float]:
    """Make one layout in this process; the vectors lie in the folder, the layout goes there.

    Returns:
        Seconds, libraries' imports and compilation included, and most MB of this process' own memory.
    """
    peak_mb = [0.0]
    done = threading.Event()
    threading.Thread(target=_watch_memory, args=(peak_mb, done), daemon=True).start()
    vectors = np.load(
        Path(folder) / "vectors.npy", mmap_mode="r" if method.startswith(OURS) else None, allow_pickle=False
    )
    began_s = time.perf_counter()
    places = METHODS[method](vectors, Path(folder))
    seconds = time.perf_counter() - began_s
    done.set()
    np.save(Path(folder) / "places.npy", places)
    return seconds, peak_mb[0]


def lay_out(method: str, folder: Path) -> tuple[FloatArray, float, float]:
    """Make one layout in a process of its own, so that memory and compilation are its own.

    Returns:
        (n, 2) the layout, seconds, MB.

    Raises:
        ImportError: its library is not installed.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        seconds, peak_mb = executor.submit(lay_out_here, method, str(folder)).result()
    return np.load(folder / "places.npy", allow_pickle=False), seconds, peak_mb


def compare(pools: Sequence[str], methods: Sequence[str]) -> dict[str, float]:
    """Judge each method on each pool; print a line each; return the figures by name."""
    figures: dict[str, float] = {}
    for name in pools:
        try:
            vectors, truth, rare = thin(*POOLS[name]())
        except (TextEncoderAbsentError, FileNotFoundError) as problem:
            print(f"{name} is left out: {problem}", file=sys.stderr)
            continue
        for method in methods:
            with tempfile.TemporaryDirectory() as folder:
                np.save(Path(folder) / "vectors.npy", vectors)
                try:
                    places, seconds, peak_mb = lay_out(method, Path(folder))
                except ImportError as problem:
                    print(f"{method} is left out: {problem}", file=sys.stderr)
                    continue
            found = judge(vectors, places, truth, rare=rare) | {"s": seconds, "mb": peak_mb}
            print(
                name, len(vectors), method, {key: round(value, 3) for key, value in found.items()}, flush=True
            )
            figures |= {f"{name}_{method}_{key}": value for key, value in found.items()}
    return figures


def scale(sizes: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Time goldpan's layouts on drawn pools; return the figures by name."""
    figures: dict[str, float] = {}
    for count, dimensions in sizes:
        with tempfile.TemporaryDirectory() as folder:
            draw_clouds(count, dimensions, Path(folder) / "vectors.npy")
            for method in ("principal", "arranged"):
                _, seconds, peak_mb = lay_out(method, Path(folder))
                name = f"{method}_{count}x{dimensions}"
                print(f"{name}: {seconds:.1f} s, {peak_mb:.0f} MB", flush=True)
                figures |= {f"{name}_s": seconds, f"{name}_mb": peak_mb}
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, time, print and write."""
    given = _arguments(arguments)
    figures = {} if given.sizes_only else compare(given.pools, given.methods)
    if not given.pools_only:
        figures |= scale(QUICK_SIZES if given.quick else SIZES)
    report("projection", figures, json_path=given.json)
    return 0


def _watch_memory(peak_mb: list[float], done: threading.Event) -> None:
    """Note the most memory of this process that is not a mapped file."""
    status = Path("/proc/self/status")
    while status.exists() and not done.wait(WATCH_S):
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("RssAnon:"):
                peak_mb[0] = max(peak_mb[0], int(line.split()[1]) / 1024)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = benchmark_arguments(
        "projection", "Compare layouts of the map, and time goldpan's on large pools."
    )
    parser.add_argument("--pools", nargs="+", choices=list(POOLS), help="all; digits and sdss with --quick")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--sizes-only", action="store_true", help="time the drawn pools alone")
    parser.add_argument("--pools-only", action="store_true", help="judge the real pools alone")
    given = parser.parse_args(arguments)
    given.pools = given.pools or (["digits", "sdss"] if given.quick else list(POOLS))
    return given


if __name__ == "__main__":
    sys.exit(main())
