"""Ways to find the nearest rows: goldpan's own, and the indexes of usearch, faiss and hnswlib, all on one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

NEAREST = 10
PART_ROWS = 16_384
LINKS, EFFORT_BUILD, EFFORT_ASK = 16, 128, 64
"""Of the graphs (HNSW): links of a node, candidates while it is built, candidates while it is asked."""

PROBES = 16
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float16]
Ask = Callable[[FloatArray], IntArray]
"""A point (d,) → the rows nearest to it, the nearest first."""


@dataclass(frozen=True)
class Way:
    """A way to find the nearest rows.

    Attributes:
        name: of its figures.
        build: makes what is asked.
        library: the module it needs beside goldpan's own; "" for none.
    """

    name: str
    build: Callable[[Vectors], Ask]
    library: str = ""

    def prepare(self) -> None:
        """Import and compile what is needed."""
        if self.library:
            import_module(self.library)
        else:
            from models.nearest import warm_up

            warm_up()


def exact(vectors: Vectors) -> Ask:
    """Goldpan's search, one thread: nothing is built."""
    return _exact(vectors, threads=1)


def exact_threads(vectors: Vectors) -> Ask:
    """Goldpan's search as the page asks it, with the threads there are."""
    from models.nearest import THREADS

    return _exact(vectors, threads=THREADS)


def numpy_product(vectors: Vectors) -> Ask:
    """Exact, by numpy alone: halves made floats and multiplied, part by part."""

    def ask(point: FloatArray) -> IntArray:
        squared = np.empty(len(vectors), np.float32)
        for low in range(0, len(vectors), PART_ROWS):
            part = np.asarray(vectors[low : low + PART_ROWS], np.float32)
            squared[low : low + PART_ROWS] = np.einsum("nd,nd->n", part, part) - 2 * (part @ point)
        near = np.argpartition(squared, NEAREST)[:NEAREST]
        return near[np.argsort(squared[near])]

    return ask


def cells(vectors: Vectors) -> Ask:
    """Goldpan's cells, with which the neighbours of every item are found (`models.near_rows`)."""
    from models.near_rows import NearRows

    near = NearRows(np.asarray(vectors, np.float32), seed=0)
    return lambda point: near.nearest(point[None], NEAREST)[0][0]


def usearch_exact(vectors: Vectors) -> Ask:
    """Exact, by usearch, on the halves as they are."""
    search = import_module("usearch.index").search

    def ask(point: FloatArray) -> IntArray:
        found = search(vectors, point.astype(np.float16), NEAREST, "l2sq", exact=True, threads=1)
        return np.asarray(found.keys, np.int64)

    return ask


def usearch_graph(vectors: Vectors) -> Ask:
    """HNSW, by usearch, halves."""
    index = import_module("usearch.index").Index(
        ndim=vectors.shape[1], metric="l2sq", dtype="f16", connectivity=LINKS, expansion_add=EFFORT_BUILD,
        expansion_search=EFFORT_ASK,
    )  # fmt: skip
    for low in range(0, len(vectors), PART_ROWS):
        part = np.ascontiguousarray(vectors[low : low + PART_ROWS])
        index.add(np.arange(low, low + len(part)), part, threads=1)
    return lambda point: np.asarray(index.search(point.astype(np.float16), NEAREST, threads=1).keys, np.int64)


def faiss_flat(vectors: Vectors) -> Ask:
    """Exact, by faiss, which holds a copy as halves."""
    faiss = _faiss()
    return _filled(faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16), vectors)


def faiss_cells(vectors: Vectors) -> Ask:
    """An inverted file, by faiss, halves."""
    faiss, dimensions = _faiss(), vectors.shape[1]
    count = int(4 * len(vectors) ** 0.5)
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatL2(dimensions),
        dimensions,
        count,
        faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_L2,
        False,
    )
    step = max(1, len(vectors) // (40 * count))
    index.train(np.asarray(vectors[::step], np.float32))
    index.nprobe = PROBES
    return _filled(index, vectors)


def faiss_graph(vectors: Vectors) -> Ask:
    """HNSW, by faiss, halves."""
    faiss = _faiss()
    index = faiss.IndexHNSWSQ(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, LINKS)
    index.hnsw.efConstruction, index.hnsw.efSearch = EFFORT_BUILD, EFFORT_ASK
    index.train(np.asarray(vectors[:PART_ROWS], np.float32))
    return _filled(index, vectors)


def hnswlib_graph(vectors: Vectors) -> Ask:
    """HNSW, by hnswlib, which holds floats."""
    index = import_module("hnswlib").Index(space="l2", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), ef_construction=EFFORT_BUILD, M=LINKS, random_seed=0)
    index.set_ef(EFFORT_ASK)
    for low in range(0, len(vectors), PART_ROWS):
        part = np.asarray(vectors[low : low + PART_ROWS], np.float32)
        index.add_items(part, np.arange(low, low + len(part)), num_threads=1)
    return lambda point: np.asarray(index.knn_query(point, k=NEAREST, num_threads=1)[0][0], np.int64)


def _exact(vectors: Vectors, *, threads: int) -> Ask:
    from models.nearest import nearest_rows

    return lambda point: nearest_rows(vectors, point[None], count=NEAREST, threads=threads)[0]


def _faiss() -> Any:  # noqa: ANN401 - an untyped module
    faiss = import_module("faiss")
    faiss.omp_set_num_threads(1)
    return faiss


def _filled(index: Any, vectors: Vectors) -> Ask:  # noqa: ANN401 - an untyped class
    for low in range(0, len(vectors), PART_ROWS):
        index.add(np.asarray(vectors[low : low + PART_ROWS], np.float32))
    return lambda point: index.search(point[None], NEAREST)[1][0]


WAYS: Mapping[str, Way] = {
    way.name: way
    for way in (
        Way("exact", exact),
        Way("exact_threads", exact_threads),
        Way("numpy_product", numpy_product),
        Way("cells", cells),
        Way("usearch_exact", usearch_exact, "usearch"),
        Way("usearch_graph", usearch_graph, "usearch"),
        Way("faiss_flat", faiss_flat, "faiss"),
        Way("faiss_cells", faiss_cells, "faiss"),
        Way("faiss_graph", faiss_graph, "faiss"),
        Way("hnswlib_graph", hnswlib_graph, "hnswlib"),
    )
}
